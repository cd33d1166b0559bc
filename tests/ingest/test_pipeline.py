"""Ingest: every stage resumes where an earlier attempt stopped, and nothing is done twice."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from ingest import pipeline
from ingest.pipeline import ingest_document
from retrieval.errors import DocumentRejected, NotFound
from retrieval.store import chunks, revisions
from tests.fakes import Library

LONG = "\n\n".join(f"Paragraph {number} speaks of subject {number} at some length. " * 30 for number in range(40))


class Crash(Exception):
    """Stands for a killed process."""


def test_a_document_becomes_chunks_with_exact_offsets(library: Library) -> None:
    document = library.add(LONG)
    assert document.status == "ready"
    with library.database.read() as connection:
        text = revisions.load_text(connection, document.revision_key).text
        found = chunks.of_document(connection, document.id, 1000, 0)
    assert len(found) == document.chunk_count > 20
    assert all(text[chunk.start : chunk.end] == chunk.text for chunk in found)


def test_a_crash_while_embedding_loses_only_the_stride_at_hand(library: Library) -> None:
    document = library.accept(LONG)
    calls = 0

    def crash_at_third(texts: Sequence[str]) -> NDArray[np.float32]:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise Crash
        return library.embedder.embed_passages(texts)

    with pytest.raises(Crash):
        ingest_document(replace(library.tools, embed=crash_at_third, stride=4), document)
    before = list(library.embedder.embedded)
    ingest_document(library.tools, document)
    again = library.embedder.embedded[len(before) :]
    assert len(before) == 8
    assert not set(before) & set(again)
    assert library.parser.parsed == 1
    assert library.get(document.id).status == "ready"


def test_the_same_text_is_embedded_once_wherever_it_occurs(library: Library) -> None:
    library.add("A paragraph that two documents share.", collection="one")
    count = len(library.embedder.embedded)
    library.add("A paragraph that two documents share.", collection="two")
    assert len(library.embedder.embedded) == count


def test_a_second_run_does_nothing(library: Library) -> None:
    document = library.add(LONG)
    count = len(library.embedder.embedded)
    ingest_document(library.tools, document)
    assert len(library.embedder.embedded) == count
    assert library.get(document.id).chunk_count == document.chunk_count


def test_chunk_ids_repeat_when_a_revision_is_built_again(library: Library) -> None:
    document = library.add(LONG)
    with library.database.read() as connection:
        ids = [chunk.id for chunk in chunks.of_document(connection, document.id, 1000, 0)]
    with library.database.write() as connection:
        chunks.replace(connection, document.revision_key, document.revision_id, [])
    ingest_document(library.tools, document)
    with library.database.read() as connection:
        assert [chunk.id for chunk in chunks.of_document(connection, document.id, 1000, 0)] == ids


def test_a_file_without_text_is_refused_with_a_reason(library: Library) -> None:
    document = library.accept("\n\n \n\n")
    with pytest.raises(DocumentRejected, match="no text"):
        ingest_document(library.tools, document)


def test_work_on_a_deleted_document_stops(library: Library) -> None:
    document = library.accept(LONG)
    library.remove(document.id)
    with pytest.raises(NotFound):
        ingest_document(library.tools, document)


@pytest.mark.parametrize("stage", ["parse", "split", "embed"])
def test_a_document_deleted_between_stages_is_not_brought_back(library: Library, stage: str) -> None:
    document = library.accept(LONG)
    parsed = pipeline.parse(library.tools, document)
    if stage in ("split", "embed"):
        pipeline.split(library.tools, document, parsed)
    if stage == "embed":
        pipeline.embed(library.tools, document)
    library.remove(document.id)
    with pytest.raises(NotFound):
        ingest_document(library.tools, document)
