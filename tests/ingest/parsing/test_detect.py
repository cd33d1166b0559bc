import contextlib
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parsing.detect import (
    CSV,
    DOCX,
    EMAIL,
    EPUB,
    HEAD_SIZE,
    HTML,
    JPEG,
    JSON,
    JSON_LINES,
    MARKDOWN,
    PDF,
    PLAIN_TEXT,
    PNG,
    PPTX,
    RESTRUCTURED_TEXT,
    SUPPORTED,
    TIFF,
    TSV,
    WEBP,
    XLSX,
    detect_media_type,
    display_name,
)
from retrieval.errors import DocumentRejected, UnsupportedFile

_ZIP = b"PK\x03\x04\x14\x00\x06\x00[Content_Types].xml"
_EPUB = b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/epub+zip"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)
_PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"


@pytest.mark.parametrize(
    ("name", "head", "media_type"),
    [
        ("report.pdf", b"%PDF-1.7\n", PDF),
        ("REPORT.PDF", b"%PDF-1.7\n", PDF),
        ("mailed.pdf", b"\r\njunk before the header\n%PDF-1.4\n", PDF),
        ("no extension", b"%PDF-1.7\n", PDF),
        ("letter.docx", _ZIP, DOCX),
        ("slides.pptx", _ZIP, PPTX),
        ("sheet.xlsx", _ZIP, XLSX),
        ("no extension", _ZIP + bytes(30) + b"xl/workbook.xml", XLSX),
        ("locked.docx", _OLE, DOCX),
        ("rows.csv", b"a,b\n1,2\n", CSV),
        ("rows.tsv", b"a\tb\n", TSV),
        ("values.json", b'{"a": 1}', JSON),
        ("values.jsonl", b'{"a": 1}\n', JSON_LINES),
        ("book.epub", _ZIP, EPUB),
        ("no extension", _EPUB, EPUB),
        ("mail.eml", b"From: a@b.c\n\nhello", EMAIL),
        ("page.rst", b"Title\n=====\n", RESTRUCTURED_TEXT),
        ("page.html", b"<p>hi", HTML),
        ("page.htm", b"\xff\xfe<\x00p\x00", HTML),
        ("download", b"\n<!-- saved -->\n<!DOCTYPE html><html>", HTML),
        ("readme.md", b"# Title", MARKDOWN),
        ("notes.txt", "naïve".encode(), PLAIN_TEXT),
        ("notes.txt", "naïve".encode("latin-1"), PLAIN_TEXT),
        ("notes.txt", "软件工程".encode("gb18030"), PLAIN_TEXT),
        ("notes.txt", "hello world".encode("utf-16-le"), PLAIN_TEXT),
        ("script.py", b"import os\n", PLAIN_TEXT),
        ("LICENSE", b"Permission is hereby granted", PLAIN_TEXT),
    ],
)
def test_a_supported_file_is_known_by_content_and_name(name: str, head: bytes, media_type: str) -> None:
    assert detect_media_type(name, head) == media_type


@pytest.mark.parametrize(
    ("name", "head", "words"),
    [
        ("photo.pdf", _PNG, "PNG image"),
        ("picture.gif", b"GIF89a", "GIF image"),
        ("login.pdf", b"<html><body>Please sign in", "an HTML page"),
        ("text.pdf", b"just text", "content is text"),
        ("paper.docx", b"%PDF-1.7", "is a PDF"),
        ("paper.txt", b"%PDF-1.7", "Rename it to .pdf"),
        ("book.pdf", _EPUB, "an electronic book"),
        ("letter.docx", _EPUB, "Rename it to .epub"),
        ("values.json", bytes(range(256)), "neither text"),
        ("mail.eml", _PNG, "PNG image"),
        ("book.epub", b"just text", "content is text"),
        ("sheet.csv", _ZIP + b"xl/workbook.xml", "Excel workbook"),
        ("letter.doc", _OLE, "Save it as .docx"),
        ("sheet.xls", _OLE, "Save it as .xlsx"),
        ("slides.ppt", _OLE, "Save it as .pptx"),
        ("letter.odt", _ZIP, "Save it as .docx"),
        ("letter.odt", _ZIP + b"\0mimetypeapplication/vnd.oasis.opendocument.text", "an OpenDocument file. Save it as"),
        ("letter.rtf", b"{\\rtf1", "Save it as .docx"),
        ("things.zip", b"PK\x03\x04", "an archive"),
        ("random.bin", bytes(range(256)), "neither text"),
        ("random.txt", bytes(range(256)), "neither text"),
        ("clip.mp4", b"\x00\x00\x00\x20ftypisom", "video"),
    ],
)
def test_any_other_file_is_refused_with_what_it_is_and_what_to_do(name: str, head: bytes, words: str) -> None:
    with pytest.raises(UnsupportedFile) as refusal:
        detect_media_type(name, head)

    assert words in refusal.value.detail
    assert "Supported: .pdf" in refusal.value.detail or "Rename it to" in refusal.value.detail


