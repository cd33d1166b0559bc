"""Makes retrieval/guard_questions.npz: the candidates of the sample questions as numbers, for the guard of new rankers.

Run by hand when features, embedder, analyser or chunking change: `python -m bench.guard_questions`.
"""

import numpy as np

from app.settings import Settings
from bench import examples
from bench.library import COLLECTION, opened
from retrieval.guard import GUARD
from retrieval.ranking import RANKED_PER_CANDIDATE
from retrieval.store import chunks
from retrieval.trace import Trace
from retrieval.types import Chunk, Json, SearchRequest

# Candidates of a question, in the order of fusion: deeper ones have next to no answers, and the file is in every clone.
_DEPTH = 40


def main() -> None:
    """Ingests the sample documents, asks their questions and writes the file."""
    features, answers, sizes = [], [], []
    with opened(Settings()) as library:
        names_of = examples.store(library)
        library.build()
        for entry in examples.questions():
            request = SearchRequest(entry["question"], COLLECTION, 10)
            found = library.retriever.find(request, Trace(), RANKED_PER_CANDIDATE * request.candidates)
            by_key = {item.key: item for item in found.ranked}
            kept = [by_key[key] for key, _ in found.fused[:_DEPTH]]
            with library.database.read() as connection:
                texts = chunks.visible(connection, [item.key for item in kept])
            right = [_answers(texts[item.key], names_of[texts[item.key].document_id], entry) for item in kept]
            if not any(right):
                continue
            features.append(np.array([list(item.features.values()) for item in kept], dtype=np.float16))
            answers.append(np.array(right))
            sizes.append(len(kept))
        names = " ".join(library.ranker.features)
    np.savez_compressed(
        GUARD,
        names=np.array(names),
        features=np.concatenate(features),
        answers=np.concatenate(answers),
        sizes=np.array(sizes),
    )
    print(f"{len(sizes)} questions, {sum(sizes)} candidates, {GUARD.stat().st_size / 1000:.0f} kB")


def _answers(chunk: Chunk, document: str, entry: Json) -> bool:
    """Whether the chunk is of a document that answers the question, and has any accepted form of the answer."""
    text = " ".join(chunk.text.split()).casefold()
    return document in entry["documents"] and any(form.casefold() in text for form in entry["answer_any"])


if __name__ == "__main__":
    main()
