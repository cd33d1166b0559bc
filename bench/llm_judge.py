"""A language model as a judge of answers, beside the rules: does the answer say what an accepted one says?

Judged as in "Judging LLM-as-a-judge" (Zheng et al., 2023), reference-guided, with one word as the verdict. A judge is
worth what its agreement with the rules says; figures of different judges do not compare.
"""

from collections.abc import Sequence

from bench.corpora import Question
from generation.completion import PromptCompletion
from retrieval.types import Prompt

_SYSTEM = (
    "You check answers. You are given a question, the accepted answers and an answer that somebody gave. Reply with "
    "one word: yes if the answer says what one of the accepted answers says, no if it does not."
)
_ASKED = "Question: {question}\nAccepted answers: {accepted}\nGiven answer: {given}\nIs the given answer right?"
_EXAMPLES = (
    (_ASKED.format(question="Where does the Rhine end?", accepted="the North Sea", given="It ends in the sea."), "no"),
    (
        _ASKED.format(question="When was it built?", accepted="1889 | in 1889", given="It was finished in 1889."),
        "yes",
    ),
)
_WORDS = {"yes": True, "no": False, "是": True, "否": False, "不是": False}


def verdict(model: PromptCompletion, question: Question, answer: str) -> bool | None:
    """Whether the judge finds the answer right; None if it said neither yes nor no."""
    asked = _ASKED.format(question=question.text, accepted=" | ".join(question.answers), given=answer)
    said = model.complete(Prompt(_SYSTEM, _EXAMPLES, asked), 4, lambda: False)
    return _WORDS.get(said.strip().split()[0].strip(".,!。，！*\"'").casefold()) if said.strip() else None


def kappa(first: Sequence[bool], second: Sequence[bool]) -> float:
    """Agreement of two judges beyond chance (Cohen, 1960); 1 where both say the same of everything."""
    count = len(first)
    agreed = sum(one == other for one, other in zip(first, second, strict=True)) / count
    yes = sum(first) / count * sum(second) / count
    no = (1 - sum(first) / count) * (1 - sum(second) / count)
    return (agreed - yes - no) / (1 - yes - no) if yes + no < 1 else 1.0
