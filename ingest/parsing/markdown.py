"""Markdown: headings, lists, tables and code as CommonMark reads them, with tables as GitHub writes them."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.encoding import decode
from ingest.parsing.html import add_html
from ingest.parsing.joining import join_lines
from ingest.parsing.types import ParsedDocument

DAMAGED: tuple[type[Exception], ...] = ()  # any text is some Markdown

_FRONT_MATTER = re.compile(r"\A(---|\+\+\+)[ \t]*\n(.*?)\n(?:\1|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_FRONT_MATTER_TITLE = re.compile(r"^title[ \t]*[:=][ \t]*(.+)$", re.MULTILINE | re.IGNORECASE)
_DEEPEST = 100  # levels of quotes and lists; the library leaves out what lies deeper
_LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)


def parse(path: Path) -> ParsedDocument:
    """The blocks of a Markdown file; raises DocumentRejected where it holds no text or too much."""
    text = decode(path.read_bytes()).replace("\r\n", "\n").replace("\r", "\n")
    title = None
    if front_matter := _FRONT_MATTER.match(text):
        stated = _FRONT_MATTER_TITLE.search(front_matter.group(2))
        title = stated.group(1).strip().strip("\"'") if stated else None
        text = text[front_matter.end() :]
    builder = DocumentBuilder()
    _MarkdownReader(builder).read(MarkdownIt("commonmark", {"maxNesting": _DEEPEST}).enable("table").parse(text))
    return builder.build(title=title or builder.first_heading)


class _MarkdownReader:
    """Turns the tokens of a Markdown text into blocks."""

    def __init__(self, builder: DocumentBuilder) -> None:
        self._builder = builder
        self._markers: list[str] = []  # of the list items that the reading is in, "" once their first block is written

    def read(self, tokens: Sequence[Token]) -> None:
        """Adds the blocks of the tokens, which are flat: `x_open`, what is inside, `x_close`."""
        remaining = iter(tokens)
        for token in remaining:
            if token.type == "heading_open":
                self._builder.heading(int(token.tag[1:]), _inline_text(next(remaining)))
            elif token.type == "list_item_open":
                self._markers.append(f"{token.info}{token.markup}" if token.info else "-")
            elif token.type == "list_item_close":
                self._markers.pop()
            elif token.type == "inline":
                self._running_text(_inline_text(token))
            elif token.type in ("fence", "code_block"):
                self._builder.code(token.content)
            elif token.type == "html_block":
                add_html(self._builder, token.content)
            elif token.type == "table_open":
                self._builder.table(_table_rows(remaining))

    def _running_text(self, text: str) -> None:
        """Adds a paragraph, or a list item where it is the first in one."""
        if self._markers and self._markers[-1]:
            self._builder.list_item(text, self._markers[-1])
            self._markers[-1] = ""
        else:
            self._builder.paragraph(text)


def _inline_text(token: Token) -> str:
    """The text of an inline token as it reads: marks, links and tags gone, wrapped lines joined, breaks kept."""
    lines: list[list[str]] = [[""]]  # kept lines, each of the lines it was wrapped in
    for child in token.children or []:
        if child.type == "softbreak":
            lines[-1].append("")
        elif child.type == "hardbreak" or (child.type == "html_inline" and _LINE_BREAK.match(child.content)):
            lines.append([""])
        elif child.type in ("text", "code_inline", "image"):
            lines[-1][-1] += child.content
    return "\n".join(join_lines(wrapped, hyphenated=False) for wrapped in lines)


def _table_rows(tokens: Iterator[Token]) -> list[list[str]]:
    """The rows of the table that the tokens are in; takes the tokens up to its end."""
    rows: list[list[str]] = []
    for token in tokens:
        if token.type == "table_close":
            break
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append(_inline_text(token))
    return rows
