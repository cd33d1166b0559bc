"""Reads what hangs on the sheets of an Excel workbook beside their cells: comments and charts."""

import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docx.oxml.parser import parse_xml

from ingest.parsing.ooxml_chart import chart_title
from ingest.parsing.ooxml_dialect import transitional_copy

_WORKBOOK = "xl/workbook.xml"
_RELATIONSHIP_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_HANGING = ("comment", "chart")  # in the names of the parts; a workbook without them is not opened a second time

_Element = Any  # lxml has no types of its own


DAMAGED: tuple[type[Exception], ...] = (SyntaxError, zipfile.BadZipFile, zlib.error, KeyError, ValueError)


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart as its title and its XML."""

    title: str
    part: bytes


@dataclass(frozen=True, slots=True)
class SheetNotes:
    """What hangs on one sheet."""

    comments: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()


def read_notes(path: Path) -> dict[str, SheetNotes]:
    """The comments and charts of each sheet of a workbook, by the name of the sheet; empty where it has none."""
    with zipfile.ZipFile(path) as archive:
        if not any(word in name.lower() for name in archive.namelist() for word in _HANGING):
            return {}
    with zipfile.ZipFile(transitional_copy(path)) as archive:
        package = _Package(archive)
        authors = {
            person.get("id"): person.get("displayName", "")
            for name in package.related(_WORKBOOK, "person")
            for person in package.elements(name, "person")
        }
        return {
            sheet: SheetNotes(tuple(_comments(package, part, authors)), tuple(_charts(package, part)))
            for sheet, part in _sheets(package)
        }


class _Package:
    """The parts of a workbook and how they point to each other."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names = frozenset(archive.namelist())

    def elements(self, part: str, name: str) -> Iterator[_Element]:
        """The elements of a part with this name, in whatever namespace."""
        return parse_xml(self.content(part)).iter(f"{{*}}{name}") if part in self._names else iter(())

    def content(self, part: str) -> bytes:
        """What a part holds."""
        return self._archive.read(part)

    def targets(self, part: str) -> Iterator[tuple[str, str, str]]:
        """The id, the kind and the target of each relationship of a part to another."""
        folder, name = posixpath.split(part)
        for relation in self.elements(f"{folder}/_rels/{name}.rels", "Relationship"):
            target = posixpath.normpath(posixpath.join(f"/{folder}", relation.get("Target", ""))).lstrip("/")
            if target in self._names:
                yield relation.get("Id", ""), relation.get("Type", "").rpartition("/")[2], target

    def related(self, part: str, kind: str) -> list[str]:
        """The parts that a part points to by relationships of this kind."""
        return [target for _, found, target in self.targets(part) if found == kind]


def _sheets(package: _Package) -> Iterator[tuple[str, str]]:
    """The name of each sheet with its part."""
    targets = {identifier: target for identifier, _, target in package.targets(_WORKBOOK)}
    for sheet in package.elements(_WORKBOOK, "sheet"):
        if (part := targets.get(sheet.get(_RELATIONSHIP_ID))) is not None:
            yield sheet.get("name", ""), part


def _comments(package: _Package, sheet: str, authors: dict[str, str]) -> Iterator[str]:
    """The comments on the cells of a sheet: conversations, and notes on cells that have none."""
    discussed = set()
    for name in package.related(sheet, "threadedComment"):
        for comment in package.elements(name, "threadedComment"):
            discussed.add(comment.get("ref"))
            yield _comment(comment, authors.get(comment.get("personId"), ""))
    for name in package.related(sheet, "comments"):
        writers = [author.text or "" for author in package.elements(name, "author")]
        for comment in package.elements(name, "comment"):
            number = comment.get("authorId", "")
            # Beside a conversation stands a note for older programs that says to get a newer one.
            if comment.get("ref") not in discussed:
                yield _comment(comment, writers[int(number)] if number.isdigit() and int(number) < len(writers) else "")


def _comment(comment: _Element, author: str) -> str:
    """A comment with its cell and its author."""
    text = "".join(piece.text or "" for piece in comment.iter("{*}t", "{*}text"))
    return f"Comment on {comment.get('ref', '')}{f' ({author})' if author else ''}: {text.strip()}"


def _charts(package: _Package, sheet: str) -> Iterator[Chart]:
    """The charts that are drawn on a sheet."""
    for drawing in package.related(sheet, "drawing"):
        for chart in package.related(drawing, "chart"):
            part = package.content(chart)
            yield Chart(chart_title(part), part)
