import random
import time

import pytest

from generation.claim_evidence import EvidenceFinder, Words
from generation.claim_features import FEATURES, matrix
from generation.claims import Calibration, ClaimJudge
from generation.types import Claim
from tests.fakes_generation import passage

JUDGE = ClaimJudge()
FACTORY = passage(
    "The Harlow mill opened in 1889 and employed 240 people. It was closed by Margaret Doyle in 1931. "
    "The building is now a museum.",
    start=500,
    number=1,
)
BRIDGE = passage("The bridge over the Eddle was finished in 1902. It cost 1,400 pounds.", start=40, number=2)
CHINESE = passage("多瑙河流经十个国家，全长约2850公里。它注入黑海。", start=7, number=3)
PASSAGES = [FACTORY, BRIDGE, CHINESE]


def only(answer: str) -> Claim:
    (claim,) = JUDGE.judge(answer, PASSAGES)
    return claim


@pytest.mark.parametrize(
    ("answer", "evidence"),
    [
        ("The Harlow mill opened in 1889 [1].", "The Harlow mill opened in 1889 and employed 240 people."),
        ("The bridge over the Eddle cost 1400 pounds.", "It cost 1,400 pounds."),
        ("多瑙河全长约2850公里。[3]", "多瑙河流经十个国家，全长约2850公里。"),
    ],
)
def test_what_a_passage_says_is_supported_by_the_exact_stretch_of_the_document(answer: str, evidence: str) -> None:
    claim = only(answer)
    assert claim.verdict == "supported"
    assert claim.evidence is not None
    assert evidence in claim.evidence.quote
    chunk = PASSAGES[claim.evidence.n - 1].chunk
    assert chunk.text[claim.evidence.start - chunk.start : claim.evidence.end - chunk.start] == claim.evidence.quote


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("The Harlow mill opened in 1889.", "The Harlow mill opened in 1898."),
        ("The Harlow mill opened in 1889.", "The Harlow mill opened in 1931."),
        ("The Harlow mill employed 240 people.", "The Harlow mill employed no people."),
        ("It was closed by Margaret Doyle in 1931.", "It was closed by Queen Victoria in 1931."),
        ("The building is now a museum.", "The building is not a museum."),
        ("多瑙河注入黑海。", "多瑙河没有注入黑海。"),
        ("多瑙河全长约2850公里。", "多瑙河全长约3100公里。"),
    ],
)
def test_another_number_name_or_negation_lowers_the_score(right: str, wrong: str) -> None:
    assert only(wrong).score < only(right).score
    assert only(wrong).verdict != "supported"


def test_what_no_passage_speaks_of_has_no_evidence() -> None:
    claim = only("Penguins are fond of fresh herring.")
    assert (claim.verdict, claim.evidence) == ("unsupported", None)


def test_claims_are_the_sentences_in_order_with_exact_offsets() -> None:
    answer = "The bridge cost 1,400 pounds [2]. 它注入黑海。[3] ... Penguins like herring!"
    claims = JUDGE.judge(answer, PASSAGES)
    first_words = [answer[claim.start : claim.end].split(maxsplit=1)[0] for claim in claims]
    assert first_words == ["The", "它注入黑海。[3]", "Penguins"]
    assert all(earlier.end <= later.start for earlier, later in zip(claims, claims[1:], strict=False))


@pytest.mark.parametrize("answer", ["", "   ", "...", "[1]", "\n\n", "of the", "🙂", "？！"])
def test_an_answer_that_says_nothing_breaks_nothing(answer: str) -> None:
    assert all(claim.evidence is None for claim in JUDGE.judge(answer, PASSAGES))


def test_without_passages_nothing_is_supported() -> None:
    assert [claim.verdict for claim in JUDGE.judge("The mill opened in 1889.", [])] == ["unsupported"]


def test_every_feature_is_a_number_whatever_the_texts() -> None:
    generator = random.Random(0)
    letters = "aZ 1.,。不十河\n[](’'🙂-%"
    for _ in range(200):
        text, claim = ("".join(generator.choices(letters, k=generator.randrange(1, 60))) for _ in range(2))
        if found := EvidenceFinder([passage(text)]).find(claim):
            assert abs(matrix([found], list(FEATURES))).max() < 100


def test_words_of_two_texts_in_a_row_are_those_of_both() -> None:
    first, second = "Ann Lee left in 1902.", "She did not return."
    assert Words.of(first).followed_by(Words.of(second)) == Words.of(f"{first} {second}")


def test_verdicts_follow_the_chances() -> None:
    calibration = Calibration(1.0, 0.0, supported=0.6, partly=0.3)
    assert [calibration.verdict(chance) for chance in (0.6, 0.59, 0.3, 0.29)] == [
        "supported",
        "partly",
        "partly",
        "unsupported",
    ]
    assert calibration.chance(0.0) == 0.5


def test_an_answer_is_judged_in_milliseconds() -> None:
    passages = [passage(f"The mill at Harlow number {n} opened in 18{n:02}. " * 12, number=n) for n in range(3)]
    answer = "The mill at Harlow opened in 1802. It was closed in 1931. The building is a museum."
    spent = []
    for _ in range(5):
        started = time.process_time()
        JUDGE.judge(answer, passages)
        spent.append(time.process_time() - started)
    assert min(spent) < 0.1  # some 10 ms; the bound is for slow machines
