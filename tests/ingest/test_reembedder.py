"""A second model embeds what is there and what comes, is compared, takes over, and can give way again."""

import threading
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import func, select

from ingest import reembedder as reembedder_module
from ingest.enricher import Enricher
from ingest.maintenance import Maintenance
from ingest.pipeline import IngestTools, embed, ingest_document, parse, publish, split
from ingest.reembedder import Reembedder
from retrieval.embedders import Embedders
from retrieval.errors import Conflict
from retrieval.pipeline import Retriever
from retrieval.snapshot import Snapshots
from retrieval.store import changes, collections, generations, models, reembedding
from retrieval.store.documents import Document
from retrieval.store.models import EmbeddingModel
from retrieval.store.schema import node_vectors, representations
from retrieval.types import SearchRequest, SearchResult
from tests.fakes import HashEmbedder, Library, RecordingJobs, load_scripted, scripted_ranker

SUBJECTS = ["ferry harbour timetable", "library tools loans", "allotment beans harvest", "bakery bread ovens"]


def long_text(paragraphs: int = 12) -> str:
    return "\n\n".join(
        " ".join(f"Sentence {line} of part {number} tells of the {SUBJECTS[number % 4]}." for line in range(40))
        for number in range(paragraphs)
    )


class Changing:
    """A library whose models may change, with the parts of a worker that take part in it."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.database = library.database
        self.embedders = Embedders(library.database, self.load)
        self.replaced: dict[str, HashEmbedder] = {}  # what `load` gives for a name in place of the usual
        self.reembedder = self.another_worker()
        self.retriever = Retriever(
            library.database, Snapshots(library.database, library.files), self.embedders, scripted_ranker()
        )

    def load(self, name: str) -> HashEmbedder:
        return self.replaced.get(name) or load_scripted(name)

    def another_worker(self) -> Reembedder:
        return Reembedder(self.database, self.library.files, Embedders(self.database, self.load), Path("lock"))

    def tools(self) -> IngestTools:
        embedder, tools = self.embedders.active(), self.library.tools
        return IngestTools(
            self.database,
            tools.blobs,
            tools.parser,
            embedder.count_tokens,
            embedder.embed_passages,
            embedder.model_id,
        )

    def add(self, text: str, **metadata: object) -> Document:
        document = self.library.accept(text, **metadata)
        ingest_document(self.tools(), document)
        return self.library.get(document.id)

    def enrich(self) -> None:
        Enricher(self.database, self.tools, Path("lock")).enrich_waiting(threading.Event())

    def want(self, name: str = "other") -> None:
        with self.database.write() as connection:
            models.want(connection, f"{name}@1", name)

    def advance(self, rounds: int = 1) -> None:
        for _ in range(rounds):
            self.reembedder.advance(threading.Event())

    def change(self, name: str = "other") -> None:
        self.want(name)
        self.advance()
        assert self.active().name == name

    def roll_back(self) -> None:
        with self.database.write() as connection:
            models.roll_back(connection)

    def active(self) -> EmbeddingModel:
        with self.database.read() as connection:
            return models.active(connection)

    def wanted(self) -> EmbeddingModel:
        with self.database.read() as connection:
            found = models.having(connection, "wanted")
        assert found is not None
        return found

    def stored(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        with self.database.read() as connection:
            for table in (representations, node_vectors):
                rows = connection.execute(select(table.c.model_id, func.count()).group_by(table.c.model_id))
                for model_id, count in rows:
                    counts[model_id] = counts.get(model_id, 0) + count
        return counts

    def search(self, query: str, **options: object) -> SearchResult:
        return self.retriever.search(SearchRequest(query, "default", 5, **options))  # type: ignore[arg-type]

    def dense(self, query: str) -> list[str]:
        """Texts that are found by their vectors."""
        return [hit.chunk.text for hit in self.search(query).hits if hit.why.get("dense_score", 0) > 0.3]


@pytest.fixture
def changing(library: Library) -> Changing:
    return Changing(library)


def used(result: SearchResult) -> str:
    """The one model that snapshot and query are of."""
    (model,) = {stage.details["model"] for stage in result.trace.stages if "model" in stage.details}
    return str(model)


def test_everything_that_has_vectors_gets_them_of_the_new_model_and_is_found_by_them(changing: Changing) -> None:
    kinds = ["text", "summary", "keywords", "title", "tree"]
    with changing.database.write() as connection:
        collections.ensure(connection, "default")
        collections.change_settings(connection, "default", {"representations": kinds})
    changing.add(long_text(), name="Harbour notes.txt")
    changing.add("A note about goats.", collection="farm")
    changing.enrich()
    before = changing.stored()
    changing.change()
    assert changing.stored() == {"hash@1": before["hash@1"], "other@1": before["hash@1"]}
    found = changing.search("the ferry harbour timetable")
    assert used(found) == "other@1"
    assert found.embedder.model_id == "other@1"
    assert any("tree_rank" in hit.why for hit in found.hits)
    title = changing.search("Harbour notes", representations=frozenset({"title"}))
    assert title.hits[0].why["dense_score"] > 0.5
    assert "sampled chunks found" in (changing.active().parity or "")


def test_parts_that_stand_for_their_chunk_are_embedded_anew_too(changing: Changing) -> None:
    with changing.database.write() as connection:
        collections.ensure(connection, "default")
        collections.change_settings(connection, "default", {"chunking": "sentence_window"})
    changing.add(long_text(2))
    vectors = changing.stored()["hash@1"]
    changing.change()
    assert changing.stored()["other@1"] == vectors
    assert vectors > 2 * changing.library.get(changing.add("One more.").id).chunk_count


def test_the_old_model_answers_until_the_switch(changing: Changing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reembedder_module, "STRIDE", 1)
    for number in range(5):
        changing.add(f"Note {number} about goats.")
    seen = []

    class Watching(HashEmbedder):
        def embed_passages(self, passages: object) -> NDArray[np.float32]:
            seen.append(used(changing.search("goats")))
            return super().embed_passages(passages)  # type: ignore[arg-type]

    changing.replaced["other"] = Watching("other@1", 48)
    changing.change()
    assert seen == ["hash@1"] * 5
    assert used(changing.search("goats")) == "other@1"


def test_a_document_that_comes_during_the_change_is_embedded_before_the_switch(changing: Changing) -> None:
    changing.add("A note about goats.")
    late = []

    class Interrupted(HashEmbedder):
        def embed_query(self, query: str) -> NDArray[np.float32]:
            if not late:  # in the comparison, when everything seemed to be embedded
                late.append(changing.add("A note about boats.").id)
            return super().embed_query(query)

    changing.replaced["other"] = Interrupted("other@1", 48)
    changing.want()
    changing.advance()
    assert changing.active().name == "hash"
    changing.advance()
    assert changing.active().name == "other"
    assert changing.dense("boats") == ["A note about boats."]
    assert changing.stored() == {"hash@1": 2, "other@1": 2}


def test_a_document_that_is_embedded_when_the_switch_comes_gets_vectors_of_the_new_model_before_it_is_visible(
    changing: Changing,
) -> None:
    changing.add("A note about goats.")
    document = changing.library.accept("A note about boats.")
    tools = changing.tools()
    split(tools, [document], parse(tools, [document]))
    embed(tools, [document])
    with changing.database.write() as connection:
        models.want(connection, "other@1", "other")
        models.switch(connection, "other@1", "by hand")
    publish(tools, [document])
    assert changing.library.get(document.id).status != "ready"
    ingest_document(changing.tools(), document)  # the worker's next attempt
    assert changing.library.get(document.id).status == "ready"
    assert "A note about boats." in changing.dense("boats")


def test_ingest_goes_first(changing: Changing) -> None:
    changing.add("A note about goats.")
    waiting = changing.library.accept("A note about boats.")
    changing.want()
    stop = threading.Event()
    round_ = threading.Thread(target=changing.reembedder.advance, args=(stop,))
    round_.start()
    round_.join(0.3)
    assert round_.is_alive()
    assert "other@1" not in changing.stored()
    ingest_document(changing.tools(), waiting)
    round_.join(10)
    assert changing.active().name == "other"
    assert changing.stored()["other@1"] == 2


def test_a_rollback_finds_what_came_after_the_switch(changing: Changing) -> None:
    changing.add("A note about goats.")
    changing.change()
    changing.add("A note about boats.")
    assert changing.stored() == {"hash@1": 1, "other@1": 2}
    changing.advance()
    assert changing.stored() == {"hash@1": 2, "other@1": 2}
    changing.roll_back()
    assert used(changing.search("boats")) == "hash@1"
    assert changing.dense("boats") == ["A note about boats."]
    changing.roll_back()
    assert used(changing.search("boats")) == "other@1"
    assert changing.dense("boats") == ["A note about boats."]


def test_what_the_kept_model_has_not_embedded_is_found_by_its_words_at_once_and_soon_by_its_vector(
    changing: Changing,
) -> None:
    changing.add("A note about goats.")
    changing.change()
    changing.add("A note about boats.")
    changing.roll_back()
    assert "A note about boats." in [hit.chunk.text for hit in changing.search("boats").hits]
    assert "A note about boats." not in changing.dense("boats")
    changing.advance()
    assert "A note about boats." in changing.dense("boats")


def test_a_document_that_waits_to_be_enriched_waits_until_the_model_has_embedded_it(changing: Changing) -> None:
    with changing.database.write() as connection:
        collections.ensure(connection, "default")
        collections.change_settings(connection, "default", {"representations": ["text", "tree"]})
    changing.add("A note about goats.")
    changing.change()
    document = changing.add(long_text())
    changing.roll_back()
    changing.enrich()
    assert changing.library.get(document.id).enrichment == "waiting"
    changing.advance()
    changing.enrich()
    assert changing.library.get(document.id).enrichment == "done"
    assert any("tree_rank" in hit.why for hit in changing.search("ferry harbour").hits)
    changing.advance()
    changing.roll_back()
    assert any("tree_rank" in hit.why for hit in changing.search("ferry harbour").hits)


def test_a_model_that_finds_less_does_not_take_over_and_says_why(changing: Changing) -> None:
    for number in range(30):
        changing.add(f"Note {number} about {SUBJECTS[number % 4]} and matter {number * 7}.")

    class Blind(HashEmbedder):
        def _vector(self, text: str) -> NDArray[np.float32]:
            return super()._vector("everything is alike")

    changing.replaced["other"] = Blind("other@1", 48)
    changing.want()
    changing.advance(2)
    assert changing.active().name == "hash"
    assert "does not serve collection 'default' as well" in (changing.wanted().problem or "")
    assert "found by a sentence of their own (before: 30)" in (changing.wanted().problem or "")
    with changing.database.write() as connection:
        models.give_up(connection, "wanted")
    changing.advance()
    assert set(changing.stored()) == {"hash@1"}


def test_a_model_that_is_missing_stops_the_change_and_nothing_else(changing: Changing) -> None:
    changing.add("A note about goats.")
    changing.want("missing")
    changing.advance()
    assert "not installed" in (changing.wanted().problem or "")
    assert changing.dense("goats") == ["A note about goats."]


def test_what_is_given_up_leaves_neither_vectors_nor_index_behind(changing: Changing) -> None:
    changing.add("A note about goats.")
    changing.library.build()
    changing.change()
    with changing.database.read() as connection:
        folders = set(generations.folders(connection))
    assert {path.name for path in changing.library.files.folder.iterdir()} == folders
    assert len(folders) == 2
    changing.library.files.sweep(changing.database)
    assert {path.name for path in changing.library.files.folder.iterdir()} == folders
    with changing.database.write() as connection:
        models.give_up(connection, "kept")
    changing.advance()
    assert changing.stored() == {"other@1": 1}
    with changing.database.read() as connection:
        kept = generations.newest(connection, "default", "other@1")
    assert kept is not None
    assert [path.name for path in changing.library.files.folder.iterdir()] == [kept.folder]


def test_a_killed_worker_is_followed_by_one_that_embeds_only_what_is_left(
    changing: Changing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reembedder_module, "STRIDE", 4)
    for number in range(20):
        changing.add(f"Note {number} about goats.")

    class Dying(HashEmbedder):
        def embed_passages(self, passages: object) -> NDArray[np.float32]:
            if len(self.embedded) >= 8:
                raise KeyboardInterrupt
            return super().embed_passages(passages)  # type: ignore[arg-type]

    changing.replaced["other"] = Dying("other@1", 48)
    changing.want()
    with pytest.raises(KeyboardInterrupt):
        changing.advance()
    assert changing.stored()["other@1"] == 8
    assert (changing.wanted().progress_done, changing.wanted().progress_total) == (8, 20)
    successor = changing.replaced["other"] = HashEmbedder("other@1", 48)
    changing.another_worker().advance(threading.Event())
    assert changing.active().name == "other"
    assert len(successor.embedded) == 12


def test_a_change_that_is_given_up_while_it_embeds_ends_at_once_and_can_begin_again(changing: Changing) -> None:
    changing.add("A note about goats.")

    class GivenUp(HashEmbedder):
        def embed_passages(self, passages: object) -> NDArray[np.float32]:
            with changing.database.write() as connection:
                models.give_up(connection, "wanted")
            return super().embed_passages(passages)  # type: ignore[arg-type]

    changing.replaced["other"] = GivenUp("other@1", 48)
    changing.want()
    with pytest.raises(Conflict, match="not in use any more"):
        changing.advance()
    assert changing.stored() == {"hash@1": 1}
    del changing.replaced["other"]
    changing.reembedder = changing.another_worker()
    changing.change()
    assert changing.stored() == {"hash@1": 1, "other@1": 1}


def test_a_document_that_is_deleted_while_it_is_embedded_leaves_nothing_behind(changing: Changing) -> None:
    changing.add("A note about goats.")
    gone = changing.add("A note about boats.")

    class Deleting(HashEmbedder):
        def embed_passages(self, passages: object) -> NDArray[np.float32]:
            changing.library.remove(gone.id)
            return super().embed_passages(passages)  # type: ignore[arg-type]

    changing.replaced["other"] = Deleting("other@1", 48)
    changing.want()
    changing.advance(2)
    assert changing.stored() == {"hash@1": 1, "other@1": 1}


def test_an_index_of_a_kept_model_is_built_once_it_is_complete_and_kept_current(
    changing: Changing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.maintenance.QUIET_SECONDS", 0.0)
    library = changing.library
    maintenance = Maintenance(library.database, library.blobs, library.files, RecordingJobs())  # type: ignore[arg-type]
    changing.add("A note about goats.")
    changing.change()
    changing.add("A note about boats.")
    maintenance._build()

    def built(model_id: str) -> int:
        with changing.database.read() as connection:
            found = generations.newest(connection, "default", model_id)
        return found.chunk_count if found is not None else 0

    assert (built("other@1"), built("hash@1")) == (2, 0)
    changing.advance()
    maintenance._build()
    assert (built("other@1"), built("hash@1")) == (2, 2)


def test_readers_hear_nothing_of_vectors_that_no_search_needs_yet(changing: Changing) -> None:
    changing.add("A note about goats.")
    with changing.database.read() as connection:
        before = changes.newest(connection)
    changing.change()
    with changing.database.read() as connection:
        assert changes.newest(connection) == before
        assert reembedding.complete(connection, "hash@1")
