"""What follows once a document is searchable: further representations of its chunks, and its RAPTOR tree.

`enrich_document` is the whole of it. Nothing waits for it: it runs one document at a time, lets ingest go first
between any two steps, and shows its work all at once in the transaction that ends it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.extractive_summary import central_sentences
from ingest.keywords import keywords
from ingest.tree import Part, Sentence, build_tree, join_sentences
from retrieval import failpoints
from retrieval.representations import KINDS, MADE_BY_DEFAULT, TREE, RepresentationKind
from retrieval.sentences import sentence_spans
from retrieval.store import chunks, enrichment, revisions, trees
from retrieval.store.chunks import Leaf, NewRepresentation
from retrieval.store.database import Database
from retrieval.store.enrichment import EnrichmentTask

# Texts embedded at a time: a document that arrives meanwhile waits for no more than these.
STRIDE = 32
# Tokens of a chunk's own summary, and of the shortest sentence that may stand in one.
SUMMARY_TOKENS = 60
_MIN_SENTENCE_CHARACTERS = 20


class EnrichmentStopped(Exception):
    """The revision is gone, or the worker is about to end; nothing was stored."""


@dataclass(frozen=True, slots=True)
class EnrichmentTools:
    """What enriching works with. `go_first` lets more urgent work pass; it raises `EnrichmentStopped` at the end."""

    database: Database
    count_tokens: Callable[[Sequence[str]], Sequence[int]]
    embed: Callable[[Sequence[str]], NDArray[np.float32]]
    model_id: str
    go_first: Callable[[], None]


def asks_for_more(task: EnrichmentTask) -> bool:
    """Whether the collection's settings ask for anything beside the text itself."""
    return bool(set(task.settings.get("representations", MADE_BY_DEFAULT)) - {"text"})


def enrich_document(tools: EnrichmentTools, task: EnrichmentTask) -> None:
    """Adds what the collection's settings ask for to a visible revision; a second time replaces the first."""
    wanted = task.settings.get("representations", MADE_BY_DEFAULT)
    with tools.database.read() as connection:
        leaves = chunks.leaves(connection, task.revision_key, tools.model_id)
    worthwhile = len(leaves) > 1 and asks_for_more(task)
    sentences, owners = _sentences(tools, task, leaves) if worthwhile else ([], [])
    represented = _represent(tools, task, wanted, leaves, sentences, owners) if worthwhile else []
    tree = _tree(tools, task, leaves, sentences, owners) if worthwhile and TREE in wanted else []
    failpoints.reached("enrich.made")
    with tools.database.write() as connection:
        if task.revision_key not in revisions.existing(connection, [task.revision_key]):
            raise EnrichmentStopped
        chunks.replace_representations(connection, task.revision_key, represented, tools.model_id)
        trees.replace(connection, task.revision_key, tree, tools.model_id)
        enrichment.publish(connection, task)
        failpoints.reached("enrich.stored")
    failpoints.reached("enrich.committed")


def _sentences(
    tools: EnrichmentTools, task: EnrichmentTask, leaves: Sequence[Leaf]
) -> tuple[list[Sentence], list[int]]:
    """The sentences of all chunks with their vectors, and for each the position of its chunk."""
    texts: list[str] = []
    owners: list[int] = []
    for position, leaf in enumerate(leaves):
        spans = sentence_spans(leaf.text)
        long = [leaf.text[start:end] for start, end in spans if end - start >= _MIN_SENTENCE_CHARACTERS]
        found = long or [leaf.text]
        texts += found
        owners += [position] * len(found)
    vectors = _embed(tools, task, "sentences", texts)
    counts = tools.count_tokens(texts)
    return [Sentence(*sentence) for sentence in zip(texts, counts, vectors, strict=True)], owners


def _represent(
    tools: EnrichmentTools,
    task: EnrichmentTask,
    wanted: Sequence[str],
    leaves: Sequence[Leaf],
    sentences: Sequence[Sentence],
    owners: Sequence[int],
) -> list[NewRepresentation]:
    """Texts that stand for the chunks beside their own; a chunk has none where there is nothing shorter to say."""
    kinds = [kind for kind in KINDS if kind in wanted and kind != "text"]
    of_leaf: list[list[Sentence]] = [[] for _ in leaves]
    for sentence, owner in zip(sentences, owners, strict=True):
        of_leaf[owner].append(sentence)
    words = keywords([leaf.text for leaf in leaves]) if "keywords" in kinds else [[] for _ in leaves]
    new: list[tuple[int, RepresentationKind, str]] = []
    for leaf, own, found in zip(leaves, of_leaf, words, strict=True):
        writers: dict[RepresentationKind, str] = {
            "summary": _chunk_summary(own),
            "keywords": ", ".join(found),
            "title": " > ".join((task.document, *leaf.headings)),
        }
        new += [(leaf.key, kind, writers[kind]) for kind in kinds if writers[kind]]
    vectors = _embed(tools, task, "representations", [text for _, _, text in new])
    return [
        NewRepresentation(key, kind, text, vector.astype(np.float16))
        for (key, kind, text), vector in zip(new, vectors, strict=True)
    ]


def _chunk_summary(sentences: Sequence[Sentence]) -> str:
    if len(sentences) < 3:
        return ""
    vectors = np.stack([sentence.vector for sentence in sentences])
    rows = central_sentences(vectors, [sentence.tokens for sentence in sentences], SUMMARY_TOKENS)
    return join_sentences([sentences[row].text for row in rows])


def _tree(
    tools: EnrichmentTools,
    task: EnrichmentTask,
    leaves: Sequence[Leaf],
    sentences: Sequence[Sentence],
    owners: Sequence[int],
) -> list[trees.NewNode]:
    of_leaf: list[list[int]] = [[] for _ in leaves]
    for position, owner in enumerate(owners):
        of_leaf[owner].append(position)
    parts = [
        Part(leaf.vector.astype(np.float32), tuple(own), leaf.key) for leaf, own in zip(leaves, of_leaf, strict=True)
    ]
    return build_tree(task.document, parts, sentences, lambda texts: _embed(tools, task, "tree", texts))


def _embed(tools: EnrichmentTools, task: EnrichmentTask, stage: str, texts: Sequence[str]) -> NDArray[np.float32]:
    """Vectors of the texts, a stride at a time, with the progress noted; what is known already is not embedded."""
    rows: list[NDArray[np.float32]] = []
    for start in range(0, len(texts), STRIDE):
        tools.go_first()
        stride = texts[start : start + STRIDE]
        with tools.database.read() as connection:
            known = chunks.known_vectors(connection, stride, tools.model_id)
        missing = [text for text in dict.fromkeys(stride) if text not in known]
        if missing:
            known |= dict(zip(missing, tools.embed(missing).astype(np.float16), strict=True))
        rows += [known[text].astype(np.float32) for text in stride]
        with tools.database.write() as connection:
            enrichment.note(connection, task.revision_key, stage, start + len(stride), len(texts))
    return np.stack(rows) if rows else np.zeros((0, 0), dtype=np.float32)
