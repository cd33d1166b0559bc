"""The recogniser of the extra `ocr` on pages that these tests draw; skipped where the extra is not installed."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from ingest.parsing.detect import PDF, PNG
from ingest.parsing.extras import has_ocr
from ingest.parsing.recognition import RapidRecogniser, installed_recogniser
from ingest.parsing.sandbox import ParserSandbox
from ingest.parsing.sandbox_limits import SandboxLimits
from ingest.parsing.types import ParsedDocument
from retrieval.errors import DocumentRejected
from tests.ingest.parsing.picture_files import chinese_font, draw_page, write_scanned_pdf
from tests.ingest.parsing.soundness import assert_sound, contents

pytestmark = pytest.mark.skipif(not has_ocr(), reason="needs the extra `ocr`")

_LINES = (
    "The ferry to Osier Island leaves at seven every morning",
    "except on the first Monday of the month, when it waits for",
    "the school boat and leaves twenty minutes later. Tickets are",
    "sold on board; bicycles travel free of charge in winter.",
)
_LETTER = [(120.0, 200.0 + 46 * row, text) for row, text in enumerate(_LINES)]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[ParserSandbox]:
    """A sandbox of the real parsers under the default limits."""
    with ParserSandbox(size=1) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def recogniser() -> RapidRecogniser:
    """One for all tests, because loading the models takes a second."""
    return RapidRecogniser()


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _share_found(text: str, wanted: str) -> float:
    """The share of the wanted words that the text holds."""
    found = _words(text)
    return sum(word in found for word in _words(wanted)) / len(_words(wanted))


def test_the_installed_recogniser_is_found() -> None:
    assert installed_recogniser() is not None


def test_a_scanned_pdf_is_read_in_the_sandbox_with_warning_confidence_and_paragraphs(
    sandbox: ParserSandbox, tmp_path: Path
) -> None:
    path = write_scanned_pdf(tmp_path / "a.pdf", [draw_page(_LETTER), draw_page([])])
    document = sandbox.parse(path, PDF)

    assert_sound(document)
    (paragraph,) = contents(document, "paragraph")
    assert _share_found(paragraph, " ".join(_LINES)) > 0.95
    assert [block.page for block in document.blocks] == [1]
    assert document.pages == 2
    assert 0.9 < document.confidence <= 1.0
    assert [warning.split(":")[0] for warning in document.warnings if "hold no text" in warning] == [
        "1 of 2 pages hold no text"
    ]
    assert any("recognised in pictures (OCR)" in warning for warning in document.warnings)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270, 3])
def test_a_page_is_read_whichever_way_it_lies(degrees: int, recogniser: RapidRecogniser, tmp_path: Path) -> None:
    page = draw_page(_LETTER).rotate(degrees, expand=True, fillcolor=255)
    pieces = sorted(recogniser.read(page).pieces, key=lambda piece: piece.place.top)

    assert len(pieces) == len(_LINES)
    for piece, line in zip(pieces, _LINES, strict=True):
        assert _share_found(piece.text, line) > 0.8
        assert piece.place.right - piece.place.left > 10 * (piece.place.bottom - piece.place.top)


@pytest.mark.skipif(chinese_font() is None, reason="needs a font with Chinese characters")
def test_chinese_is_read(sandbox: ParserSandbox, tmp_path: Path) -> None:
    lines = ("出差结束后十个工作日内提交报销单，", "并附上全部发票原件；逾期不予受理。")
    page = draw_page([(120.0, 200.0 + 60 * row, line) for row, line in enumerate(lines)], 36, chinese_font())
    page.save(tmp_path / "a.png")
    document = sandbox.parse(tmp_path / "a.png", PNG)

    assert "".join(lines).replace("；", ";").replace("，", ",") in re.sub(
        r"\s", "", document.text.replace("；", ";").replace("，", ",")
    )


def test_two_columns_are_read_one_after_the_other(sandbox: ParserSandbox, tmp_path: Path) -> None:
    left = [(60.0, 300.0 + 40 * row, f"left line {row} of the first column") for row in range(8)]
    right = [(680.0, 312.0 + 40 * row, f"right line {row} of the second") for row in range(8)]
    title = (200.0, 120.0, "A heading over both of the columns of this page")
    path = write_scanned_pdf(tmp_path / "a.pdf", [draw_page([title, *left, *right], 28)])
    text = sandbox.parse(path, PDF).text

    assert re.findall(r"(left|right) line (\d)", text) == [
        (side, str(row)) for side in ("left", "right") for row in range(8)
    ]
    assert text.index("heading") < text.index("left line 0")


def test_a_table_keeps_its_rows_and_cells(sandbox: ParserSandbox, tmp_path: Path) -> None:
    rows = [("Item", "Count", "Price"), ("Anchor", "12", "340"), ("Rope", "48", "19"), ("Lantern", "7", "85")]
    cells = [
        (150.0 + 360 * column, 300.0 + 52 * row, cell)
        for row, line in enumerate(rows)
        for column, cell in enumerate(line)
    ]
    path = write_scanned_pdf(tmp_path / "a.pdf", [draw_page(cells)])
    (table,) = contents(sandbox.parse(path, PDF), "table")

    assert [tuple(cell.strip() for cell in line.split("|")) for line in table.split("\n")] == rows


def test_an_empty_page_is_not_searched_and_noise_gives_no_text(recogniser: RapidRecogniser) -> None:
    assert recogniser.read(draw_page([])).pieces == ()
    assert recogniser.read(Image.new("L", (3, 3000))).pieces == ()
    noise = recogniser.read(Image.effect_noise((600, 600), 60)).pieces
    assert sum(len(piece.text) for piece in noise if piece.confidence > 0.8) < 10


def test_too_little_memory_for_the_models_is_a_memory_limit(tmp_path: Path) -> None:
    path = write_scanned_pdf(tmp_path / "a.pdf", [draw_page(_LETTER)])
    with (
        ParserSandbox(size=1, limits=SandboxLimits(memory=256 * 2**20)) as sandbox,
        pytest.raises(DocumentRejected) as rejection,
    ):
        sandbox.parse(path, PDF)

    assert rejection.value.code == "memory_limit"
    assert "SCHOLIAST_PARSE_MEMORY_MIB" in rejection.value.detail


def test_the_largest_pages_fit_the_default_memory(sandbox: ParserSandbox, tmp_path: Path) -> None:
    strings = [
        (40.0 + 380 * column, 60.0 + 27 * row, f"row {row} column {column}: some words")
        for row in range(60)
        for column in range(3)
    ]
    page = draw_page(strings, 22).resize((4960, 7016))
    page.save(tmp_path / "a.png")
    document: ParsedDocument = sandbox.parse(tmp_path / "a.png", PNG)

    assert len(re.findall(r"row \d+ column \d", document.text)) > 150
