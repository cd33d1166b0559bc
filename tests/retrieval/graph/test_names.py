"""When two names are one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.graph.names import acronym, is_short_for, normal_name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Quillfeather Instruments Ltd", "the QUILLFEATHER INSTRUMENTS"),
        ("Dr. Sunniva Hargreave", "Sunniva Hargreave's"),
        ("Corbel & Daughters", "corbel  &  daughters."),
        ("岚溪智能装备有限公司", "岚溪智能装备"),
        ("《差旅报销制度》", "差旅报销制度"),
        ("ＡＢＣ Ｌｔｄ", "ABC"),
    ],
)
def test_spellings_of_a_name_have_one_normal_form(one: str, other: str) -> None:
    assert normal_name(one) == normal_name(other)


def test_names_of_different_things_stay_apart() -> None:
    names = ["Brake disc 160 mm", "Brake disc 180 mm", "OC-1001", "OC-1002", "Drum 1", "Drum 2", "C++", "C#"]
    assert len({normal_name(name) for name in names}) == len(names)


@given(st.text(max_size=300))
def test_the_normal_form_of_a_normal_form_is_itself(name: str) -> None:
    once = normal_name(name)
    assert len(once) <= 200
    assert normal_name(once) in {once, normal_name(normal_name(once))}


def test_short_forms_are_first_or_last_words_or_initials() -> None:
    assert is_short_for("denholm", "frances denholm")
    assert is_short_for("f denholm", "frances denholm")
    assert is_short_for("gannet", "gannet civil works")
    assert not is_short_for("civil", "gannet civil works")
    assert not is_short_for("m denholm", "frances denholm")
    assert not is_short_for("frances denholm", "frances denholm")
    assert acronym("active routes fund") == "arf"
