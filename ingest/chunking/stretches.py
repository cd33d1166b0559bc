"""Sentences of a document, rows of its tables, lines of its code, and runs of them: what all chunkers are made of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ingest.chunking.types import ChunkSpan, CountTokens
from ingest.parsing.types import Block, ParsedDocument
from retrieval.sentences import sentence_spans


@dataclass(frozen=True, slots=True)
class Sentence:
    """What is not cut further: a sentence, a table row, a line of code, a heading; or a part of one too long."""

    start: int
    end: int
    tokens: int
    block: Block
    row: int  # from 0 in its block


def sentences_of(document: ParsedDocument, count_tokens: CountTokens, max_tokens: int) -> list[Sentence]:
    """The sentences of all blocks in order, none longer than `max_tokens`."""
    whole = [
        Sentence(block.start + start, block.start + end, 0, block, row)
        for block in document.blocks
        for row, (start, end) in enumerate(_spans(block, document.text[block.start : block.end]))
    ]
    return [
        piece
        for sentence in _counted(whole, document.text, count_tokens)
        for piece in _halved(sentence, document.text, count_tokens, max_tokens)
    ]


def run_of(sentences: Sequence[Sentence]) -> ChunkSpan:
    """The chunk from the first of the sentences to the last, under the headings of the first."""
    first = sentences[0].block
    return ChunkSpan(sentences[0].start, sentences[-1].end, first.page, first.headings)


def filled(sentences: Sequence[Sentence], max_tokens: int) -> Iterator[list[Sentence]]:
    """The sentences in runs as long as `max_tokens` allows."""
    current: list[Sentence] = []
    tokens = 0
    for sentence in sentences:
        if current and tokens + sentence.tokens > max_tokens:
            yield current
            current, tokens = [], 0
        current.append(sentence)
        tokens += sentence.tokens
    if current:
        yield current


def _spans(block: Block, inner: str) -> list[tuple[int, int]]:
    """Spans of the block's sentences, rows or lines in the block."""
    if block.kind == "heading":
        return [(0, len(inner))]
    if block.kind not in ("table", "code"):
        return sentence_spans(inner)
    spans, position = [], 0
    for line in inner.splitlines(keepends=True):
        if line.strip():
            spans.append((position, position + len(line.rstrip("\n"))))
        position += len(line)
    return spans


def _counted(sentences: Sequence[Sentence], text: str, count_tokens: CountTokens) -> list[Sentence]:
    counts = count_tokens([text[sentence.start : sentence.end] for sentence in sentences])
    return [replace(sentence, tokens=count) for sentence, count in zip(sentences, counts, strict=True)]


def _halved(sentence: Sentence, text: str, count_tokens: CountTokens, max_tokens: int) -> Iterator[Sentence]:
    """The sentence, or halves of halves of it, cut at white space where there is some, until each fits."""
    todo = [sentence]
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
