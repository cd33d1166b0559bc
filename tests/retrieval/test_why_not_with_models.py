"""The real embedder and the ranker that ships: an explanation is the search's own account."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.settings import Settings
from retrieval.embedding import SentenceEmbedder
from retrieval.pipeline import Retriever
from retrieval.ranking import Ranker
from retrieval.store import models
from retrieval.types import SearchRequest
from retrieval.why_not import why_not
from tests.fakes import Library

pytestmark = pytest.mark.models

SUBJECTS = ("tulips", "bicycles", "lighthouses", "bread", "glaciers", "violins", "ferries", "beehives")


def test_what_a_real_search_leaves_out_is_explained_and_the_changes_hold(tmp_path: Path) -> None:
    settings = Settings(_env_file=None)
    embedder = SentenceEmbedder(settings.model_folder(settings.embedding_model), 1)
    library = Library(tmp_path)
    with library.database.write() as connection:
        models.want(connection, embedder.model_id, settings.embedding_model)
        models.switch(connection, embedder.model_id, "")
    library.tools = replace(library.tools, embed=embedder.embed_passages, model_id=embedder.model_id)
    for subject in SUBJECTS:
        library.add(f"A short history of {subject}, and how people came to love them.")
    expected = library.add("Opening hours: the museum is closed on Mondays.")
    retriever = Retriever(library.database, library.snapshots(), {embedder.model_id: embedder}, Ranker())
    request = SearchRequest("When was the history of violins written?", "default", 3, candidates=1)

    found = why_not(library.database, retriever, request, expected.id, None)

    assert found.fell_out == "recall"
    assert found.changes
    for change in found.changes:
        hits = retriever.search(replace(request, k=9, **change.request)).hits
        assert hits[change.rank - 1].chunk.id == found.chunk_id
    longer = replace(request, candidates=100)
    cut = why_not(library.database, retriever, longer, expected.id, None)
    assert cut.fell_out == "cut"
    assert cut.features
    library.database.close()
