"""Decomposition: a question that asks for several things becomes several, parallel or one after the other.

Without a model that writes, by rules (English, Chinese): comparisons and conjunctions are split into questions about
each thing; then, for each, what the best passage about it names is asked for what the question still lacks (a later
sub-question uses what an earlier one found).
"""

import re
from collections.abc import Sequence

from retrieval.analysis import terms
from retrieval.translation.bridges import best_sentences, uncovered, unknown_names
from retrieval.translation.looking import Look, Rewrite, Translation
from retrieval.translation.writing import Wording, Wordings, Writer, queries

PARTS = 3
# Names that the best passage about a part leads to.
BRIDGES = 2
VOTE = 0.5

WORDINGS: Wordings = {
    "en": Wording(
        system=(
            "You split a question into the simpler questions that have to be answered first, each on a line of its "
            "own, two or three. Each names what it is about."
        ),
        examples=[
            (
                "Is the Danube longer than the river that flows through Cologne?",
                "How long is the Danube?\nWhich river flows through Cologne?\nHow long is the river through Cologne?",
            )
        ],
        asked='"""{question}"""\n\nThe simpler questions:',
        max_tokens=72,
    ),
    "zh": Wording(
        system="你把一个问题拆成需要先回答的更简单的问题，每行一个，写两到三个，每个都写明对象。",
        examples=[
            (
                "多瑙河比流经科隆的那条河更长吗？",
                "多瑙河有多长？\n流经科隆的是哪条河？\n流经科隆的河有多长？",
            )
        ],
        asked='"""{question}"""\n\n更简单的问题：',
        max_tokens=72,
    ),
}

_QUESTION_WORD = r"(?:what|which|who|whom|whose|when|where|why|how|is|are|was|were|do|does|did|can|should)"
# "... and how is ...": two questions in one.
_CLAUSES = re.compile(rf"(?:\s*[,;])?\s+and\s+(?={_QUESTION_WORD}\b)|\?\s+(?=\S)", re.IGNORECASE)
# A name as a comparison has it; "and" and "or" stand between two of them.
_THING = r"(?:the\s+)?[A-Z0-9\"'“‘][^,?]*?"
_KIND = r"(?:(?:the\s+)?(?:[a-z]+\s+){0,3})"
_PAIR = re.compile(
    rf"(?P<first>{_THING})(?P<joint>\s*,?\s+(?:and|or|versus|vs\.?|than)\s+{_KIND})"
    rf"(?P<second>{_THING})(?=\s*[,?.]|\s+(?:[a-z]+\s*)|\s*$)"
)
_CHINESE_PAIR = re.compile(
    r"(?P<first>[^，,、？?]{2,20}?)(?P<joint>和|与|跟|同|还是|比)(?P<second>[^，,、？?的]{2,20}?)"
    r"(?=的|哪|谁|都|是否|是不是|相比|之间|有什么|有何|更|[？?]|$)"
)


def decomposition(look: Look, writer: Writer | None) -> Translation:
    """Sub-questions, and questions about what the first of them lead to."""
    if writer is not None:
        written = queries(writer.write(WORDINGS, look.question), look.question, PARTS)
        return Translation([Rewrite(text, vote=VOTE) for text in written])
    parts = split(look.question)
    rewrites = [Rewrite(part, vote=VOTE) for part in parts]
    steps: list[Rewrite] = []
    for rewrite in rewrites or [Rewrite(look.question, look.vector)]:
        leaders = look.leaders_of(rewrite, 1) if parts else look.leaders(1)
        steps += [step for leader in leaders for step in _next_steps(look.question, leader.headings, leader.text)]
    found = [*rewrites, *steps]
    rounds = [{"parts": parts}, {"then": [step.text for step in steps]}]
    return Translation(found, (), rounds, None if found else "the question asks for one thing, and leads to no other")


def split(question: str) -> list[str]:
    """The question about each of the things that it compares or joins; empty if it asks for one."""
    clauses = [clause.strip() for clause in _CLAUSES.split(question) if terms(clause)]
    if len(clauses) > 1:
        return clauses[:PARTS]
    pair = _PAIR.search(question) or _CHINESE_PAIR.search(question)
    if pair is None:
        return []
    before, after = question[: pair.start()], question[pair.end() :]
    return [" ".join(f"{before}{pair[thing].strip()}{after}".split()) for thing in ("first", "second")]


def _next_steps(question: str, headings: Sequence[str], text: str) -> list[Rewrite]:
    """What the question lacks, asked of each name that the passage leads to."""
    lacking = uncovered(question, " ".join([*headings, text]))
    names = unknown_names(" ".join(best_sentences(question, text, 2)), question)[:BRIDGES]
    return [Rewrite(" ".join([name, *lacking]), vote=VOTE) for name in names]
