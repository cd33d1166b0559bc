"""Step-back: also search for the more general question behind this one (Zheng et al., ICLR 2024).

Without a model that writes, the more general is what stands above: the headings that the first passages share.
"""

from collections import defaultdict
from collections.abc import Sequence

from retrieval.analysis import terms
from retrieval.translation.looking import Leader, Look, Rewrite, Translation
from retrieval.translation.writing import Wording, Wordings, Writer, queries

LEADERS = 5
VOTE = 0.3

WORDINGS: Wordings = {
    "en": Wording(
        system=(
            "You step back from a question to a more general one, whose answer is the background that the question "
            "needs. Write one short question."
        ),
        examples=[
            ("Which sea does the Danube flow into?", "What is the course of the Danube?"),
            ("Can I carry over five days of leave into March?", "What are the rules for carrying over leave?"),
        ],
        asked='"""{question}"""\n\nThe more general question:',
        max_tokens=32,
    ),
    "zh": Wording(
        system="你从一个具体的问题退一步，写出一个更概括的问题，其答案是回答原问题所需的背景。只写一个简短的问题。",
        examples=[
            ("多瑙河注入哪个海？", "多瑙河的流向是怎样的？"),
            ("五天年假可以结转到三月吗？", "年假结转有哪些规定？"),
        ],
        asked='"""{question}"""\n\n更概括的问题：',
        max_tokens=32,
    ),
}


def step_back(look: Look, writer: Writer | None) -> Translation:
    """One more general query."""
    if writer is not None:
        written = queries(writer.write(WORDINGS, look.question), look.question, 1)
        return Translation([Rewrite(text, vote=VOTE) for text in written])
    heading = _shared(look.leaders(LEADERS))
    if not terms(heading) or set(terms(heading)) == set(terms(look.question)):
        return Translation(skipped="the first passages have no headings")
    return Translation([Rewrite(heading, vote=VOTE)])


def _shared(leaders: Sequence[Leader]) -> str:
    """The heading path, from the outermost on, that most leaders by their ranks lie under; the longest of equals."""
    support: defaultdict[tuple[str, ...], float] = defaultdict(float)
    for rank, leader in enumerate(leaders, 1):
        for depth in range(1, len(leader.headings) + 1):
            support[leader.headings[:depth]] += 1 / rank
    best = max(support, key=lambda path: (support[path], len(path)), default=())
    return " ".join(best)
