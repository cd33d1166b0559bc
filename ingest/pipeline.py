"""Makes stored files searchable. `ingest_documents` is the whole of it: parse, chunk, embed, publish.

Every stage keeps its result in the database and starts by looking whether it is there already. A worker that dies
anywhere is followed by one that goes on at the same stage; the same work twice is no work. Stages take several
documents at a time because small ones cost less together: one process to parse them, one batch to embed them, one
transaction to store them.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.chunking.strategies import CHUNKERS, DEFAULT_CHUNK_TOKENS, DEFAULT_CHUNKING
from ingest.chunking.types import Embedder
from ingest.parsing.quality import measure, warnings_for
from ingest.parsing.types import Block, ParsedDocument
from ingest.tables.extract import typed_tables
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


class Parser(Protocol):
    """Reads files, given as (path, media type); what cannot be read is answered by the error that says why."""

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
    stride: int = 128  # vectors committed at a time: a crash loses at most this much embedding


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
    """Text and blocks by revision, from the database where an earlier attempt got that far."""
    with tools.database.read() as connection:
        stored = revisions.load_texts(connection, [document.revision_key for document in documents])
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
    with tools.database.write() as connection:
        alive = revisions.existing(connection, list(outcomes))
        read = {key: found for key, found in outcomes.items() if key in alive and isinstance(found, ParsedDocument)}
        revisions.save_texts(connection, {key: _extracted(found) for key, found in read.items()})
        revisions.note_advance(connection, "chunk", dict.fromkeys(read, Progress(0, 1)))
        for key, outcome in outcomes.items():
            if isinstance(outcome, DocumentRejected):
                revisions.fail(connection, key, outcome.code, outcome.detail)
    failpoints.reached("parse.saved")
    return parsed | read


def split(tools: IngestTools, documents: Sequence[Document], parsed: Mapping[int, ParsedDocument]) -> None:
    """Stores the chunks of the parsed documents, unless an earlier attempt did."""
    with tools.database.read() as connection:
        done = chunks.counts(connection, list(parsed))
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
    found = _tables_of(documents, parsed, {item.key for item in new})
    failpoints.reached("chunk.split")
    with tools.database.write() as connection:
        alive = revisions.existing(connection, [item.key for item in new])
        new = [item for item in new if item.key in alive]
        chunks.replace(connection, new)
        for key in {item.key for item in new} & found.keys():
            tables.replace(connection, key, found[key])
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


def _tables_of(
    documents: Sequence[Document], parsed: Mapping[int, ParsedDocument], keys: Collection[int]
) -> Mapping[int, Sequence[NewTable]]:
    """The typed tables of those documents that have any."""
    return {
        document.revision_key: [
            NewTable(table.name, table.title, [asdict(column) for column in table.columns], table.rows)
            for table in typed_tables(parsed[document.revision_key], document.name)
        ]
        for document in documents
        if document.revision_key in keys
        and any(block.kind == "table" for block in parsed[document.revision_key].blocks)
    }


def _refused_if_empty(outcome: ParsedDocument | DocumentRejected) -> ParsedDocument | DocumentRejected:
    if isinstance(outcome, ParsedDocument) and not outcome.blocks:
        return DocumentRejected("no_text", "The file contains no text that could be searched.")
    return outcome


def _extracted(parsed: ParsedDocument) -> ExtractedText:
    rows = [[block.kind, block.start, block.end, block.page, block.headings, block.level] for block in parsed.blocks]
    quality = measure(parsed)
    warnings = [*parsed.warnings, *warnings_for(parsed, quality)]
    return ExtractedText(parsed.text, rows, parsed.title, parsed.pages, warnings, round(quality.score, 3))


def _parsed(stored: ExtractedText) -> ParsedDocument:
    blocks = tuple(
        Block(kind, start, end, page, tuple(headings), level)
        for kind, start, end, page, headings, level in stored.blocks
    )
    return ParsedDocument(stored.text, blocks, stored.pages, stored.title, tuple(stored.warnings))
