"""The one place where the text of a document and the offsets of its blocks are made."""

import textwrap
from collections.abc import Iterable, Sequence

from ingest.parsing.normalise import normalise, single_line, without_blank_lines
from ingest.parsing.types import Block, BlockKind, ParsedDocument
from retrieval.errors import DocumentRejected
from retrieval.table_text import CELL_SEPARATOR

MAX_CHARACTERS = 20_000_000  # about 40 long novels; a 200 MB log is better cut than indexed whole
MAX_TABLE_ROWS = 50
# A table block also ends here, so that most blocks fit a chunk and so carry their own header.
MAX_TABLE_CHARACTERS = 2_000
DEEPEST_HEADING = 6
_SEPARATOR = "\n\n"


class DocumentBuilder:
    """Collects blocks in reading order; `text[block.start:block.end]` of what it builds is exact."""

    def __init__(self, max_characters: int = MAX_CHARACTERS) -> None:
        self._max_characters = max_characters
        self._parts: list[str] = []
        self._length = 0
        self._blocks: list[Block] = []
        self._headings: list[tuple[int, str]] = []  # (level, text), outermost first
        self._path: tuple[str, ...] = ()
        self._page: int | None = None
        self._pages: int | None = None
        self._warnings: list[str] = []

    def heading(self, level: int, text: str) -> None:
        """Adds a heading of level 1 (outermost) to 6; it stands above all that follows until one of its level."""
        line = single_line(text)
        if not line:
            return
        level = min(max(level, 1), DEEPEST_HEADING)
        while self._headings and self._headings[-1][0] >= level:
            self._headings.pop()
        self._refresh_path()
        self._append("heading", line, level)
        self._headings.append((level, line))
        self._refresh_path()

    def paragraph(self, text: str) -> None:
        """Adds a paragraph; its line breaks are kept, its blank lines are not."""
        self._append("paragraph", without_blank_lines(text))

    def list_item(self, text: str, marker: str = "-") -> None:
        """Adds a list item, written behind its marker (`-`, `3.`, `a)`)."""
        content = without_blank_lines(text)
        if content:
            self._append("list_item", f"{single_line(marker) or '-'} {content}")

    def code(self, text: str) -> None:
        """Adds program text or other preformatted text; common indentation is removed, blank lines are kept."""
        lines = textwrap.dedent(normalise(text)).split("\n")
        filled = [index for index, line in enumerate(lines) if line.strip()]
        if filled:
            self._append("code", "\n".join(lines[filled[0] : filled[-1] + 1]))

    def caption(self, text: str) -> None:
        """Adds the caption of a table or figure."""
        self._append("caption", without_blank_lines(text))

    def footnote(self, text: str) -> None:
        """Adds the text of a footnote."""
        self._append("footnote", without_blank_lines(text))

    def table(self, rows: Iterable[Sequence[str]]) -> None:
        """Adds a table, header row first, one line a row, cells between ` | `.

        A long table becomes several blocks of at most 50 rows that each repeat the header. `rows` is read once and
        never held whole, so a generator over a large file is fine.
        """
        header = ""
        lines: list[str] = []
        size = 0
        for row in rows:
            line = _table_line(row)
            if not line:
                continue
            if not header:
                header = line
                continue
            if len(lines) == MAX_TABLE_ROWS - 1 or size > max(MAX_TABLE_CHARACTERS, 4 * len(header)):
                self._append("table", "\n".join([header, *lines]))
                lines, size = [], 0
            lines.append(line)
            size += len(line)
        if header:
            self._append("table", "\n".join([header, *lines]))

    def page(self, number: int) -> None:
        """Says that what follows is on this page, slide or sheet (1-based)."""
        self._page = number
        self._pages = max(number, self._pages or 0)

    def leave_section(self) -> None:
        """Says that what follows stands under none of the headings so far."""
        self._headings.clear()
        self._refresh_path()

    def warn(self, message: str) -> None:
        """Notes something that the person who uploaded the file should know; the same message counts once."""
        if message not in self._warnings:
            self._warnings.append(message)

    @property
    def empty(self) -> bool:
        """Whether no block has been added so far."""
        return not self._blocks

    @property
    def length(self) -> int:
        """How many characters of text have been added so far."""
        return self._length

    @property
    def first_heading(self) -> str | None:
        """The first heading of the outermost level, which is the title of a document that states none."""
        outermost = next((block for block in self._blocks if block.kind == "heading" and block.level == 1), None)
        return "".join(self._parts)[outermost.start : outermost.end] if outermost else None

    def build(self, title: str | None = None, confidence: float = 1.0) -> ParsedDocument:
        """The document as collected so far; raises DocumentRejected where it holds no text at all."""
        if self.empty:
            raise DocumentRejected("no_text", "The file holds no text. Upload a file with text in it.")
        return ParsedDocument(
            text="".join(self._parts),
            blocks=tuple(self._blocks),
            pages=self._pages,
            title=(single_line(title) or None) if title else None,
            warnings=tuple(self._warnings),
            confidence=confidence,
        )

    def _append(self, kind: BlockKind, content: str, level: int = 0) -> None:
        """Puts one normalised block behind the text so far; an empty one is dropped."""
        if not content:
            return
        start = self._length + (len(_SEPARATOR) if self._blocks else 0)
        end = start + len(content)
        if end > self._max_characters:
            raise DocumentRejected(
                "too_much_text",
                f"The file holds more than {self._max_characters:,} characters of text. Split it and upload the parts.",
            )
        if self._blocks:
            self._parts.append(_SEPARATOR)
        self._parts.append(content)
        self._blocks.append(Block(kind, start, end, self._page, self._path, level))
        self._length = end

    def _refresh_path(self) -> None:
        self._path = tuple(text for _, text in self._headings)


def _table_line(row: Sequence[str]) -> str:
    """One row as text; empty where every cell is."""
    cells = [single_line(cell) for cell in row]
    return CELL_SEPARATOR.join(cells).strip() if any(cells) else ""
