"""Cuts a parsed document into chunks: whole sentences under their headings, sized in the embedder's tokens.

A chunk is a contiguous stretch of the text, so `text[start:end]` is its text, exactly. Sentences are never split unless
one alone is longer than a chunk may be; rows of a table stay whole, and a chunk that continues a table carries the
table's header row as its innermost heading, so that its cells keep their meaning.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from ingest.chunking.stretches import Sentence, sentences_of
from ingest.chunking.types import ChunkSpan, Embedder
from ingest.parsing.types import ParsedDocument

# A section with fewer tokens than this is too little to be found by: it is joined with the one that follows.
MIN_TOKENS = 48


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence under the headings that a chunk of it needs."""

    sentence: Sentence
    headings: tuple[str, ...]

    @property
    def tokens(self) -> int:
        return self.sentence.tokens

    @property
    def is_heading(self) -> bool:
        return self.sentence.block.kind == "heading"


def by_structure(document: ParsedDocument, embedder: Embedder, max_tokens: int) -> list[ChunkSpan]:
    """The chunks of the document in order; together they cover every block."""
    sentences = sentences_of(document, embedder.count_tokens, max_tokens)
    units = [_Unit(sentence, _headings(sentence, document.text)) for sentence in sentences]
    spans: list[ChunkSpan] = []
    current: list[_Unit] = []
    for unit in units:
        if current and not _belongs(unit, current, max_tokens):
            trailing = _trailing_headings(current)
            spans.extend(_closed(current[: len(current) - len(trailing)]))
            current = trailing
            # Headings may have been all there was, and with them the unit may still be too long.
            if sum(item.tokens for item in current) + unit.tokens > max_tokens:
                spans.extend(_closed(current))
                current = []
        current.append(unit)
    return [*spans, *_closed(current)]


def _headings(sentence: Sentence, text: str) -> tuple[str, ...]:
    """The headings above the sentence; a row of a table has the table's first one as the innermost."""
    block = sentence.block
    if block.kind != "table" or sentence.row == 0:
        return block.headings
    return (*block.headings, text[block.start : text.find("\n", block.start)].strip())


def _belongs(unit: _Unit, current: Sequence[_Unit], max_tokens: int) -> bool:
    """Whether the unit may join the chunk that is being filled."""
    tokens = sum(item.tokens for item in current)
    if tokens + unit.tokens > max_tokens:
        return False
    same_section = not unit.is_heading and unit.headings[: len(current[-1].headings)] == current[-1].headings
    return same_section or current[-1].is_heading or tokens < MIN_TOKENS


def _trailing_headings(units: Sequence[_Unit]) -> list[_Unit]:
    """Headings at the end of a chunk belong to what follows."""
    count = 0
    while count < len(units) and units[-1 - count].is_heading:
        count += 1
    return list(units[len(units) - count :])


def _closed(units: Sequence[_Unit]) -> Iterator[ChunkSpan]:
    """The chunk that the units make. Leading headings become context, unless there is nothing else."""
    if not units:
        return
    body = [unit for unit in units if not unit.is_heading] or list(units)
    shared = _common(unit.headings for unit in body)
    leading = units.index(body[0])
    # More headings than the path has: some had nothing under them, and only as text are they still found.
    inner = units if leading > len(shared) else units[leading:]
    first, last = inner[0].sentence, inner[-1].sentence
    yield ChunkSpan(first.start, last.end, first.block.page, shared)


def _common(paths: Iterator[tuple[str, ...]]) -> tuple[str, ...]:
    """The headings that all paths share from the outermost inwards."""
    levels = zip(*paths, strict=False)
    shared = []
    for names in levels:
        if len(list(groupby(names))) > 1:
            break
        shared.append(names[0])
    return tuple(shared)
