import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from ingest.parsing.docx_numbering import ListNumbers


def _numbers(format: str, text: str, *, restart: bool = False) -> ListNumbers:
    """Two lists, ids 1 and 2, of one definition; the second begins anew if asked to."""
    override = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride>' if restart else ""
    level = f'<w:start w:val="1"/><w:numFmt w:val="{format}"/>'
    return ListNumbers(
        parse_xml(
            f'<w:numbering {nsdecls("w")}><w:abstractNum w:abstractNumId="7">'
            f'<w:lvl w:ilvl="0">{level}<w:lvlText w:val="{text}"/></w:lvl>'
            f'<w:lvl w:ilvl="1">{level}<w:lvlText w:val="%1.%2"/></w:lvl></w:abstractNum>'
            '<w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num>'
            f'<w:num w:numId="2"><w:abstractNumId w:val="7"/>{override}</w:num></w:numbering>'
        )
    )


@pytest.mark.parametrize(
    ("format", "labels"),
    [
        ("decimal", ["1)", "2)", "3)", "4)"]),
        ("upperRoman", ["I)", "II)", "III)", "IV)"]),
        ("lowerLetter", ["a)", "b)", "c)", "d)"]),
        ("bullet", ["-", "-", "-", "-"]),
        ("none", ["", "", "", ""]),
        ("chineseCounting", ["1)", "2)", "3)", "4)"]),
    ],
)
def test_items_are_counted_in_the_format_of_their_list(format: str, labels: list[str]) -> None:
    numbers = _numbers(format, "%1)")

    assert [numbers.label("1", 0) for _ in range(4)] == labels


def test_letters_go_on_after_z_as_word_has_them() -> None:
    numbers = _numbers("lowerLetter", "%1")

    assert [numbers.label("1", 0) for _ in range(28)][-3:] == ["z", "aa", "bb"]


def test_inner_levels_begin_anew_below_each_outer_item() -> None:
    numbers = _numbers("decimal", "%1.")
    steps = [("1", 0), ("1", 1), ("1", 1), ("1", 0), ("1", 1)]

    assert [numbers.label(*step) for step in steps] == ["1.", "1.1", "1.2", "2.", "2.1"]


def test_a_second_list_of_one_definition_goes_on_unless_it_begins_anew() -> None:
    going_on, anew = _numbers("decimal", "%1"), _numbers("decimal", "%1", restart=True)
    steps = [("1", 0), ("2", 0), ("2", 0)]

    assert [going_on.label(*step) for step in steps] == ["1", "2", "3"]
    assert [anew.label(*step) for step in steps] == ["1", "5", "6"]


def test_a_list_that_the_file_does_not_define_has_bullets() -> None:
    assert ListNumbers(None).label("9", 0) == "-"
    assert _numbers("decimal", "%1").label("1", 99) == "-"
