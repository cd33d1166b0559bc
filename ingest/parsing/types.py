"""What every parser returns: one text and the blocks that structure it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ingest.tables.types import TypedTable

BlockKind = Literal["heading", "paragraph", "list_item", "table", "code", "caption", "footnote"]


@dataclass(frozen=True, slots=True)
class Block:
    """A structural unit of a document; its text is `document.text[start:end]`."""

    kind: BlockKind
    start: int
    end: int
    page: int | None  # 1-based page, slide or sheet number; None where the format has none
    headings: tuple[str, ...]  # the headings above this block, outermost first; a heading does not contain itself
    level: int = 0  # 1..6 for a heading, 0 otherwise


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """The extracted text of a file and its blocks, in reading order, not overlapping."""

    text: str
    blocks: tuple[Block, ...]
    pages: int | None = None
    title: str | None = None
    warnings: tuple[str, ...] = ()
    confidence: float = 1.0  # mean over the characters, 0 to 1: how sure text recognition was; 1 where it did nothing
    tables: Sequence[TypedTable] = ()  # those of the table blocks; parsers leave them to `ingest.tables.extract`
