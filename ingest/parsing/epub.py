"""EPUB: the chapters of a book in reading order, each read as the page of XHTML that it is."""

import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from docx.oxml.parser import parse_xml  # lxml, which resolves no entities here

from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.detect import EPUB
from ingest.parsing.encoding import decode
from ingest.parsing.html import add_html
from ingest.parsing.listing import listed
from ingest.parsing.preflight import check_archive
from ingest.parsing.types import ParsedDocument
from retrieval.errors import DocumentRejected

DAMAGED: tuple[type[Exception], ...] = (
    zipfile.BadZipFile,
    zlib.error,
    SyntaxError,
    ValueError,
    EOFError,
    NotImplementedError,
)

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_CHAPTERS = frozenset(("application/xhtml+xml", "text/html", "application/x-dtbook+xml"))
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
# XHTML ends an empty element in its tag; HTML knows that of these alone and reads any other as open.
_EMPTY_ELEMENT = re.compile(
    r"<(?!(?:area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr)\b)([\w:]+)([^<>]*)/>"
)
_LISTED_CHAPTERS = 5

_Element = Any  # lxml has no types of its own


def parse(path: Path) -> ParsedDocument:
    """The chapters of a book; raises DocumentRejected where it is protected, unsafe or without text."""
    check_archive(path, EPUB)
    with zipfile.ZipFile(path) as archive:
        package_name = _package_name(archive)
        package = parse_xml(_member(archive, package_name))
        builder = DocumentBuilder()
        chapters = list(_chapters(package, posixpath.dirname(package_name)))
        _refuse_protected(archive, chapters)
        _add_chapters(builder, archive, chapters)
        title = package.find(f".//{_TITLE}")
    return builder.build(title=(title.text if title is not None else None) or builder.first_heading)


def _package_name(archive: zipfile.ZipFile) -> str:
    """The name of the member that lists the parts of the book."""
    for element in _elements(parse_xml(archive.read(_CONTAINER)), "rootfile"):
        if name := element.get("full-path"):
            return posixpath.normpath(unquote(name))
    raise DocumentRejected("damaged", f"The book is damaged: its {_CONTAINER} names no list of contents.")


def _chapters(package: _Element, folder: str) -> Iterator[str]:
    """The names of the members that hold text, in reading order."""
    items = {item.get("id"): item for item in _elements(package, "item")}
    for reference in _elements(package, "itemref"):
        item = items.get(reference.get("idref"))
        if item is not None and item.get("media-type") in _CHAPTERS and item.get("href"):
            yield posixpath.normpath(posixpath.join(folder, unquote(item.get("href"))))


def _refuse_protected(archive: zipfile.ZipFile, chapters: list[str]) -> None:
    """Raises DocumentRejected where chapters are encrypted; fonts often are, which says nothing."""
    if _ENCRYPTION in archive.namelist():
        encrypted = {
            unquote(one.get("URI", "")) for one in _elements(parse_xml(archive.read(_ENCRYPTION)), "CipherReference")
        }
        if encrypted & set(chapters):
            raise DocumentRejected("encrypted", "The book is protected against copying (DRM), so it cannot be read.")


def _add_chapters(builder: DocumentBuilder, archive: zipfile.ZipFile, chapters: list[str]) -> None:
    """Adds the blocks of the chapters; warns of those that the book lists and lacks."""
    missing: list[str] = []
    for name in dict.fromkeys(chapters):
        try:
            content = archive.read(name)
        except KeyError:
            missing.append(name)
            continue
        add_html(builder, _EMPTY_ELEMENT.sub(r"<\1\2></\1>", decode(content)))
    if missing:
        names = listed(missing, _LISTED_CHAPTERS)
        builder.warn(f"{len(missing)} of {len(chapters)} parts of the book are missing: {names}.")


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    """The content of a member that the book cannot do without."""
    try:
        return archive.read(name)
    except KeyError as error:
        raise DocumentRejected("damaged", f"The book is damaged: its {name} is missing.") from error


def _elements(root: _Element, name: str) -> Iterator[_Element]:
    """The elements below the root with this name, in whatever namespace."""
    return (element for element in root.iter(f"{{*}}{name}"))
