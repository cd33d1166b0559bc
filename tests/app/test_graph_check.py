"""The doctor looks into the graphs: nothing in them may stand on what is not there."""

import sqlite3
from contextlib import closing

import pytest

from app.doctor import examine, mend
from app.settings import Settings
from retrieval.store import documents
from tests.app.conftest import Running
from tests.fakes import HashEmbedder

TEXT = "Item | Supplier\nBrake disc | Giunta Freni\nTruing stand | Plumb Line"


def findings(running: Running) -> list[str]:
    found = examine(running.service.settings, lambda _settings, _name: HashEmbedder.model_id)
    return [finding.problem for finding in found if "graph" in finding.problem]


def sabotage(settings: Settings, *statements: str) -> None:
    with closing(sqlite3.connect(settings.data_dir / "scholiast.db")) as connection:  # without foreign keys
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def filled(running: Running) -> str:
    running.add("The harbour wall is old.", name="other.txt")
    document_id = running.add(TEXT, name="stock.txt")
    running.enrich()
    return document_id


def test_a_sound_graph_gives_no_findings_also_after_deletions(running: Running) -> None:
    document_id = filled(running)
    assert findings(running) == []
    assert running.client.delete(f"/v1/documents/{document_id}").status_code == 204
    assert findings(running) == []


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("DELETE FROM graph_documents", "without a chunk that searches see"),
        ("UPDATE graph_edges SET chunk_key = (SELECT min(key) FROM chunks)", "their chunk does not mention"),
        ("UPDATE documents SET active_revision = NULL WHERE name = 'stock.txt'", "without a chunk that searches see"),
        ("DELETE FROM graph_mentions", "entities that no chunk mentions"),
        ("DELETE FROM graph_mentions WHERE name = 'Plumb Line'", "their chunk does not mention"),
        ("UPDATE graph_documents SET state = 'failed'", "could not be read"),
    ],
)
def test_what_is_wrong_is_found_and_mended(running: Running, statement: str, problem: str) -> None:
    filled(running)
    sabotage(running.service.settings, statement)
    found = examine(running.service.settings, lambda _settings, _name: HashEmbedder.model_id)
    mine = [finding for finding in found if "graph" in finding.problem]
    assert any(problem in finding.problem for finding in mine)
    mend(running.service.settings, mine)
    assert findings(running) == []
    running.enrich()
    assert findings(running) == []


def test_the_state_of_a_document_says_how_far_its_graph_is(running: Running) -> None:
    document_id = running.add(TEXT, name="stock.txt")
    state = running.client.get(f"/v1/documents/{document_id}").json()["graph"]
    assert state == {"status": "waiting", "entities": 0, "relations": 0, "values": 0}
    running.enrich()
    state = running.client.get(f"/v1/documents/{document_id}").json()["graph"]
    assert (state["status"], state["entities"], state["relations"]) == ("done", 4, 2)
    changed = running.client.patch("/v1/collections/default", json={"settings": {"graph": False}})
    assert changed.json()["settings"]["graph"] is False
    running.enrich()
    state = running.client.get(f"/v1/documents/{document_id}").json()["graph"]
    assert state == {"status": "off", "entities": 0, "relations": 0, "values": 0}
    with running.service.storage.database.read() as connection:
        assert documents.get(connection, document_id).status == "ready"
