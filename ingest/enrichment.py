"""What follows once a document is searchable: further representations of its chunks, its RAPTOR tree and its digest.

`enrich_document` is the whole of it. Nothing waits for it: it runs one document at a time, lets ingest go first
between any two steps, and shows its work all at once in the transaction that ends it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.model_on_demand import ModelOnDemand
from ingest.model_writer import ModelWriter
from ingest.precedence import EnrichmentStopped
from ingest.representing import MAKERS, Material
from ingest.tree import Part, Sentence, build_tree
from retrieval import failpoints
from retrieval.representations import DEFAULT_WRITER, MADE_BY_DEFAULT, TREE, RepresentationKind
from retrieval.sentences import sentence_spans
from retrieval.store import chunks, digests, enrichment, trees
from retrieval.store.chunks import Leaf, NewRepresentation
from retrieval.store.database import Database
from retrieval.store.digests import Digest, DigestSentence
from retrieval.store.enrichment import EnrichmentTask

# Texts embedded at a time: a document that arrives meanwhile waits for no more than these.
STRIDE = 32
# The shortest sentence that may stand in a summary.
_MIN_SENTENCE_CHARACTERS = 20


@dataclass(frozen=True, slots=True)
class EnrichmentTools:
    """What enriching works with. `go_first` lets more urgent work pass; it raises `EnrichmentStopped` at the end."""

    database: Database
    count_tokens: Callable[[Sequence[str]], Sequence[int]]
    embed: Callable[[Sequence[str]], NDArray[np.float32]]
    model_id: str  # of the embedder
    go_first: Callable[[], None]
    language_model: ModelOnDemand | None = None
    cancelled: Callable[[], bool] = lambda: False  # asked before every token that the language model writes


def asks_for_more(task: EnrichmentTask) -> bool:
    """Whether the collection's settings ask for anything beside the text itself."""
    return bool(_wanted(task) - {"text"})


def enrich_document(tools: EnrichmentTools, task: EnrichmentTask) -> None:
    """Adds what the collection's settings ask for to a visible revision; a second time replaces the first."""
    wanted = _wanted(task)
    with tools.database.read() as connection:
        leaves = chunks.leaves(connection, task.revision_key, tools.model_id)
    has_tree = TREE in wanted and bool(leaves)
    sentences = _sentences(tools, task, leaves) if has_tree or "summary" in wanted else [[] for _ in leaves]
    writer = _writer(tools, task)
    represented = _represent(tools, task, Material(task.document, leaves, sentences, writer))
    nodes, digest = _tree(tools, task, leaves, sentences, writer) if has_tree else ([], None)
    failpoints.reached("enrich.made")
    with tools.database.write() as connection:
        if not enrichment.is_wanted(connection, task):
            raise EnrichmentStopped
        chunks.replace_representations(connection, task.revision_key, represented, tools.model_id)
        trees.replace(connection, task.revision_key, nodes, tools.model_id)
        digests.replace(connection, task.collection, task.revision_key, digest, tools.model_id)
        if writer is not None:
            writer.forget_others(connection)
        enrichment.publish(connection, task, writer.remark if writer else None)
        failpoints.reached("enrich.stored")
    failpoints.reached("enrich.committed")


def _wanted(task: EnrichmentTask) -> set[str]:
    return set(task.settings.get("representations", MADE_BY_DEFAULT))


def _writer(tools: EnrichmentTools, task: EnrichmentTask) -> ModelWriter | None:
    """The language model, where the collection wants its texts and this worker has one."""
    if task.settings.get("representation_writer", DEFAULT_WRITER) != "model" or tools.language_model is None:
        return None
    return ModelWriter(tools.database, tools.language_model, task, tools.go_first, tools.cancelled)


def _sentences(tools: EnrichmentTools, task: EnrichmentTask, leaves: Sequence[Leaf]) -> list[list[Sentence]]:
    """The sentences of each chunk with their vectors."""
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
    of_leaf: list[list[Sentence]] = [[] for _ in leaves]
    for owner, *sentence in zip(owners, texts, counts, vectors, strict=True):
        of_leaf[owner].append(Sentence(*sentence))
    return of_leaf


def _represent(tools: EnrichmentTools, task: EnrichmentTask, material: Material) -> list[NewRepresentation]:
    """Texts that stand for the chunks beside their own, each with its vector."""
    wanted = _wanted(task)
    new: dict[tuple[int, RepresentationKind, str], None] = {}  # in order, each once
    for kind, make in MAKERS.items():
        if kind in wanted:
            for leaf, texts in zip(material.leaves, make(material), strict=True):
                new |= dict.fromkeys((leaf.key, kind, text) for text in texts)
    vectors = _embed(tools, task, "representations", [text for _, _, text in new])
    return [
        NewRepresentation(key, kind, text, vector.astype(np.float16))
        for (key, kind, text), vector in zip(new, vectors, strict=True)
    ]


def _tree(
    tools: EnrichmentTools,
    task: EnrichmentTask,
    leaves: Sequence[Leaf],
    sentences: Sequence[Sequence[Sentence]],
    writer: ModelWriter | None,
) -> tuple[Sequence[trees.NewNode], Digest]:
    """The document's tree, and what it gives to the tree of its collection."""
    flat: list[Sentence] = []
    parts: list[Part] = []
    for leaf, own in zip(leaves, sentences, strict=True):
        positions = tuple(range(len(flat), len(flat) + len(own)))
        parts.append(Part(leaf.vector.astype(np.float32), positions, leaf.key))
        flat += own
    tree = build_tree(
        task.document,
        parts,
        flat,
        lambda texts: _embed(tools, task, "tree", texts),
        writer.overviews if writer else None,
    )
    said = [flat[position] for position in tree.gist]
    root = tree.nodes[-1].vector if tree.nodes else digests.mean_vector([part.vector for part in parts])
    return tree.nodes, Digest(
        root.astype(np.float16),
        [DigestSentence(item.text, item.tokens, item.vector.astype(np.float16)) for item in said],
    )


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
