"""Makes stored files searchable. `ingest_documents` is the whole of it: parse, chunk, embed, publish.

Every stage keeps its result in the database and starts by looking whether it is there already. A worker that dies
anywhere is followed by one that goes on at the same stage; the same work twice is no work. Stages take several
documents at a time because small ones cost less together: one process to parse them, one batch to embed them, one
transaction to store them.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.chunking.strategies import CHUNKERS, DEFAULT_CHUNK_TOKENS, DEFAULT_CHUNKING
from ingest.chunking.types import Embedder
from ingest.parsing.quality import measure, warnings_for
from ingest.parsing.types import Block, ParsedDocument
from ingest.tables.names import table_names
from ingest.tables.types import TypedTable
from retrieval import failpoints
from retrieval.analysis import terms
from retrieval.errors import DocumentRejected
from retrieval.store import chunks, collections, models, revisions, tables
from retrieval.store.blobs import BlobStore
from retrieval.store.chunks import NewChunk, RevisionChunks
from retrieval.store.database import Database
from retrieval.store.documents import Document
from retrieval.store.revisions import ExtractedText, Progress
from retrieval.store.tables import NewTable
from retrieval.types import Json

# Between two transactions of one large document. SQLite does not queue writers: those that wait look again every
# 0.1 s, and one that begins anew at once would keep them out until their 30 s are over.
LET_OTHERS_WRITE_SECONDS = 0.12


class Parser(Protocol):
    """Reads files, given as (path, media type); what cannot be read is answered by the error that says why.

    The same bytes give the same result under the same `version`.
    """

    version: str

    def parse_all(self, files: Sequence[tuple[Path, str]]) -> Sequence[ParsedDocument | DocumentRejected]: ...


@dataclass(frozen=True, slots=True)
class IngestTools:
    """What ingesting works with."""

    database: Database
    blobs: BlobStore
    parser: Parser
    count_tokens: Callable[[Sequence[str]], Sequence[int]]
    embed: Callable[[Sequence[str]], NDArray[np.float32]]
    model_id: str
    # Vectors made and committed at a time: a crash loses at most so many, a note beside a book waits for so many.
    stride: int = 64
    chunks_at_once: int = 2_000  # in one transaction: while many are stored, others must get to write in between


def ingest_document(tools: IngestTools, document: Document) -> None:
    """Takes the document's latest revision from its stored bytes to visible chunks, or to `failed` with a reason."""
    ingest_documents(tools, [document])


def ingest_documents(tools: IngestTools, documents: Sequence[Document]) -> None:
    """The same for several documents; what is wrong with one of them does not touch the others.

    A document that is deleted meanwhile drops out at the next stage.
    """
    parsed = parse(tools, documents)
    split(tools, documents, parsed)
    embed(tools, documents)
    publish(tools, documents)


def parse(tools: IngestTools, documents: Sequence[Document]) -> Mapping[int, ParsedDocument]:
    """Text and blocks by revision, from the database where an earlier attempt, or another revision, got that far."""
    keys = [document.revision_key for document in documents]
    with tools.database.read() as connection:
        alike = revisions.parsed_alike(connection, keys, tools.parser.version)
    if alike:
        _take_over(tools, documents, alike)
    with tools.database.read() as connection:
        stored = revisions.load_texts(connection, keys)
    parsed = {key: _parsed(text) for key, text in stored.items()}
    unread = [document for document in documents if document.revision_key not in parsed]
    if not unread:
        return parsed
    files = [(tools.blobs.path(document.content_sha256), document.media_type) for document in unread]
    outcomes = {
        document.revision_key: _refused_if_empty(outcome)
        for document, outcome in zip(unread, tools.parser.parse_all(files), strict=True)
    }
    failpoints.reached("parse.read")
    for document in unread:
        outcome = outcomes[document.revision_key]
        if isinstance(outcome, ParsedDocument) and outcome.tables:
            _store_tables(tools, document, outcome.tables)
    with tools.database.write() as connection:
        alive = revisions.existing(connection, list(outcomes))
        read = {key: found for key, found in outcomes.items() if key in alive and isinstance(found, ParsedDocument)}
        extracted = {key: _extracted(found, tools.parser.version) for key, found in read.items()}
        revisions.save_texts(connection, extracted)
        revisions.note_advance(connection, "chunk", dict.fromkeys(read, Progress(0, 1)))
        for key, outcome in outcomes.items():
            if isinstance(outcome, DocumentRejected):
                revisions.fail(connection, key, outcome.code, outcome.detail)
    failpoints.reached("parse.saved")
    return parsed | read


def split(tools: IngestTools, documents: Sequence[Document], parsed: Mapping[int, ParsedDocument]) -> None:
    """Stores the chunks of the parsed documents, unless an earlier attempt did."""
    with tools.database.read() as connection:
        done = chunks.counts(connection, list(parsed)).keys() & revisions.past_chunking(connection, list(parsed))
        settings = {
            name: collections.get(connection, name).settings for name in {item.collection for item in documents}
        }
    new = [
        RevisionChunks(
            document.revision_key,
            document.revision_id,
            _chunks_of(tools, parsed[document.revision_key], settings[document.collection]),
        )
        for document in documents
        if document.revision_key in parsed and document.revision_key not in done
    ]
    if not new:
        return
    failpoints.reached("chunk.split")
    large = {item.key for item in new if len(item.chunks) > tools.chunks_at_once}
    for item in new:
        if item.key in large:
            _store_large(tools, item)
    with tools.database.write() as connection:
        alive = revisions.existing(connection, [item.key for item in new])
        new = [item for item in new if item.key in alive]
        chunks.replace(connection, [item for item in new if item.key not in large])
        revisions.note_advance(connection, "embed", {item.key: Progress(0, len(item.chunks)) for item in new})
    failpoints.reached("chunk.saved")


