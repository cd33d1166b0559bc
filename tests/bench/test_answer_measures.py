import pytest

from bench.answer_measures import MEASURES, bleu, measured, rouge_l
from generation.answer_overlap import token_f1, tokens


@pytest.mark.parametrize(
    ("said", "accepted", "expected"),
    [
        ("The North Sea.", "north sea", {"exact match": 1, "contains the answer": 1, "token F1": 1, "ROUGE-L": 1}),
        ("It ends in the North Sea [2].", "North Sea", {"exact match": 0, "contains the answer": 1}),
        ("1,230 km", "1230 km", {"exact match": 0, "contains the answer": 0}),
        ("the sea in the north", "North Sea", {"contains the answer": 0}),
        ("它流经十个国家。[1]", "十个国家", {"exact match": 0, "contains the answer": 1}),
        ("", "North Sea", dict.fromkeys(MEASURES, 0)),
    ],
)
def test_an_answer_is_measured_by_its_words(said: str, accepted: str, expected: dict[str, float]) -> None:
    found = measured(said, [accepted])
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-9)


def test_the_accepted_answer_that_suits_best_counts() -> None:
    assert measured("in 1889", ["1889", "the year 1889", "in 1889"])["exact match"] == 1
    assert measured("in 1889", [])["exact match"] == 0


def test_order_counts_for_rouge_and_not_for_f1() -> None:
    assert token_f1("sea north", "north sea") == 1
    assert rouge_l("sea north", "north sea") == pytest.approx(0.5)


def test_bleu_rewards_longer_matches_in_both_languages() -> None:
    wanted = "the Rhine flows into the North Sea"
    assert bleu(wanted, wanted) == pytest.approx(1)
    assert bleu("the Rhine flows to the sea", wanted) > bleu("sea the flows Rhine to the", wanted) > 0
    assert bleu("它流经十个国家", "它流经十个国家") == pytest.approx(1)


def test_each_chinese_character_is_a_token_and_numbers_stay_whole() -> None:
    assert tokens("全长约1230公里。") == ["全", "长", "约", "1230", "公", "里"]