_PICTURES = [
    ("photo.png", _PNG, PNG),
    ("photo.jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF", JPEG),
    ("scan.tif", b"II*\x00\x08\x00\x00\x00", TIFF),
    ("scan.tiff", b"MM\x00*\x00\x00\x00\x08", TIFF),
    ("drawing.webp", b"RIFF\x24\x00\x00\x00WEBPVP8 ", WEBP),
    ("no extension", _PNG, PNG),
]


@pytest.mark.parametrize(("name", "head", "media_type"), _PICTURES)
def test_an_image_is_read_with_text_recognition_and_else_refused_with_what_to_install(
    name: str, head: bytes, media_type: str
) -> None:
    assert detect_media_type(name, head, reads_images=True) == media_type
    with pytest.raises(UnsupportedFile, match=r"image.* Install the extra `ocr`"):
        detect_media_type(name, head, reads_images=False)


def test_an_image_under_the_name_of_another_format_is_refused_even_if_images_are_read() -> None:
    with pytest.raises(UnsupportedFile, match=r"content is a PNG image. Rename it to \.png"):
        detect_media_type("photo.jpg", _PNG, reads_images=True)


def test_an_empty_file_is_rejected() -> None:
    with pytest.raises(DocumentRejected) as rejection:
        detect_media_type("a.pdf", b"")

    assert rejection.value.code == "empty_file"


@given(st.text(max_size=30), st.binary(min_size=1, max_size=200))
def test_any_name_and_any_bytes_get_a_type_or_a_reason(name: str, head: bytes) -> None:
    with contextlib.suppress(UnsupportedFile):
        assert detect_media_type(name, head) in SUPPORTED


@pytest.mark.parametrize("filler", [b"<!---->", b"<!-- ", b"<?xml ", b" ", b"<?xml?>"])
def test_a_head_made_to_be_slow_is_not(filler: bytes) -> None:
    started = time.perf_counter()
    detect_media_type("x", (filler * HEAD_SIZE)[:HEAD_SIZE])

    assert time.perf_counter() - started < 1


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\报告.docx", "报告.docx"),
        ("a\0b\n.pdf", "ab.pdf"),
        ("\u202efdp.exe", "fdp.exe"),
        ("  two   spaces.txt ", "two spaces.txt"),
        ("..", "document"),
        ("", "document"),
        ("\u200b\u202e", "document"),
        ("folder/", "document"),
        ("a\ud800b", "a?b"),
        ("cafe\u0301.txt", "café.txt"),
        ("x" * 300 + ".pdf", "x" * 251 + ".pdf"),
    ],
)
def test_a_name_is_cleaned_for_display(name: str, shown: str) -> None:
    assert display_name(name) == shown


@given(st.text())
def test_a_displayed_name_is_short_plain_and_never_empty(name: str) -> None:
    shown = display_name(name)

    assert 0 < len(shown) <= 255
    assert not set(shown) & set("/\\\0\n\r\u202e\u2066")
    assert display_name(shown) == shown


def test_detection_loads_no_parser_library() -> None:
    heavy = (
        "docx pptx lxml python_calamine selectolax markdown_it docutils charset_normalizer pypdfium2 PIL numpy rapidocr"
    )
    check = f"import sys, ingest.parsing.detect; sys.exit(str(set('{heavy}'.split()) & set(sys.modules)) != 'set()')"

    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
