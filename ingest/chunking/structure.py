"""Cuts a parsed document into chunks: whole sentences under their headings, sized in the embedder's tokens.

A chunk is a contiguous stretch of the text, so `text[start:end]` is its text, exactly. Sentences are never split unless
one alone is longer than a chunk may be; rows of a table stay whole, and a chunk that continues a table carries the
table's header row as its innermost heading, so that its cells keep their meaning.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from ingest.chunking.types import ChunkSpan, CountTokens, Embedder
from ingest.parsing.types import Block, ParsedDocument
from retrieval.sentences import sentence_spans

# A section with fewer tokens than this is too little to be found by: it is joined with the one that follows.
MIN_TOKENS = 48


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is never cut further: a sentence, a table row, a line of code, a heading."""

    start: int
    end: int
    page: int | None
    headings: tuple[str, ...]
    tokens: int
    is_heading: bool


def by_structure(document: ParsedDocument, embedder: Embedder, max_tokens: int) -> list[ChunkSpan]:
    """The chunks of the document in order; together they cover every block."""
    count_tokens = embedder.count_tokens
    units = [
        piece
        for unit in _counted(list(_units(document)), document.text, count_tokens)
        for piece in _fitting(unit, document.text, count_tokens, max_tokens)
    ]
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


def _units(document: ParsedDocument) -> Iterator[_Unit]:
    for block in document.blocks:
        header: tuple[str, ...] = ()
        for number, (start, end) in enumerate(_inner_spans(block, document.text)):
            if block.kind == "table" and number == 1:
                header = (document.text[block.start : document.text.find("\n", block.start)].strip(),)
            yield _Unit(start, end, block.page, block.headings + header, 0, block.kind == "heading")


def _inner_spans(block: Block, text: str) -> list[tuple[int, int]]:
    """Spans of the block's units in the document."""
    inner = text[block.start : block.end]
    if block.kind == "heading":
        return [(block.start, block.end)]
    if block.kind in ("table", "code"):
        spans, position = [], 0
        for line in inner.splitlines(keepends=True):
            if line.strip():
                spans.append((position, position + len(line.rstrip("\n"))))
            position += len(line)
    else:
        spans = sentence_spans(inner)
    return [(block.start + start, block.start + end) for start, end in spans]


def _counted(units: list[_Unit], text: str, count_tokens: CountTokens) -> list[_Unit]:
    counts = count_tokens([text[unit.start : unit.end] for unit in units])
    return [replace(unit, tokens=count) for unit, count in zip(units, counts, strict=True)]


def _fitting(unit: _Unit, text: str, count_tokens: CountTokens, max_tokens: int) -> Iterator[_Unit]:
    """The unit, or halves of halves of it, cut at white space where there is some, until each fits."""
    todo = [unit]
    while todo:
        piece = todo.pop()
        length = piece.end - piece.start
        if piece.tokens <= max_tokens or length < 2:
            yield piece
            continue
        middle = piece.start + length // 2
        space = text.find(" ", middle, middle + length // 4)
        cut = space if space > 0 else middle
        halves = [replace(piece, end=cut), replace(piece, start=cut + (space > 0))]
        todo.extend(reversed(_counted(halves, text, count_tokens)))


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
    yield ChunkSpan(inner[0].start, inner[-1].end, inner[0].page, shared)


def _common(paths: Iterator[tuple[str, ...]]) -> tuple[str, ...]:
    """The headings that all paths share from the outermost inwards."""
    levels = zip(*paths, strict=False)
    shared = []
    for names in levels:
        if len(list(groupby(names))) > 1:
            break
        shared.append(names[0])
    return tuple(shared)
