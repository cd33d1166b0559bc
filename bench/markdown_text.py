"""Reads Markdown as what is compared between parsers: its words, its headings and the cells of its tables.

Markdown syntax is taken off: comments, images and links (their text stays), heading and list marks, table rules,
emphasis, code fences, escapes, tags, and the commands of formulas. A word is a run of letters and digits in lower case
(NFKC), or a single Chinese or Japanese character; punctuation is none.
"""

import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

Words = tuple[str, ...]

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_LINK = re.compile(r"!?\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\((?:[^()\s]|\([^()]*\))*(?:\s+\"[^\"]*\")?\)")
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_FORMULA = re.compile(r"\$\$.+?\$\$|\$[^$\n]+\$", re.DOTALL)
_COMMAND = re.compile(r"\\[a-zA-Z]+")
_FENCE = re.compile(r"^\s*(?:```|~~~)")
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(.*?)\s*#*\s*$")
_CELL_RULE = re.compile(r"\s*:?-+:?\s*")
_CELL_END = re.compile(r"(?<!\\)\|")
_WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]|[^\W_\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+"
)


@dataclass(frozen=True, slots=True)
class Content:
    """What a parser got out of a file."""

    words: Words
    headings: tuple[Words, ...]
    cells: frozenset[Words]


def read_markdown(markdown: str) -> Content:
    """The content of a Markdown text."""
    text = _COMMENT.sub(" ", markdown)
    lines = list(_lines_with_role(text))
    return Content(
        words=tuple(word for line, _ in lines for word in words(line)),
        headings=tuple(found for line, role in lines if role == "heading" and (found := words(line))),
        cells=frozenset(
            found for line, role in lines if role == "row" for cell in _cells(line) if (found := words(cell))
        ),
    )


def words(text: str) -> Words:
    """The words of a piece of Markdown, or of plain text, which is read the same way."""
    text = html.unescape(_TAG.sub(" ", _LINK.sub(r"\1", text)))
    text = _FORMULA.sub(lambda formula: _COMMAND.sub(" ", formula.group()), text)
    return tuple(_WORD.findall(unicodedata.normalize("NFKC", text.replace("\\_", "_")).casefold()))


def _lines_with_role(text: str) -> Iterator[tuple[str, str]]:
    """The lines with what each is: `heading`, `row` of a table or `text`; fences and rules are left out."""
    in_code = False
    for line in text.splitlines():
        if _FENCE.match(line):
            in_code = not in_code
        elif in_code:
            yield line, "text"
        elif heading := _HEADING.match(line):
            yield heading.group(1), "heading"
        elif line.strip().startswith("|"):
            if not all(_CELL_RULE.fullmatch(cell) for cell in _cells(line)):
                yield line, "row"
        else:
            yield line, "text"


def _cells(line: str) -> list[str]:
    return _CELL_END.split(line.strip().strip("|"))
