import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from ingest.parsing.detect import EPUB, detect_media_type
from ingest.parsing.parsers import parse
from ingest.parsing.types import ParsedDocument
from tests.ingest.parsing.soundness import assert_sound, contents, outline, rejection_code

_CONTAINER = """<?xml version="1.0"?><container xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>"""
_CHAPTERS = {
    "one two.xhtml": "<html><head><title/></head><body><h1>Part</h1><p>First<a id='x'/> words.</p></body></html>",
    "z.xhtml": "<html><head><script src='a.js'/></head><body><h2>Later</h2><ul><li>an item</li></ul></body></html>",
}


def _write(
    path: Path, chapters: Mapping[str, str] = _CHAPTERS, others: Mapping[str, str | bytes] | None = None
) -> Path:
    """A book with the chapters in the given order; `others` are further members, or replace its own."""
    items = "".join(
        f'<item id="c{number}" href="{name.replace(" ", "%20")}" media-type="application/xhtml+xml"/>'
        for number, name in enumerate(sorted(chapters))
    )
    order = "".join(f'<itemref idref="c{sorted(chapters).index(name)}"/>' for name in chapters)
    package = f"""<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
    <dc:title>The Book</dc:title></metadata><manifest>{items}</manifest><spine>{order}</spine></package>"""
    members: dict[str, str | bytes] = {"META-INF/container.xml": _CONTAINER, "OEBPS/book.opf": package}
    members |= {f"OEBPS/{name}": content for name, content in chapters.items()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("mimetype"), "application/epub+zip")
        for name, content in (members | dict(others or {})).items():
            archive.writestr(name, content)
    return path


def _parsed(path: Path) -> ParsedDocument:
    document = parse(path, EPUB)
    assert_sound(document)
    return document


def test_chapters_are_read_in_the_order_of_the_spine(tmp_path: Path) -> None:
    document = _parsed(_write(tmp_path / "a.epub"))
    turned = _parsed(_write(tmp_path / "b.epub", dict(reversed(_CHAPTERS.items()))))

    assert document.title == "The Book"
    assert document.pages is None
    assert outline(document) == [(1, "Part"), (2, "Later")]
    assert contents(document, "paragraph") == ["First words."]
    assert document.blocks[-1].headings == ("Part", "Later")
    assert outline(turned) == [(2, "Later"), (1, "Part")]


def test_a_book_is_known_by_its_content_without_a_name(tmp_path: Path) -> None:
    head = _write(tmp_path / "a.epub").read_bytes()[:8192]

    assert detect_media_type("download", head) == EPUB
    assert detect_media_type("a.epub", head) == EPUB


def test_navigation_is_no_content(tmp_path: Path) -> None:
    nav = {"nav.xhtml": "<html><body><nav><ol><li>Part</li></ol></nav></body></html>"}

    assert "Part" not in contents(_parsed(_write(tmp_path / "a.epub", {**_CHAPTERS, **nav})), "list_item")


def test_a_missing_chapter_is_warned_of(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.epub")
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist() if not name.endswith("z.xhtml")}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)

    assert _parsed(path).warnings == ("1 of 2 parts of the book are missing: OEBPS/z.xhtml.",)


def test_a_protected_book_is_rejected_and_one_with_hidden_fonts_is_read(tmp_path: Path) -> None:
    def encryption(name: str) -> dict[str, str]:
        return {"META-INF/encryption.xml": f'<e xmlns:x="urn:x"><x:CipherReference URI="{name}"/></e>'}

    protected = _write(tmp_path / "a.epub", others=encryption("OEBPS/one%20two.xhtml"))

    assert rejection_code(lambda: parse(protected, EPUB)) == "encrypted"
    assert _parsed(_write(tmp_path / "b.epub", others=encryption("OEBPS/font.otf"))).title == "The Book"


def test_a_bomb_is_rejected_before_it_is_unpacked(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.epub", {"a.xhtml": "<p>" + " " * 20 * 2**20})

    assert rejection_code(lambda: parse(path, EPUB)) == "archive_bomb"


@pytest.mark.parametrize(
    "others",
    [
        {"META-INF/container.xml": "<not xml"},
        {"META-INF/container.xml": "<container/>"},
        {"META-INF/container.xml": _CONTAINER.replace("book.opf", "none.opf")},
        {"META-INF/container.xml": _CONTAINER.replace("OEBPS/book.opf", "../../etc/passwd")},
        {"OEBPS/book.opf": "<package"},
        {"OEBPS/book.opf": bytes(range(256))},
        {"OEBPS/book.opf": '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><package>&x;'},
    ],
)
def test_a_book_with_broken_parts_is_rejected_as_damaged(others: dict[str, str | bytes], tmp_path: Path) -> None:
    path = _write(tmp_path / "a.epub", others=others)

    assert rejection_code(lambda: parse(path, EPUB)) == "damaged"


def test_a_book_without_chapters_or_with_junk_in_them_holds_no_text(tmp_path: Path) -> None:
    assert rejection_code(lambda: parse(_write(tmp_path / "a.epub", {}), EPUB)) == "no_text"
    assert rejection_code(lambda: parse(_write(tmp_path / "b.epub", {"a.xhtml": "<html/>"}), EPUB)) == "no_text"


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 0.95])
def test_a_truncated_book_is_rejected_as_damaged(share: float, tmp_path: Path) -> None:
    path = _write(tmp_path / "a.epub")
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])

    assert rejection_code(lambda: parse(path, EPUB)) == "damaged"


def test_a_member_whose_data_is_corrupt_is_rejected_as_damaged(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.epub")
    with zipfile.ZipFile(path) as archive:
        offset = archive.getinfo("OEBPS/z.xhtml").header_offset + 30 + len("OEBPS/z.xhtml")
    content = bytearray(path.read_bytes())
    content[offset : offset + 20] = bytes(20)
    path.write_bytes(content)

    assert rejection_code(lambda: parse(path, EPUB)) == "damaged"
