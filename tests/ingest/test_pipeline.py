"""Ingest: every stage resumes where an earlier attempt stopped, and nothing is done twice."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import func, select

from ingest import pipeline
from ingest.parsing.types import Block, ParsedDocument
from ingest.pipeline import ingest_document, ingest_documents
from ingest.tables.extract import with_tables
from retrieval.store import chunks, revisions, tables
from retrieval.store import documents as documents_store
from retrieval.store.chunks import NewChunk, RevisionChunks
from retrieval.store.documents import Document
from retrieval.store.schema import chunks as chunks_table
from retrieval.store.schema import documents, extracted_texts, representations, table_rows
from retrieval.types import SearchRequest
from tests.fakes import Library, ParagraphParser

LONG = "\n\n".join(f"Paragraph {number} speaks of subject {number} at some length. " * 30 for number in range(40))


STOCK = "item | price | since\nbell | 4.50 | 2024-03-01\nlamp | 1,200.00 | 2023-11-30"
OWNED = (documents, extracted_texts, chunks_table, representations)


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
        chunks.replace(connection, [RevisionChunks(document.revision_key, document.revision_id, [])])
    ingest_document(library.tools, document)
    with library.database.read() as connection:
        assert [chunk.id for chunk in chunks.of_document(connection, document.id, 1000, 0)] == ids


def test_a_file_without_text_is_refused_with_a_reason(library: Library) -> None:
    document = library.accept("\n\n \n\n")
    ingest_document(library.tools, document)
    done = library.get(document.id)
    assert (done.status, done.error_code) == ("failed", "no_text")


def test_what_is_wrong_with_one_document_does_not_touch_those_beside_it(library: Library) -> None:
    good, bad, gone, other = (library.accept(text) for text in ("First.", "REJECT this.", "Deleted.", "Second."))
    library.remove(gone.id)
    ingest_documents(library.tools, [good, bad, gone, other])
    assert [library.get(document.id).status for document in (good, bad, other)] == ["ready", "failed", "ready"]
    assert [library.get(document.id).chunk_count for document in (good, bad, other)] == [1, 0, 1]


def test_documents_ingested_together_share_a_batch_and_keep_their_own_chunks(library: Library) -> None:
    texts = [f"Text number {number}." for number in range(20)]
    accepted = [library.accept(text) for text in texts]
    batches: list[int] = []

    def embed(passages: Sequence[str]) -> NDArray[np.float32]:
        batches.append(len(passages))
        return library.embedder.embed_passages(passages)

    ingest_documents(replace(library.tools, embed=embed), accepted)
    with library.database.read() as connection:
        found = [chunks.of_document(connection, document.id, 10, 0) for document in accepted]
    assert batches == [20]
    assert [[chunk.text for chunk in of_one] for of_one in found] == [[text] for text in texts]
    hits = library.retriever().search(SearchRequest("number 7", "default", k=1)).hits
    assert hits[0].chunk.document_id == accepted[7].id


@pytest.mark.parametrize("deleted_after", ["accept", "parse", "split", "embed"])
def test_a_document_deleted_between_stages_is_not_brought_back(library: Library, deleted_after: str) -> None:
    document = library.accept(LONG)
    parsed: dict[int, ParsedDocument] = {}
    stages: dict[str, Callable[[], object]] = {
        "accept": lambda: None,
        "parse": lambda: parsed.update(pipeline.parse(library.tools, [document])),
        "split": lambda: pipeline.split(library.tools, [document], parsed),
        "embed": lambda: pipeline.embed(library.tools, [document]),
        "publish": lambda: pipeline.publish(library.tools, [document]),
    }
    for name, run in stages.items():
        run()
        if name == deleted_after:
            library.remove(document.id)
    with library.database.read() as connection:
        rows = [connection.scalar(select(func.count()).select_from(table)) for table in OWNED]
    assert rows == [0] * len(OWNED)


def test_a_document_says_how_well_it_could_be_read(library: Library) -> None:
    good = library.add("The ferry leaves at seven in the morning and comes back at nine in the evening every day. " * 3)
    bad = library.add("\ufffd\ufffd\ufffd \ufffd\ufffd ferry \ufffd\ufffd\ufffd\ufffd " * 20)
    assert good.quality == 1.0
    assert not good.warnings
    assert bad.quality is not None
    assert bad.quality < 0.5
    assert any("could not be read" in warning for warning in bad.warnings)


def test_many_chunks_are_stored_in_pieces_and_are_the_same(library: Library) -> None:
    whole = library.add(LONG, "whole")
    document = library.accept(LONG, "pieces")
    ingest_document(replace(library.tools, chunks_at_once=3), document)
    with library.database.read() as connection:
        found = [chunks.of_document(connection, item.id, 1000, 0) for item in (whole, document)]
        ordinals = connection.scalars(
            select(chunks_table.c.ordinal).where(chunks_table.c.revision_key == document.revision_key)
        ).all()
    assert [chunk.text for chunk in found[0]] == [chunk.text for chunk in found[1]]
    assert ordinals == list(range(len(found[1])))


def test_a_crash_between_pieces_leaves_no_half_and_no_double(library: Library) -> None:
    document = library.accept(LONG)
    parsed = pipeline.parse(library.tools, [document])
    with library.database.write() as connection:
        first = RevisionChunks(document.revision_key, document.revision_id, [NewChunk("x", 0, 1, None, (), "x")])
        chunks.add(connection, [first])  # what an attempt got to before it was killed
    pipeline.split(library.tools, [document], parsed)
    ingest_document(library.tools, document)
    with library.database.read() as connection:
        text = revisions.load_text(connection, document.revision_key).text
        found = chunks.of_document(connection, document.id, 1000, 0)
    assert len(found) > 20
    assert all(text[chunk.start : chunk.end] == chunk.text for chunk in found)
    assert found[0].start == 0
    assert found[-1].end == len(text.rstrip())


class TableParser(ParagraphParser):
    """Takes the whole file for a table."""

    def _parse(self, path: Path) -> ParsedDocument:
        self.parsed += 1
        text = path.read_text()
        return with_tables(ParsedDocument(text, (Block("table", 0, len(text), None, ()),)))


def test_what_one_revision_was_parsed_to_serves_the_next_of_the_same_bytes(library: Library) -> None:
    object.__setattr__(library.tools, "parser", TableParser())
    first = library.add(STOCK, "one", name="stock.csv")
    second = library.add(STOCK, "two", name="shop.csv")
    renewed = _renewed(library, first)
    assert library.tools.parser.parsed == 1  # type: ignore[attr-defined]
    assert (second.status, renewed.status) == ("ready", "ready")
    with library.database.read() as connection:
        texts = [revisions.load_text(connection, item.revision_key) for item in (second, renewed)]
        (table,) = tables.of_document(connection, second.id)
        (again,) = tables.of_document(connection, first.id)
        rows = [tables.rows_of(connection, item.key, limit=10) for item in (table, again)]
    assert texts[0] == texts[1]
    assert (table.name, again.name) == ("shop", "stock")
    assert rows[0] == rows[1] == [["bell", 4.5, "2024-03-01"], ["lamp", 1200.0, "2023-11-30"]]
    assert library.retriever().search(SearchRequest("lamp", "two", k=1)).hits[0].chunk.document == "shop.csv"


def test_what_another_parser_made_or_of_other_bytes_or_of_another_kind_never_serves(library: Library) -> None:
    first = library.add("The ferry leaves at seven.", "one")
    library.add("The ferry leaves at eight.", "one")
    assert library.parser.parsed == 2
    with library.database.write() as connection:  # the same bytes under a name that says that they are Markdown
        source = replace(library.store("The ferry leaves at seven."), media_type="text/markdown")
        markdown, _ = documents_store.create(connection, "two", source, {})
    ingest_document(library.tools, markdown)
    assert library.parser.parsed == 3
    library.parser.version = "paragraphs@2"
    _renewed(library, first)
    assert library.parser.parsed == 4


def test_a_refusal_is_never_taken_over(library: Library) -> None:
    library.add("REJECT this.", "one")
    again = library.add("REJECT this.", "two")
    assert (again.status, library.parser.parsed) == ("failed", 2)


def test_deleting_the_first_leaves_what_the_second_took_over(library: Library) -> None:
    first, second = (library.add(LONG, name) for name in ("one", "two"))
    library.remove(first.id)
    assert library.parser.parsed == 1
    assert library.retriever().search(SearchRequest("subject 7", "two", k=1)).hits
    with library.database.read() as connection:
        assert revisions.load_text(connection, second.revision_key).text == LONG


def _renewed(library: Library, document: Document) -> Document:
    """The document with a revision made anew, as after a change of chunk settings."""
    with library.database.write() as connection:
        renewed = documents_store.renew(connection, library.get(document.id))
    ingest_document(library.tools, renewed)
    return library.get(document.id)


def test_tables_are_kept_with_typed_columns_and_go_with_their_document(library: Library) -> None:
    object.__setattr__(library.tools, "parser", TableParser())
    document = library.add(STOCK)
    with library.database.read() as connection:
        (table,) = tables.of_document(connection, document.id)
        rows = tables.rows_of(connection, table.key, limit=10)
    assert [(column["name"], column["type"]) for column in table.columns] == [
        ("item", "text"),
        ("price", "real"),
        ("since", "date"),
    ]
    assert rows == [["bell", 4.5, "2024-03-01"], ["lamp", 1200.0, "2023-11-30"]]
    assert table.row_count == 2
    library.remove(document.id)
    with library.database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(table_rows)) == 0
