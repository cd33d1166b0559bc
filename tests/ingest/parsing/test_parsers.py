from pathlib import Path

import pytest

from ingest.parsing.detect import DOCX, EPUB, HTML, PDF, PPTX, SUPPORTED, XLSX
from ingest.parsing.parsers import PARSERS, parse
from retrieval.errors import DocumentRejected, UnsupportedFile
from tests.ingest.parsing.office_archives import WORD_MAIN_PART, write_archive
from tests.ingest.parsing.scripted_parsers import PARSERS as SCRIPTED


def test_every_supported_type_has_a_parser_and_no_other() -> None:
    assert PARSERS.keys() == SUPPORTED.keys()


def test_an_unknown_type_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedFile, match=r"text/html"):
        parse(tmp_path / "a", "image/gif")


@pytest.mark.parametrize("media_type", [PDF, DOCX, PPTX, XLSX, EPUB])
@pytest.mark.parametrize("content", [b"", b"junk", b"%PDF-1.7\nno objects", b"PK\x03\x04" + bytes(100)])
def test_a_file_that_is_not_what_it_claims_is_rejected_as_damaged(
    media_type: str, content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "a"
    path.write_bytes(content)

    with pytest.raises(DocumentRejected) as rejection:
        parse(path, media_type)

    assert rejection.value.code == "damaged"
    assert str(tmp_path) not in rejection.value.detail


@pytest.mark.parametrize(
    ("media_type", "part"),
    [
        (DOCX, WORD_MAIN_PART),
        (PPTX, "ppt/presentation.xml"),
        (XLSX, "xl/workbook.xml"),
        (EPUB, "META-INF/container.xml"),
    ],
)
def test_an_archive_with_a_broken_main_part_is_rejected_as_damaged(media_type: str, part: str, tmp_path: Path) -> None:
    path = write_archive(tmp_path / "a", {part: b"<not xml"})

    with pytest.raises(DocumentRejected) as rejection:
        parse(path, media_type)

    assert rejection.value.code == "damaged"


def test_what_a_library_says_is_passed_on_without_the_path(tmp_path: Path) -> None:
    with pytest.raises(DocumentRejected) as rejection:
        parse(tmp_path / "secret", "known_damage", SCRIPTED)

    assert rejection.value.detail == "The file is damaged or not a real scripted file: 'no relationship in the file'"


def test_nesting_beyond_the_stack_is_a_reason_to_reject(tmp_path: Path) -> None:
    with pytest.raises(DocumentRejected, match="nests"):
        parse(tmp_path / "a", "recurse", SCRIPTED)


def test_a_reason_that_a_parser_gives_is_kept(tmp_path: Path) -> None:
    with pytest.raises(DocumentRejected) as rejection:
        parse(tmp_path / "a", "reject", SCRIPTED)

    assert (rejection.value.code, rejection.value.detail) == ("no_text", "Nothing here.")


def test_a_real_file_is_parsed_by_its_type(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("<h1>Top</h1>")

    assert parse(path, HTML).blocks[0].kind == "heading"