def embed(tools: IngestTools, documents: Sequence[Document]) -> None:
    """Gives every chunk its vector, a stride at a time; those that are there already are not made again."""
    keys = [document.revision_key for document in documents]
    with tools.database.read() as connection:
        pending = chunks.without_vector(connection, keys, tools.model_id)
        totals = chunks.counts(connection, keys)
    left = Counter(item.revision_key for item in pending)
    for start in range(0, len(pending), tools.stride):
        stride = pending[start : start + tools.stride]
        texts = [text for item in stride for text in item.represented_by]
        with tools.database.read() as connection:
            known = chunks.known_vectors(connection, texts, tools.model_id)
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            known |= dict(zip(missing, tools.embed(missing).astype(np.float16), strict=True))
        left.subtract(item.revision_key for item in stride)
        with tools.database.write() as connection:
            alive = revisions.existing(connection, list({item.revision_key for item in stride}))
            kept = [item for item in stride if item.revision_key in alive]
            chunks.add_vectors(connection, kept, known, tools.model_id)
            progress = {key: Progress(totals[key] - left[key], totals[key]) for key in alive}
            revisions.note_advance(connection, "embed", progress)
        failpoints.reached("embed.stride")
    failpoints.reached("embed.saved")


def publish(tools: IngestTools, documents: Sequence[Document]) -> None:
    """Makes complete revisions visible; from the commit on every search finds them, and none finds a predecessor.

    Where another embedding model answers by now, they stay as they are: the next attempt embeds them with that one.
    """
    with tools.database.write() as connection:
        if models.active(connection).model_id != tools.model_id:
            return
        revisions.activate(connection, list(chunks.counts(connection, [item.revision_key for item in documents])))
        failpoints.reached("publish.switched")
    failpoints.reached("publish.committed")


def _chunks_of(tools: IngestTools, parsed: ParsedDocument, settings: Json) -> Sequence[NewChunk]:
    chunker = CHUNKERS[settings.get("chunking", DEFAULT_CHUNKING)]
    max_tokens = settings.get("chunk_tokens", DEFAULT_CHUNK_TOKENS)
    new = []
    for span in chunker(parsed, Embedder(tools.count_tokens, tools.embed), max_tokens):
        text = parsed.text[span.start : span.end]
        analysed = " ".join(terms(chunks.represented_by(span.headings, text)))
        new.append(NewChunk(text, span.start, span.end, span.page, span.headings, analysed, span.embedded))
    return new


def _store_large(tools: IngestTools, revision: RevisionChunks) -> None:
    """Stores many chunks in several transactions; `split` says when they are all there."""
    with tools.database.write() as connection:
        chunks.remove(connection, [revision.key])
    for piece in chunks.pieces(revision, tools.chunks_at_once):
        time.sleep(LET_OTHERS_WRITE_SECONDS)
        with tools.database.write() as connection:
            if not revisions.existing(connection, [revision.key]):
                return
            chunks.add(connection, [piece])


def _take_over(tools: IngestTools, documents: Sequence[Document], alike: Mapping[int, int]) -> None:
    """Gives the revisions what was read from the same bytes for others, as (revision, other) in `alike`."""
    names = {document.revision_key: document.name for document in documents}
    with tools.database.write() as connection:
        for key in revisions.existing(connection, list(alike)):
            revisions.copy_text(connection, alike[key], key)
            tables.copy(connection, alike[key], key, partial(table_names, document_name=names[key]))
        revisions.note_advance(connection, "chunk", dict.fromkeys(alike, Progress(0, 1)))


def _store_tables(tools: IngestTools, document: Document, found: Sequence[TypedTable]) -> None:
    """Stores the tables of a revision that nobody sees yet, in several transactions where they are large."""
    names = table_names([table.title for table in found], document.name)
    new = [
        NewTable(name, table.title, [asdict(column) for column in table.columns], table.rows)
        for name, table in zip(names, found, strict=True)
    ]
    with tools.database.write() as connection:
        if not revisions.existing(connection, [document.revision_key]):
            return
        keys = tables.replace(connection, document.revision_key, new)
    for number, rows in enumerate(tables.row_batches(keys, new)):
        if number:
            time.sleep(LET_OTHERS_WRITE_SECONDS)
        with tools.database.write() as connection:
            if not revisions.existing(connection, [document.revision_key]):
                return
            tables.add_rows(connection, rows)


def _refused_if_empty(outcome: ParsedDocument | DocumentRejected) -> ParsedDocument | DocumentRejected:
    if isinstance(outcome, ParsedDocument) and not outcome.blocks:
        return DocumentRejected("no_text", "The file contains no text that could be searched.")
    return outcome


def _extracted(parsed: ParsedDocument, parser_version: str) -> ExtractedText:
    rows = [[block.kind, block.start, block.end, block.page, block.headings, block.level] for block in parsed.blocks]
    quality = measure(parsed)
    warnings = [*parsed.warnings, *warnings_for(parsed, quality)]
    score = round(quality.score, 3)
    return ExtractedText(parsed.text, rows, parsed.title, parsed.pages, warnings, score, parser_version)


def _parsed(stored: ExtractedText) -> ParsedDocument:
    blocks = tuple(
        Block(kind, start, end, page, tuple(headings), level)
        for kind, start, end, page, headings, level in stored.blocks
    )
    return ParsedDocument(stored.text, blocks, stored.pages, stored.title, tuple(stored.warnings))
