from ingest.parsing.pdf_lines import read_lines
from ingest.parsing.pdf_runs import Run


def _text(characters: str) -> str:
    (line,) = read_lines([Run(0.0, 100.0, 0.0, 10.0, list(characters), {10.0: 1}, words=1)])
    return line.text


def test_a_latin_word_is_parted_from_the_arabic_that_follows() -> None:
    assert _text("لغة Pythonمن الأدوات") == "لغة Python من الأدوات"


def test_stretched_arabic_is_written_as_it_is_typed() -> None:
    assert _text("بنـــاء") == "بناء"


def test_dot_leaders_become_one_sign() -> None:
    assert _text("Introduction ........... 7") == "Introduction … 7"
