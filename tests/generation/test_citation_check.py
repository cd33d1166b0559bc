from collections import Counter

import pytest

from generation.alignment import Alignment
from generation.citation_check import CheckedSentence, CitationCheck
from tests.fakes_generation import passage

EXTRACTED = (
    "Preface. The Danube passes through ten countries. It ends in the Black Sea. "
    "The Rhine rises in the Alps and flows into the North Sea near Rotterdam. It is 1,230 km long."
)
DANUBE = passage(EXTRACTED[9:75], start=9, number=1, document="Rivers")
RHINE = passage(EXTRACTED[76:], start=76, number=2, document="Rivers")
QUESTION = "Which rivers are there?"


def check(sentence: str, previous: str = "") -> tuple[CheckedSentence, Counter[str]]:
    checker = CitationCheck(Alignment(QUESTION, [DANUBE, RHINE]), [DANUBE, RHINE])
    return checker.check(sentence, previous), checker.counts


@pytest.mark.parametrize(
    "sentence", ["The Danube passes through ten countries [1].", "The Danube passes ten countries. [1]"]
)
def test_a_right_citation_stays_where_it_is_with_its_quote(sentence: str) -> None:
    checked, counts = check(sentence)
    assert checked.text == sentence
    assert [citation.n for citation in checked.citations] == [1]
    assert checked.citations[0].quote == "The Danube passes through ten countries."
    assert counts["cited"] == 1


def test_every_quote_stands_verbatim_in_the_document() -> None:
    checked, _ = check("The Rhine is 1230 km long [2] and the Danube ends in the Black Sea [1].")
    assert [citation.n for citation in checked.citations] == [2, 1]
    for citation in checked.citations:
        assert EXTRACTED[citation.start : citation.end] == citation.quote
    assert checked.citations[0].quote.endswith("It is 1,230 km long.")
    assert checked.citations[1].quote.endswith("It ends in the Black Sea.")


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("The Danube ends in the Black Sea [1][7].", "The Danube ends in the Black Sea [1]."),
        ("The Danube ends in the Black Sea [7, 1].", "The Danube ends in the Black Sea [1]."),
        ("The Danube ends in the Black Sea 【1】.", "The Danube ends in the Black Sea [1]."),
        ("Nobody knows why [9].", "Nobody knows why."),
        ("[9] Nobody knows why.", "Nobody knows why."),
        ("Nobody [0] knows why.", "Nobody knows why."),
        ("Nobody knows [[9]8] why.", "Nobody knows why."),
    ],
)
def test_numbers_that_name_no_passage_are_dropped(sentence: str, expected: str) -> None:
    checked, counts = check(sentence)
    assert checked.text == expected
    assert counts["dropped"] >= (0 if "【" in sentence else 1)


def test_several_numbers_in_one_bracket_are_several_citations() -> None:
    hits = [passage("The ferry leaves at noon.", number=1), passage("At noon the ferry leaves the pier.", number=2)]
    checked = CitationCheck(Alignment(QUESTION, hits), hits).check("The ferry leaves at noon [1-2].", "")
    assert checked.text.endswith("[1][2].")
    assert [citation.n for citation in checked.citations] == [1, 2]


def test_a_wrong_passage_gives_way_to_the_one_that_carries_the_claim() -> None:
    checked, counts = check("The Rhine flows into the North Sea near Rotterdam [1].")
    assert checked.text == "The Rhine flows into the North Sea near Rotterdam [2]."
    assert [citation.n for citation in checked.citations] == [2]
    assert counts["corrected"] == 1


def test_a_number_after_words_that_no_passage_says_is_dropped() -> None:
    checked, counts = check("The moon is made of green cheese [1].")
    assert (checked.text, list(checked.citations)) == ("The moon is made of green cheese.", [])
    assert counts["unsupported"] == 1


def test_a_sentence_without_citation_gets_the_passage_that_carries_it() -> None:
    checked, counts = check('The Rhine flows into the "North Sea."')
    assert checked.text == 'The Rhine flows into the "North Sea [2]."'
    assert [citation.n for citation in checked.citations] == [2]
    assert counts["attributed"] == 1


def test_a_sentence_that_no_passage_carries_stays_uncited() -> None:
    checked, counts = check("The Volga freezes every winter.")
    assert checked.text == "The Volga freezes every winter."
    assert checked.citations == []
    assert counts["uncited"] == 1


def test_a_chinese_sentence_is_cited_before_its_full_stop() -> None:
    hit = passage("全聚德成立于1864年。它以烤鸭闻名。")
    checked = CitationCheck(Alignment("全聚德成立于哪年？", [hit]), [hit]).check("全聚德成立于1864年。", "")
    assert checked.text == "全聚德成立于1864年[1]。"
    assert checked.citations[0].quote == "全聚德成立于1864年。"


def test_a_line_of_markers_alone_belongs_to_the_sentence_before() -> None:
    checked, _ = check("[2]", previous="The Rhine is 1,230 km long.")
    assert checked.citations[0].quote.endswith("It is 1,230 km long.")
