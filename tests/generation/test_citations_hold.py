"""Whatever a model writes: every citation names a passage that was given and quotes its document to the letter."""

import random
import re

import pytest

from generation.answer import Answerer, AnswerLimits, AnswerRequest
from generation.citation_check import MARKER
from generation.claims import ClaimJudge
from generation.types import Answer, DoneEvent
from retrieval.types import Hit
from tests.fakes_generation import ScriptedModel, ScriptedSearcher, passage

DOCUMENTS = {
    "Rivers": "The Danube passes through ten countries. It ends in the Black Sea, near Sulina.\n\nDr. Ann Lee measured "
    "it in 1902: 2,850 km.",
    "Mills": "The Harlow mill opened in 1889 [4] and employed 240 people. It was closed in 1931. Nobody objected!",
    "河流": "多瑙河流经十个国家，全长约2850公里。它注入黑海。莱茵河注入北海。",
}
_NOISE = [
    "[1]",
    "[2][3]",
    "[1, 9]",
    "[0]",
    "[99]",
    "【2】",
    "[1-3]",
    "[",
    "]",
    "[[2]",
    "[a]",
    " ",
    "\n",
    "\n- ",
    "Yes.",
    "是。",
    "“",
    "...",
]
JUDGE = ClaimJudge()


def hits() -> list[Hit]:
    return [
        passage(text, number=number, document=name, start=1000 * number)
        for number, (name, text) in enumerate(DOCUMENTS.items())
    ]


def draft(generator: random.Random) -> str:
    """What a small model may write: pieces of the passages, changed, cut, with markers of all kinds."""
    sentences = [piece for text in DOCUMENTS.values() for piece in re.split(r"(?<=[.!。])\s*", text) if piece]
    written = []
    for _ in range(generator.randrange(1, 6)):
        sentence = generator.choice(sentences)
        change = generator.randrange(4)
        if change == 1:
            sentence = re.sub(r"\d+", str(generator.randrange(3000)), sentence)
        elif change == 2:
            sentence = sentence[generator.randrange(len(sentence)) :]
        elif change == 3:
            sentence = sentence.replace("Danube", "Elbe").replace("黑海", "红海")
        written += [sentence, *generator.choices(_NOISE, k=generator.randrange(3)), " "]
    return "".join(written) or "?"


def answer_to(question: str, said: str) -> Answer:
    limits = AnswerLimits(0.0, 3, 4000, frozenset({"en", "zh"}))
    answerer = Answerer(ScriptedSearcher(*hits()), ScriptedModel(said), limits, JUDGE)
    events = list(answerer.answer(AnswerRequest(question, "default", k=3), lambda: False))
    assert isinstance(events[-1], DoneEvent)
    return events[-1].answer


@pytest.mark.parametrize("seed", range(60))
def test_numbers_are_valid_and_quotes_verbatim_whatever_is_written(seed: int) -> None:
    generator = random.Random(seed)
    said = draft(generator)
    answer = answer_to(generator.choice(["Where does the Danube end?", "多瑙河全长多少公里？"]), said)
    cited = {citation.n for citation in answer.citations}
    shown = {int(number) for marker in MARKER.findall(answer.text) for number in re.findall(r"\d+", marker)}
    quoted = any(stage.stage == "quote" for stage in answer.trace.stages)
    assert shown <= cited or quoted, (said, answer.text)  # a quote may hold a footnote of its document
    claimed = [claim.evidence for claim in answer.claims if claim.evidence is not None]
    for citation in [*answer.citations, *claimed]:
        chunk = answer.passages[citation.n - 1].chunk
        assert 1 <= citation.n <= len(answer.passages)
        assert citation.chunk_id == chunk.id
        assert DOCUMENTS[citation.document][citation.start - chunk.start : citation.end - chunk.start] == citation.quote
        assert citation.quote.strip()


@pytest.mark.parametrize("seed", range(40))
def test_a_sentence_without_a_citation_is_marked_or_has_its_evidence(seed: int) -> None:
    answer = answer_to("Where does the Danube end?", draft(random.Random(1000 + seed)))
    judged = [answer.text[claim.start : claim.end] for claim in answer.claims]
    assert re.sub(r"\W", "", "".join(judged)) == re.sub(r"\W", "", answer.text)  # no sentence goes without a verdict
    for claim in answer.claims:
        if not MARKER.search(answer.text[claim.start : claim.end]):
            assert claim.verdict == "unsupported" or claim.evidence is not None
