"""The analyser: what becomes one term and what stays apart."""

from hypothesis import given
from hypothesis import strategies as st

from retrieval.analysis import terms


def test_inflections_of_a_word_meet() -> None:
    assert terms("Invoices invoiced, invoicing!") == terms("invoice invoice invoice")


def test_case_width_and_possessives_do_not_matter() -> None:
    assert terms("ＡＢＣ Company’s") == terms("abc company")


def test_thousands_separators_do_not_hide_a_number_and_decimals_stay() -> None:
    assert terms("1,450 and 3.5") == ["1450", "and", "3.5"]


def test_chinese_gives_characters_and_pairs_without_crossing_into_latin() -> None:
    assert terms("年假15天") == ["年", "假", "年假", "15", "天"]


def test_punctuation_gives_nothing() -> None:
    assert terms("?! … --- （）") == []


@given(st.text())
def test_any_text_gives_terms_that_survive_being_stored_with_spaces(text: str) -> None:
    found = terms(text)
    assert " ".join(found).split() == found
