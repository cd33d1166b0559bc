import struct
import zipfile
from pathlib import Path

import pytest

from ingest.parsing.detect import DOCX, XLSX
from ingest.parsing.preflight import MAX_MEMBERS, check_archive
from retrieval.errors import DocumentRejected, UnsupportedFile
from tests.ingest.parsing.office_archives import WORD_MAIN_PART, write_archive, write_encrypted, write_zip_bomb


def _rejection(path: Path, media_type: str = DOCX) -> DocumentRejected:
    with pytest.raises(DocumentRejected) as rejection:
        check_archive(path, media_type)
    return rejection.value


def test_a_plain_archive_with_its_main_part_passes(tmp_path: Path) -> None:
    check_archive(write_archive(tmp_path / "a.docx", {WORD_MAIN_PART: b"<w:document/>"}), DOCX)


def test_well_compressed_pictures_of_ordinary_size_pass(tmp_path: Path) -> None:
    parts = {WORD_MAIN_PART: b"<w:document/>", "word/media/preview.emf": bytes(2 * 2**20)}
    check_archive(write_archive(tmp_path / "a.docx", parts), DOCX)


def test_a_file_that_inflates_beyond_reason_is_rejected(tmp_path: Path) -> None:
    assert _rejection(write_zip_bomb(tmp_path / "a.docx")).code == "archive_bomb"


def test_too_many_parts_are_rejected(tmp_path: Path) -> None:
    parts = {WORD_MAIN_PART: b"", **{f"word/{number}.xml": b"" for number in range(MAX_MEMBERS)}}

    assert _rejection(write_archive(tmp_path / "a.docx", parts)).code == "archive_bomb"


@pytest.mark.parametrize("name", ["../evil.xml", "/etc/passwd", "word/..\\..\\evil.xml", "word/inner.zip"])
def test_parts_that_no_office_file_has_are_rejected(name: str, tmp_path: Path) -> None:
    path = write_archive(tmp_path / "a.docx", {WORD_MAIN_PART: b"", name: b"x"})

    assert _rejection(path).code == "archive_unsafe"


def test_symbolic_links_are_rejected(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "a.docx", {WORD_MAIN_PART: b""})
    link = zipfile.ZipInfo("word/link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/passwd")

    assert _rejection(path).code == "archive_unsafe"


def test_overlapping_parts_are_rejected(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "a.docx", {WORD_MAIN_PART: b"x" * 100})
    content = bytearray(path.read_bytes())
    second_entry = content.index(b"PK\x01\x02", content.index(b"PK\x01\x02") + 4)
    content[second_entry + 42 : second_entry + 46] = struct.pack("<I", 0)  # where its data begins: at the first one's
    path.write_bytes(content)

    assert _rejection(path).code == "archive_bomb"


def test_encrypted_parts_are_rejected(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "a.docx", {WORD_MAIN_PART: b"x" * 100})
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)

    assert _rejection(path).code == "encrypted"


def test_an_encrypted_office_file_is_told_from_an_old_one(tmp_path: Path) -> None:
    rejection = _rejection(write_encrypted(tmp_path / "a.docx"))
    assert rejection.code == "encrypted"
    assert "remove the password" in rejection.detail

    old = tmp_path / "b.docx"
    old.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000))
    with pytest.raises(UnsupportedFile, match=r"Save it as \.docx"):
        check_archive(old, DOCX)


def test_a_file_of_another_office_format_is_rejected(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "a.xlsx", {WORD_MAIN_PART: b"x"})

    assert "xl/workbook.xml" in _rejection(path, XLSX).detail


@pytest.mark.parametrize("keep", [0, 10, 200])
def test_a_truncated_archive_is_rejected(keep: int, tmp_path: Path) -> None:
    path = write_archive(tmp_path / "a.docx", {WORD_MAIN_PART: bytes(range(256)) * 10})
    path.write_bytes(path.read_bytes()[:keep])

    assert _rejection(path).code == "damaged"
