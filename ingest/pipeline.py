"""Makes a stored file searchable. `ingest_document` is the whole of it: parse, chunk, embed, publish.

Every stage keeps its result in the database and starts by looking whether it is there already. A worker that dies
anywhere is followed by one that goes on at the same stage; the same work twice is no work.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.chunking import split_into_chunks
from ingest.parsing.types import Block, ParsedDocument
from retrieval.analysis import terms
from retrieval.errors import DocumentRejected, NotFound
from retrieval.store import chunks, collections, revisions
from retrieval.store.blobs import BlobStore
from retrieval.store.chunks import NewChunk
from retrieval.store.database import Database
from retrieval.store.documents import Document
from retrieval.store.revisions import ExtractedText

DEFAULT_CHUNK_TOKENS = 200


class Parser(Protocol):
    """Reads a file of a known media type; raises `DocumentRejected`."""

    def parse(self, path: Path, media_type: str) -> ParsedDocument: ...


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
    """Takes the document's latest revision from its stored bytes to visible chunks.

    Raises `DocumentRejected` when the file cannot be a document, `NotFound` when it was deleted meanwhile.
    """
    parsed = parse(tools, document)
    split(tools, document, parsed)
    embed(tools, document)
    publish(tools, document)


def parse(tools: IngestTools, document: Document) -> ParsedDocument:
    """The text and blocks of the file, from the database if an earlier attempt got that far."""
    with tools.database.read() as connection:
        try:
            return _parsed(revisions.load_text(connection, document.revision_key), document)
        except NotFound:
            pass
    parsed = tools.parser.parse(tools.blobs.path(document.content_sha256), document.media_type)
    if not parsed.blocks:
        raise DocumentRejected("no_text", "The file contains no text that could be searched.")
    rows = [[block.kind, block.start, block.end, block.page, block.headings, block.level] for block in parsed.blocks]
    with tools.database.write() as connection:
        revisions.save_text(connection, document.revision_key, ExtractedText(parsed.text, rows, parsed.title))
        revisions.describe(connection, document.revision_key, parsed.pages, parsed.warnings)
        revisions.note_advance(connection, document.revision_key, "chunk", 0, 1)
    return parsed


def split(tools: IngestTools, document: Document, parsed: ParsedDocument) -> None:
    """Stores the chunks, unless an earlier attempt did."""
    with tools.database.read() as connection:
        if chunks.count(connection, document.revision_key):
            return
        settings = collections.get(connection, document.collection).settings
    spans = split_into_chunks(parsed, tools.count_tokens, settings.get("chunk_tokens", DEFAULT_CHUNK_TOKENS))
    new = [
        NewChunk(
            text=parsed.text[span.start : span.end],
            start=span.start,
            end=span.end,
            page=span.page,
            headings=span.headings,
            terms=" ".join(terms(chunks.represented_by(span.headings, parsed.text[span.start : span.end]))),
        )
        for span in spans
    ]
    with tools.database.write() as connection:
        chunks.replace(connection, document.revision_key, document.revision_id, new)
        revisions.note_advance(connection, document.revision_key, "embed", 0, len(new))


def embed(tools: IngestTools, document: Document) -> None:
    """Gives every chunk its vector, a stride at a time; those that are there already are not made again."""
    with tools.database.read() as connection:
        pending = chunks.without_vector(connection, document.revision_key, tools.model_id)
        total = chunks.count(connection, document.revision_key)
    for start in range(0, len(pending), tools.stride):
        stride = pending[start : start + tools.stride]
        texts = [item.represented_by for item in stride]
        with tools.database.read() as connection:
            known = chunks.known_vectors(connection, texts, tools.model_id)
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            known |= dict(zip(missing, tools.embed(missing).astype(np.float16), strict=True))
        with tools.database.write() as connection:
            chunks.add_vectors(connection, stride, [known[text] for text in texts], tools.model_id)
            done = total - len(pending) + start + len(stride)
            revisions.note_advance(connection, document.revision_key, "embed", done, total)


def publish(tools: IngestTools, document: Document) -> None:
    """Makes the revision visible; from the commit on every search finds it, and none finds its predecessor."""
    with tools.database.write() as connection:
        revisions.activate(connection, document.revision_key)


def _parsed(stored: ExtractedText, document: Document) -> ParsedDocument:
    blocks = tuple(
        Block(kind, start, end, page, tuple(headings), level)
        for kind, start, end, page, headings, level in stored.blocks
    )
    return ParsedDocument(stored.text, blocks, document.pages, stored.title, tuple(document.warnings))
