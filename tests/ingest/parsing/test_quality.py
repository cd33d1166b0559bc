import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.quality import measure, warnings_for
from ingest.parsing.types import ParsedDocument

_PROSE = "A durable queue keeps every job until a worker has finished it, which sounds simple and is not. "


def _document(text: str, pages: int = 0, filled: int = 0, warnings: tuple[str, ...] = ()) -> ParsedDocument:
    builder = DocumentBuilder()
    for page in range(1, max(filled, 1) + 1):
        if pages:
            builder.page(page)
        builder.paragraph(text)
    if pages:
        builder.page(pages)
    for warning in warnings:
        builder.warn(warning)
    return builder.build()


@pytest.mark.parametrize(
    "text",
    [
        _PROSE * 5,
        "软件工程是一门研究用工程化方法构建和维护软件的学科。" * 5,
        "Year | Ducks | Share\n" + "2024 | 310 | 12.5 %\n" * 30,
        "Das Haus, in dem wir wohnen, ist alt; ein Stück weiter steht ein anderes. " * 3,
    ],
)
def test_what_reads_well_scores_one_and_warns_of_nothing(text: str) -> None:
    document = _document(text)
    quality = measure(document)

    assert quality.score == 1.0
    assert warnings_for(document, quality) == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (_PROSE + "\ufffd" * 60, "could not be read"),
        (_PROSE + "(cid:12)(cid:7)" * 20, "could not be read"),
        ("\ue001\ue002\ue003 " * 40 + _PROSE, "could not be read"),
        ("s p a c e d o u t l e t t e r s " * 10, "not consist of words"),
        ("x1;#y +a= ]b[ ~q~ " * 20, "not consist of words"),
    ],
)
def test_what_reads_badly_scores_low_and_says_why(text: str, words: str) -> None:
    document = _document(text)
    quality = measure(document)

    assert quality.score < 0.9
    assert words in " ".join(warnings_for(document, quality))


def test_pages_without_text_and_damage_lower_the_score() -> None:
    document = _document(_PROSE, pages=10, filled=4)
    scanned = measure(document)
    damaged = measure(_document(_PROSE, warnings=("Page 3 is damaged and was left out.",)))

    assert scanned.filled == pytest.approx(0.4)
    assert "60% of the pages" in warnings_for(document, scanned)[0]
    assert damaged.score == pytest.approx(0.95)


def test_uncertain_recognition_lowers_the_score_and_is_told() -> None:
    builder = DocumentBuilder()
    builder.paragraph(_PROSE * 5)
    uncertain, certain = builder.build(confidence=0.7), builder.build(confidence=0.97)

    assert measure(uncertain).score == pytest.approx(0.7)
    assert "70% confidence" in " ".join(warnings_for(uncertain, measure(uncertain)))
    assert measure(certain).score == pytest.approx(0.97)
    assert warnings_for(certain, measure(certain)) == ()


def test_pages_that_the_parser_has_named_are_not_told_again() -> None:
    document = _document(_PROSE, pages=2, warnings=("1 of 2 pages hold no text and may be scanned: 2.",))

    assert warnings_for(document, measure(document)) == ()


def test_more_noise_never_scores_higher() -> None:
    scores = [measure(_document(_PROSE * 3 + "\ufffd " * noise)).score for noise in range(0, 300, 30)]

    assert scores == sorted(scores, reverse=True)


@given(st.text(min_size=1).filter(str.strip), st.integers(0, 5))
def test_every_part_lies_between_nothing_and_all(text: str, pages: int) -> None:
    quality = measure(_document(f"x{text}", pages=pages, filled=min(pages, 1)))

    for part in (quality.readable, quality.worded, quality.filled, quality.whole, quality.score):
        assert 0.0 <= part <= 1.0
