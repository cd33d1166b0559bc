"""A scan shows the same pages and holds no text."""

from pathlib import Path

import pypdfium2
import pytest

from bench.scanning import MOST_PAGES, as_scan
from ingest.parsing.pdf import read
from retrieval.errors import DocumentRejected
from tests.ingest.parsing.pdf_files import write_strings


def test_a_scan_keeps_the_pages_and_their_size_and_no_text(tmp_path: Path) -> None:
    source = write_strings(tmp_path / "a.pdf", [[(72.0, 700.0, "Text.")], [(72.0, 700.0, "More.")]])

    assert as_scan(source, tmp_path / "scan.pdf")
    with pypdfium2.PdfDocument(source) as original, pypdfium2.PdfDocument(tmp_path / "scan.pdf") as scan:
        assert [page.get_size() for page in scan] == [pytest.approx(page.get_size(), abs=1) for page in original]
    with pytest.raises(DocumentRejected, match="scanned"):
        read(tmp_path / "scan.pdf", None)


def test_a_long_file_is_left_alone(tmp_path: Path) -> None:
    source = write_strings(tmp_path / "a.pdf", [[(72.0, 700.0, "Text.")]] * (MOST_PAGES + 1))

    assert not as_scan(source, tmp_path / "scan.pdf")
    assert not (tmp_path / "scan.pdf").exists()
