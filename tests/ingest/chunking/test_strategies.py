"""What holds for every chunking strategy, and what tells them apart."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.chunking.strategies import CHUNKERS, ChunkingName
from ingest.chunking.types import ChunkSpan, Embedder
from tests.fakes import HashEmbedder
from tests.ingest.chunking.test_structure import KINDS, SENTENCES, document, render

EMBEDDER = Embedder(HashEmbedder().count_tokens, HashEmbedder().embed_passages)
LONGEST = {"parent_child": 2}
SUBJECTS = ["The ferry leaves the harbour.", "Bread is baked in stone ovens."]


def split(name: ChunkingName, text: str, max_tokens: int) -> list[str]:
    parsed = document([("paragraph", part) for part in text.split("\n\n")])
    return [parsed.text[chunk.start : chunk.end] for chunk in CHUNKERS[name](parsed, EMBEDDER, max_tokens)]


@pytest.mark.parametrize("name", CHUNKERS)
@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.lists(st.tuples(KINDS, SENTENCES), min_size=1, max_size=10), st.integers(8, 60))
def test_chunks_are_ordered_small_enough_and_cover_every_word(
    name: ChunkingName, parts: list[tuple[str, list[list[str]]]], max_tokens: int
) -> None:
    parsed = document([(kind, render(kind, sentences)) for kind, sentences in parts])
    chunks = CHUNKERS[name](parsed, EMBEDDER, max_tokens)
    assert all(first.end <= second.start for first, second in pairwise(chunks))
    covered: Counter[str] = Counter()
    for chunk in chunks:
        text = parsed.text[chunk.start : chunk.end]
        assert text == text.strip() != ""
        assert len(text.split()) <= LONGEST.get(name, 1) * max_tokens
        assert all(chunk.start <= start < end <= chunk.end for start, end in chunk.embedded)
        covered += Counter(" ".join([*chunk.headings, text]).split())
    assert not Counter(parsed.text.split()) - covered


def test_meaning_cuts_where_the_subject_changes() -> None:
    text = " ".join([SUBJECTS[0]] * 20) + " " + " ".join([SUBJECTS[1]] * 20)
    first, second = split("semantic", text, 130)
    assert "Bread" not in first
    assert "ferry" not in second


def test_size_alone_joins_what_structure_keeps_apart() -> None:
    parsed = document(
        [("heading", "Ferry"), ("paragraph", SUBJECTS[0] * 12), ("heading", "Bread"), ("paragraph", SUBJECTS[1] * 12)]
    )

    def texts(name: ChunkingName) -> list[str]:
        chunks: list[ChunkSpan] = CHUNKERS[name](parsed, EMBEDDER, 120)
        return [parsed.text[chunk.start : chunk.end] for chunk in chunks]

    assert len(texts("structure")) == 2
    assert len(texts("recursive")) == 1


@pytest.mark.parametrize("name", ["parent_child", "sentence_window"])
def test_parts_are_embedded_in_place_of_the_whole(name: ChunkingName) -> None:
    parsed = document([("paragraph", " ".join(SUBJECTS * 8))])
    (chunk,) = CHUNKERS[name](parsed, EMBEDDER, 90)
    embedded = [parsed.text[start:end] for start, end in chunk.embedded]
    assert len(embedded) > 1
    assert set(" ".join(embedded).split()) == set(parsed.text.split())
    assert max(len(text) for text in embedded) < chunk.end - chunk.start


def test_nothing_gives_no_chunks() -> None:
    assert all(chunker(document([]), EMBEDDER, 50) == [] for chunker in CHUNKERS.values())
