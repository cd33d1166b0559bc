"""Chunking: exact offsets, whole sentences, nothing lost, headings as context."""

from collections import Counter
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.chunking.structure import by_structure
from ingest.chunking.types import ChunkSpan, CountTokens, Embedder
from ingest.parsing.types import Block, ParsedDocument
from tests.fakes import HashEmbedder

WORDS = st.sampled_from(["the", "lock", "keeper", "opened", "both", "gates", "slowly", "before", "dawn"])
SENTENCES = st.lists(st.lists(WORDS, min_size=1, max_size=14), min_size=1, max_size=6)
KINDS = st.sampled_from(["paragraph", "heading", "table", "list_item", "code"])


def count_words(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def split_into_chunks(parsed: ParsedDocument, count_tokens: CountTokens, max_tokens: int) -> list[ChunkSpan]:
    return by_structure(parsed, Embedder(count_tokens, HashEmbedder().embed_passages), max_tokens)


def document(parts: Sequence[tuple[str, str]]) -> ParsedDocument:
    """Blocks of (kind, text); a heading opens a section of its own."""
    text, blocks, path = "", [], ()
    for kind, part in parts:
        start = len(text)
        if kind == "heading":
            path = ()
        blocks.append(Block(kind, start, start + len(part), 1, path, 1 if kind == "heading" else 0))  # type: ignore[arg-type]
        if kind == "heading":
            path = (part,)
        text += part + "\n\n"
    return ParsedDocument(text, tuple(blocks), 1)


def render(kind: str, sentences: list[list[str]]) -> str:
    if kind == "heading":
        return " ".join(sentences[0]).capitalize()
    if kind == "table":
        return "\n".join(" | ".join(row) for row in sentences)
    return " ".join(" ".join(words).capitalize() + "." for words in sentences)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(KINDS, SENTENCES), min_size=1, max_size=12), st.integers(8, 60))
def test_chunks_are_exact_ordered_small_enough_and_cover_every_word(
    parts: list[tuple[str, list[list[str]]]], max_tokens: int
) -> None:
    parsed = document([(kind, render(kind, sentences)) for kind, sentences in parts])
    chunks = split_into_chunks(parsed, count_words, max_tokens)
    previous = 0
    covered = ""
    for chunk in chunks:
        text = parsed.text[chunk.start : chunk.end]
        assert text == text.strip() != ""
        assert chunk.start >= previous
        assert len(text.split()) <= max_tokens
        previous = chunk.end
        covered += " ".join([*chunk.headings, text]) + "\n"
    # every word of every block is in a chunk or, for headings, in the context of one, as often as it occurs
    assert not Counter(parsed.text.split()) - Counter(covered.split())


def test_sentences_stay_whole_and_headings_become_context() -> None:
    parsed = document(
        [
            ("heading", "Opening hours"),
            ("paragraph", "We open at nine. We close at five. On Sundays we are closed."),
            ("heading", "Fees"),
            ("paragraph", "Entry costs four euros. Children enter free of charge."),
        ]
    )
    chunks = split_into_chunks(parsed, lambda texts: [30 for _ in texts], 95)
    texts = [parsed.text[chunk.start : chunk.end] for chunk in chunks]
    assert texts[0] == "We open at nine. We close at five."
    assert all(text.endswith(".") for text in texts)
    assert chunks[0].headings == ("Opening hours",)
    assert chunks[-1].headings == ("Fees",)


def test_short_sections_are_joined_so_that_no_chunk_is_a_crumb() -> None:
    parsed = document([part for n in range(6) for part in (("heading", f"Item {n}"), ("paragraph", f"It is {n}."))])
    chunks = split_into_chunks(parsed, count_words, 200)
    assert len(chunks) == 1
    assert "Item 3" in parsed.text[chunks[0].start : chunks[0].end]


def test_rows_that_continue_a_table_carry_its_header() -> None:
    rows = ["part | price", *(f"part {n} | {n} euros" for n in range(40))]
    parsed = document([("heading", "Prices"), ("table", "\n".join(rows))])
    chunks = split_into_chunks(parsed, count_words, 60)
    assert len(chunks) > 2
    assert chunks[0].headings == ("Prices",)
    assert all(chunk.headings == ("Prices", "part | price") for chunk in chunks[1:])


def test_a_sentence_longer_than_a_chunk_is_cut_and_nothing_of_it_is_lost() -> None:
    parsed = document([("paragraph", " ".join(f"word{n}" for n in range(500)))])
    chunks = split_into_chunks(parsed, count_words, 50)
    joined = " ".join(parsed.text[chunk.start : chunk.end] for chunk in chunks)
    assert joined.split() == parsed.text.split()


def test_chinese_without_spaces_is_cut_at_sentence_ends() -> None:
    parsed = document([("paragraph", "图书馆每周一闭馆。周末延长开放时间。读者可以借阅十本图书。")])
    chunks = split_into_chunks(parsed, lambda texts: [len(text) for text in texts], 20)
    assert [parsed.text[chunk.start : chunk.end][-1] for chunk in chunks] == ["。"] * len(chunks)
    assert len(chunks) == 2


def test_a_document_of_headings_only_still_has_a_chunk() -> None:
    parsed = document([("heading", "Only a title")])
    (chunk,) = split_into_chunks(parsed, count_words, 50)
    assert parsed.text[chunk.start : chunk.end] == "Only a title"
