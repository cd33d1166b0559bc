"""RAPTOR trees of one document."""

import numpy as np
import pytest

from ingest.tree import Part, Sentence, build_tree
from retrieval.sentences import join_sentences
from tests.fakes import HashEmbedder

EMBEDDER = HashEmbedder()


def parts_and_sentences(count: int) -> tuple[list[Part], list[Sentence]]:
    subjects = ["ferry timetable harbour", "library tools loans", "allotment beans harvest"]
    texts = [f"Note {number} on the {subjects[number % 3]} of that year." for number in range(2 * count)]
    vectors = EMBEDDER.embed_passages(texts)
    sentences = [Sentence(text, len(text.split()), vector) for text, vector in zip(texts, vectors, strict=True)]
    return [Part(vectors[2 * row], (2 * row, 2 * row + 1), 100 + row) for row in range(count)], sentences


@pytest.mark.parametrize("count", [6, 7, 40, 130])
def test_a_tree_ends_in_one_root_and_reaches_every_chunk(count: int) -> None:
    parts, sentences = parts_and_sentences(count)
    tree = build_tree("Notes", parts, sentences, EMBEDDER.embed_passages)
    nodes = tree.nodes
    levels = sorted({node.level for node in nodes})
    assert levels == list(range(1, len(levels) + 1))
    assert [node.level for node in nodes] == sorted(node.level for node in nodes)
    assert sum(node.level == levels[-1] for node in nodes) == 1
    chunks = {child for node in nodes if node.level == 1 for child in node.children}
    assert chunks == {part.child for part in parts}
    for level in levels[1:]:
        below = {node.ordinal for node in nodes if node.level == level - 1}
        assert {child for node in nodes if node.level == level for child in node.children} == below
    given = {sentence.text for sentence in sentences}
    assert all(any(text in node.text for text in given) for node in nodes)


@pytest.mark.parametrize("count", [1, 5])
def test_a_short_document_needs_no_tree(count: int) -> None:
    parts, sentences = parts_and_sentences(count)
    tree = build_tree("Notes", parts, sentences, EMBEDDER.embed_passages)
    assert tree.nodes == []
    assert tree.gist


def test_the_same_document_gives_the_same_tree() -> None:
    parts, sentences = parts_and_sentences(30)
    first, second = (build_tree("Notes", parts, sentences, EMBEDDER.embed_passages).nodes for _ in range(2))
    assert [(node.level, node.text, node.children) for node in first] == [
        (node.level, node.text, node.children) for node in second
    ]
    assert all(np.array_equal(one.vector, other.vector) for one, other in zip(first, second, strict=True))


def test_chinese_sentences_follow_each_other_without_a_space() -> None:
    assert join_sentences(["渡轮开了。", "它带自行车。"]) == "渡轮开了。它带自行车。"
    assert join_sentences(["It left.", "It came\nback."]) == "It left. It came back."
