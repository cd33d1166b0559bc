"""Sentences of a document and runs of them: what all chunkers but the structural one are made of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest.chunking.types import ChunkSpan, CountTokens
from ingest.parsing.types import Block, ParsedDocument
from retrieval.sentences import sentence_spans


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, or a part of one that is longer than a chunk, and the block it stands in."""

    start: int
    end: int
    tokens: int
    block: Block


def sentences_of(document: ParsedDocument, count_tokens: CountTokens, max_tokens: int) -> list[Sentence]:
    """The sentences of all blocks in order, none longer than `max_tokens`; lines, in tables and code."""
    found: list[tuple[int, int, Block]] = []
    for block in document.blocks:
        inner = document.text[block.start : block.end]
        spans = _lines(inner) if block.kind in ("table", "code") else sentence_spans(inner)
        found += [(block.start + start, block.start + end, block) for start, end in spans]
    counts = count_tokens([document.text[start:end] for start, end, _ in found])
    sentences: list[Sentence] = []
    for (start, end, block), tokens in zip(found, counts, strict=True):
        whole = Sentence(start, end, tokens, block)
        sentences += [whole] if tokens <= max_tokens else _halved(document.text, whole, count_tokens, max_tokens)
    return sentences


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


def _lines(text: str) -> list[tuple[int, int]]:
    spans, position = [], 0
    for line in text.splitlines(keepends=True):
        stripped = line.strip()
        if stripped:
            start = position + line.index(stripped[0])
            spans.append((start, start + len(stripped)))
        position += len(line)
    return spans


def _halved(text: str, sentence: Sentence, count_tokens: CountTokens, max_tokens: int) -> Iterator[Sentence]:
    """Halves of halves, cut at white space where there is some, until each fits."""
    todo = [sentence]
    while todo:
        part = todo.pop()
        length = part.end - part.start
        if part.tokens <= max_tokens or length < 2:
            yield part
            continue
        middle = part.start + length // 2
        space = text.find(" ", middle, middle + length // 4)
        cut = space if space > 0 else middle
        spans = [(part.start, cut), (cut + (space > 0), part.end)]
        counts = count_tokens([text[start:end] for start, end in spans])
        halves = [Sentence(*span, tokens, part.block) for span, tokens in zip(spans, counts, strict=True)]
        todo.extend(reversed(halves))
