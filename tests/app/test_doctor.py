"""Each thing that can be wrong is found and named with what mends it; mending loses nothing and is done in one go."""

import os
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from sqlalchemy import delete, func, select, text, update
from typer.testing import CliRunner

from app.checks.finding import Finding, Scene
from app.checks.indexes import check_indexes
from app.cli import app as command_line
from app.doctor import examine, main, mend
from app.settings import Settings
from retrieval.errors import NotFound
from retrieval.store import documents as document_rows
from retrieval.store import models
from retrieval.store.schema import (
    changes,
    chunks,
    collection_nodes,
    document_digests,
    documents,
    embedding_models,
    extracted_texts,
    generations,
    node_vectors,
    representations,
)
from tests.app.conftest import Running
from tests.fakes import HashEmbedder, load_scripted

_LONG_AGO = (0.0, 0.0)


class Patient:
    """A data folder with three searchable documents and an index, whose service has stopped."""

    def __init__(self, running: Running) -> None:
        self.running = running
        running.service.stop()  # its thread would open the database again
        self.settings = running.service.settings
        self.storage = running.service.storage
        self.documents = [running.add(f"Text number {number}.", name=f"{number}.txt") for number in range(3)]
        self.build()

    def build(self) -> None:
        self.storage.files.build(self.storage.database, "default", HashEmbedder.model_id)

    def execute(self, *statements: Any) -> None:
        with self.storage.database.write() as connection:
            for statement in statements:
                connection.execute(statement)

    def script(self, statements: str) -> None:
        """Runs SQL without the checks of foreign keys that keep such things from happening."""
        with closing(sqlite3.connect(self.settings.data_dir / "scholiast.db")) as connection:
            connection.executescript(statements)

    def examine(self, **settings: Any) -> Sequence[Finding]:
        changed = Settings(data_dir=self.settings.data_dir, _env_file=None, **settings)
        return examine(changed, lambda _settings, name: load_scripted(name).model_id)

    def only_finding(self) -> Finding:
        (finding,) = self.examine()
        return finding

    def mend(self) -> Sequence[str]:
        """What was done; a second look finds nothing."""
        done = mend(self.settings, self.examine())
        assert self.examine() == []
        return done

    def blob(self, document: str) -> Path:
        with self.storage.database.read() as connection:
            return self.storage.blobs.path(document_rows.get(connection, document).content_sha256)

    def revision_of(self, document: str) -> Any:
        return select(documents.c.latest_revision).where(documents.c.id == document).scalar_subquery()

    def chunks_of(self, document: str) -> Any:
        return select(chunks.c.key).where(chunks.c.revision_key == self.revision_of(document))

    def index_folder(self) -> Path:
        (folder,) = [path for path in (self.settings.data_dir / "indexes").iterdir() if path.name.isalnum()]
        return folder

    def assert_processed_again(self, document: str) -> None:
        """It stays visible while it waits, and is whole once a worker has been there."""
        assert self.running.client.get(f"/v1/documents/{document}").json()["status"] == "queued"
        with self.storage.database.read() as connection:
            assert document_rows.get(connection, document).active_revision is not None
        self.running.ingest()
        assert self.running.client.get(f"/v1/documents/{document}").json()["status"] == "ready"
        self.build()
        assert self.examine() == []


@pytest.fixture
def patient(running: Running) -> Patient:
    return Patient(running)


def test_a_sound_folder_has_no_findings(patient: Patient) -> None:
    assert patient.examine() == []


def test_documents_that_wait_with_a_job_are_no_finding(patient: Patient) -> None:
    patient.running.client.post("/v1/documents/text", json={"name": "waiting.txt", "text": "Waiting text."})
    assert patient.examine() == []


@pytest.mark.parametrize("damage", ["file", "missing", "folder"])
def test_a_damaged_or_missing_index_is_dropped_and_can_be_rebuilt(patient: Patient, damage: str) -> None:
    folder = patient.index_folder()
    if damage == "folder":
        shutil.rmtree(folder)
    else:
        file = next(path for path in folder.iterdir() if path.name != "manifest.json")
        file.unlink() if damage == "missing" else file.write_bytes(b"damaged" + file.read_bytes())
    finding = patient.only_finding()
    assert "index of collection default is damaged" in finding.problem
    assert "scholiast doctor --fix" in finding.remedy
    assert patient.mend() == ["Dropped the index of collection default; the worker rebuilds it."]
    assert not folder.exists()
    patient.build()
    assert patient.examine() == []


def test_an_index_that_is_replaced_while_the_check_looks_is_no_finding(patient: Patient) -> None:
    with patient.storage.database.read() as connection:
        scene = Scene(connection, patient.storage, patient.settings.data_dir, HashEmbedder.model_id, frozenset())
        assert list(check_indexes(scene)) == []  # from here on the connection sees this moment
        replaced = patient.index_folder()
        patient.build()
        assert not replaced.exists()
        assert list(check_indexes(scene)) == []


def test_an_index_that_lacks_a_chunk_is_dropped(patient: Patient) -> None:
    keep = patient.documents[0]
    patient.execute(
        delete(chunks).where(chunks.c.revision_key == patient.revision_of(keep)),
    )
    assert "too many" in patient.only_finding().problem
    patient.mend()


def test_an_index_of_another_model_is_dropped(patient: Patient) -> None:
    folder = patient.index_folder()
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace(HashEmbedder.model_id, "old@1"))
    patient.execute(update(generations).values(model_id="old@1"))
    assert "made with the model old@1, which is not in use" in patient.only_finding().problem
    patient.mend()


def test_originals_and_uploads_that_belong_to_nothing_are_removed_once_they_are_old(patient: Patient) -> None:
    sha256 = patient.storage.blobs.put([b"belongs to nothing"]).sha256
    orphan = patient.storage.blobs.path(sha256)
    upload = patient.settings.data_dir / "blobs" / "incoming" / "broken-off"
    upload.write_bytes(b"half")
    assert patient.examine() == []
    for path in (orphan, upload):
        os.utime(path, _LONG_AGO)
    assert "2 stored files" in patient.only_finding().problem
    assert patient.mend() == ["Removed 2 files that no document uses."]
    assert not orphan.exists()
    assert not upload.exists()


@pytest.mark.parametrize("name", ["0123abcd", "building-0123abcd"])
def test_folders_of_indexes_that_nobody_needs_are_removed_once_they_are_old(patient: Patient, name: str) -> None:
    folder = patient.settings.data_dir / "indexes" / name
    folder.mkdir()
    (folder / "dense.faiss").touch()
    assert patient.examine() == []
    os.utime(folder, _LONG_AGO)
    assert patient.examine() == []  # a build is still writing files there
    os.utime(folder / "dense.faiss", _LONG_AGO)
    assert patient.only_finding().problem == f"The folder indexes/{name} is left over."
    patient.mend()
    assert not folder.exists()
    assert patient.index_folder().exists()


def test_what_a_killed_backup_left_is_removed(patient: Patient) -> None:
    folder = patient.settings.data_dir / "scholiast-unfinished-abc"
    folder.mkdir()
    os.utime(folder, _LONG_AGO)
    assert "scholiast-unfinished-abc" in patient.only_finding().problem
    patient.mend()
    assert not folder.exists()


def test_a_document_without_a_job_is_queued_again(patient: Patient) -> None:
    patient.running.client.post("/v1/documents/text", json={"name": "lost.txt", "text": "Lost text."})
    patient.execute(text("DELETE FROM workflow_status"))
    assert "(lost.txt) waits to be processed, but has no job" in patient.only_finding().problem
    assert patient.mend() == ["Queued 1 documents again, cancelled 0 jobs without a document."]


def test_a_job_whose_document_was_deleted_is_no_finding(patient: Patient) -> None:
    accepted = patient.running.client.post("/v1/documents/text", json={"name": "gone.txt", "text": "Gone text."})
    patient.running.client.delete(f"/v1/documents/{accepted.json()['documents'][0]['id']}")
    assert patient.examine() == []


def test_a_chunk_without_a_vector_gets_one(patient: Patient) -> None:
    document = patient.documents[1]
    patient.execute(delete(representations).where(representations.c.chunk_key.in_(patient.chunks_of(document))))
    assert "(1.txt) has chunks without a vector" in patient.only_finding().problem
    assert patient.mend() == [f"Queued document {document} (1.txt) to be processed again."]
    patient.assert_processed_again(document)


def test_a_few_vectors_of_another_model_are_replaced(patient: Patient) -> None:
    document = patient.documents[1]
    patient.execute(
        update(representations)
        .where(representations.c.chunk_key.in_(patient.chunks_of(document)))
        .values(model_id="old@1")
    )
    assert {finding.problem for finding in patient.examine()} == {
        "1 vectors come from the model old@1, which is not in use.",
        f"Document {document} (1.txt) has chunks without a vector.",
    }
    done = patient.mend()
    assert done[0] == "Removed 1 vectors of models that are not in use."
    patient.assert_processed_again(document)


def test_another_model_in_the_settings_is_said_and_costs_nothing(patient: Patient) -> None:
    (finding,) = patient.examine(embedding_model="other")
    assert "names other, but the documents are embedded with hash, which goes on answering" in finding.problem
    assert "scholiast reembed other" in finding.problem
    assert finding.repair is None


def test_a_model_that_is_not_installed_is_a_finding(patient: Patient) -> None:
    patient.execute(update(embedding_models).values(name="gone"))
    finding = patient.only_finding()
    assert finding.problem == "The embedding model 'gone' is not installed."
    assert "scholiast models pull gone" in finding.remedy


def test_a_model_whose_files_are_of_another_is_a_finding(patient: Patient) -> None:
    patient.execute(update(embedding_models).values(name="other"))
    assert patient.only_finding().problem == (
        "Vectors come from the model hash@1, but under its name there is other@1 now."
    )


def test_a_change_of_the_model_is_no_finding_until_it_stops(patient: Patient) -> None:
    with patient.storage.database.write() as connection:
        models.want(connection, "other@1", "other")
    assert patient.examine() == []
    with patient.storage.database.write() as connection:
        models.stop(connection, "other@1", "It finds less.")
    finding = patient.only_finding()
    assert finding.problem == "The change of the embedding model stopped. It finds less."
    assert "scholiast reembed --cancel" in finding.remedy


def test_vectors_of_summaries_are_looked_at_too(patient: Patient) -> None:
    paragraphs = [" ".join(f"Sentence {line} of part {part}." for line in range(60)) for part in range(12)]
    body = {"representations": ["text", "tree"]}
    assert patient.running.client.patch("/v1/collections/default", json={"settings": body}).status_code == 200
    document = patient.running.add("\n\n".join(paragraphs), name="long.txt")
    patient.running.enrich()
    patient.build()
    assert patient.examine() == []
    patient.execute(update(node_vectors).values(model_id="old@1"))
    problems = {finding.problem for finding in patient.examine()}
    assert f"Document {document} (long.txt) has summaries without a vector." in problems
    assert any("come from the model old@1, which is not in use" in problem for problem in problems)


def _hide(patient: Patient, document: str) -> None:
    patient.execute(update(documents).where(documents.c.id == document).values(active_revision=None))


def _silence(patient: Patient, document: str) -> None:
    patient.execute(delete(changes).where(changes.c.revision_key == patient.revision_of(document)))


def _double(patient: Patient, document: str) -> None:
    patient.script(
        f"""
        CREATE TEMP TABLE twin AS SELECT * FROM chunks
            WHERE revision_key = (SELECT latest_revision FROM documents WHERE id = '{document}');
        UPDATE twin SET id = 'twin', key = (SELECT max(key) + 1 FROM chunks);
        INSERT INTO chunks SELECT * FROM twin;
        INSERT INTO representations (chunk_key, kind, model_id, text_sha256, vector)
            SELECT twin.key, kind, model_id, text_sha256, vector FROM twin, representations LIMIT 1;
        """
    )


def _displace(patient: Patient, document: str) -> None:
    patient.execute(
        update(extracted_texts)
        .where(extracted_texts.c.revision_key == patient.revision_of(document))
        .values(text="Another text altogether.")
    )


_FAULTS = [
    (_hide, "is ready but not searchable"),
    (_silence, "became visible without a change number"),
    (_double, "has a chunk twice"),
    (_displace, "has a chunk that is not the text at its offsets"),
]


@pytest.mark.parametrize(("break_it", "fault"), _FAULTS)
def test_a_faulty_document_is_processed_again(patient: Patient, break_it: Any, fault: str) -> None:
    document = patient.documents[1]
    break_it(patient, document)
    findings = [finding for finding in patient.examine() if document in finding.problem]
    assert [finding.problem for finding in findings] == [f"Document {document} (1.txt) {fault}."]
    patient.mend()
    patient.running.ingest()
    patient.build()
    assert patient.examine() == []
    assert patient.running.client.get(f"/v1/documents/{document}").json()["status"] == "ready"


@pytest.mark.parametrize(("state", "fault"), [("missing", _hide), ("damaged", _displace)])
def test_without_its_original_a_document_is_not_touched_until_the_file_is_uploaded_again(
    patient: Patient, state: str, fault: Any
) -> None:
    document = patient.documents[1]
    blob = patient.blob(document)
    blob.unlink() if state == "missing" else blob.write_bytes(b"damaged")
    finding = patient.only_finding()
    assert finding.problem == f"The original file {blob.name[:12]} of 1.txt is {state}."
    assert finding.remedy == "Upload the same file again: scholiast add FILE --collection default"
    assert finding.repair is None
    fault(patient, document)
    assert all(found.repair is None for found in patient.examine() if document in found.problem)
    patient.running.client.post("/v1/documents/text", json={"name": "1.txt", "text": "Text number 1."})
    patient.mend()
    patient.running.ingest()
    patient.build()
    assert patient.examine() == []


def test_a_document_without_a_revision_needs_a_backup(patient: Patient) -> None:
    patient.execute(update(documents).where(documents.c.id == patient.documents[0]).values(latest_revision=999))
    finding = patient.only_finding()
    assert "has no revision" in finding.problem
    assert "scholiast restore" in finding.remedy


def test_a_damaged_database_needs_a_backup_and_nothing_else_is_asked_of_it(patient: Patient) -> None:
    path = patient.settings.data_dir / "scholiast.db"
    patient.storage.close()
    content = bytearray(path.read_bytes())
    for page in range(60, len(content) // 4096, 2):
        content[page * 4096 : page * 4096 + 2000] = b"\xff" * 2000
    path.write_bytes(content)
    findings = patient.examine()
    assert findings
    assert all("scholiast restore FILE" in finding.remedy and finding.repair is None for finding in findings)


def test_a_file_that_is_no_database_needs_a_backup(tmp_path: Path) -> None:
    (tmp_path / "scholiast.db").write_bytes(b"garbage" * 1000)
    (finding,) = examine(Settings(data_dir=tmp_path, _env_file=None), lambda *_: "hash@1")
    assert "cannot be read" in finding.problem


def test_a_row_without_its_owner_is_a_finding(patient: Patient) -> None:
    patient.script("DELETE FROM documents WHERE key = 1")
    assert any("belongs to a row of documents that does not exist" in it.problem for it in patient.examine())


def test_a_folder_without_a_database_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="SCHOLIAST_DATA_DIR"):
        examine(Settings(data_dir=tmp_path / "missing", _env_file=None))
    assert not (tmp_path / "missing").exists()


def command(patient: Patient, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str]:
    monkeypatch.setenv("SCHOLIAST_DATA_DIR", str(patient.settings.data_dir))
    console = Console(record=True, width=200)
    code = main(arguments, console, lambda *_: HashEmbedder.model_id)
    return code, console.export_text()


def test_the_command_names_findings_mends_them_and_then_finds_nothing(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(patient.index_folder())
    code, output = command(patient, monkeypatch)
    assert (code, "1 findings." in output, "scholiast doctor --fix" in output) == (1, True, True)
    code, output = command(patient, monkeypatch, "--fix")
    assert (code, "Dropped the index" in output, output.endswith("Nothing is wrong.\n")) == (0, True, True)
    assert command(patient, monkeypatch) == (0, "Nothing is wrong.\n")


def test_the_command_still_fails_when_something_cannot_be_mended(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient.blob(patient.documents[0]).unlink()
    shutil.rmtree(patient.index_folder())
    code, output = command(patient, monkeypatch, "--fix")
    assert code == 1
    assert "Dropped the index" in output
    assert output.endswith("1 findings.\n")


def test_the_command_line_hands_over_to_the_doctor() -> None:
    assert "doctor" in CliRunner().invoke(command_line, ["--help"]).output


class Grove(Patient):
    """One whose collection has a tree over its documents."""

    def __init__(self, running: Running) -> None:
        super().__init__(running)
        running.client.patch("/v1/collections/default", json={"settings": {"representations": ["tree"]}})
        self.documents += [running.add(f"Text number {number}.", name=f"{number}.txt") for number in range(3, 20)]
        running.enrich()
        self.build()

    def assert_made_anew(self) -> None:
        self.running.enrich()
        self.build()
        assert self.examine() == []
        with self.storage.database.read() as connection:
            assert connection.scalar(select(func.count()).select_from(collection_nodes))


@pytest.fixture
def grove(running: Running) -> Grove:
    found = Grove(running)
    assert found.examine() == []
    return found


FAULTS_OF_TREES = {
    "quotes what is deleted": "UPDATE collection_nodes SET quoted = quoted + 1",
    "stands on documents that are gone": "INSERT INTO revisions (id, document_key, number, content_sha256, media_type, "
    "size, status, warnings, created_at) SELECT 'old', document_key, 0, content_sha256, media_type, size, 'ready', "
    "'[]', 0 FROM revisions LIMIT 1; UPDATE collection_edges SET revision_key = (SELECT max(key) FROM revisions) "
    "WHERE key = (SELECT min(key) FROM collection_edges WHERE revision_key IS NOT NULL)",
    "in a circle": "UPDATE collection_edges SET child_key = parent_key WHERE child_key = "
    "(SELECT min(child_key) FROM collection_edges)",
    "nothing below them": "INSERT INTO collection_nodes (collection, level, stale, quoted) VALUES ('default', 1, 0, 0)",
    "without a summary": "UPDATE collection_nodes SET vector = NULL",
    "nothing leads to": "DELETE FROM collection_edges WHERE child_key = (SELECT min(child_key) FROM collection_edges)",
    "leaves documents out": "DELETE FROM collection_edges WHERE revision_key = "
    "(SELECT min(revision_key) FROM collection_edges)",
}


@pytest.mark.parametrize("fault", FAULTS_OF_TREES)
def test_a_fault_of_the_tree_over_a_collection_is_found_and_the_tree_made_anew(grove: Grove, fault: str) -> None:
    grove.script(FAULTS_OF_TREES[fault])
    found = [finding for finding in grove.examine() if "tree over collection default" in finding.problem]
    assert any(fault in finding.problem for finding in found)
    mend(grove.settings, found)
    grove.assert_made_anew()


def test_a_tree_that_is_still_to_be_brought_up_to_date_is_no_fault(grove: Grove) -> None:
    grove.running.client.delete(f"/v1/documents/{grove.documents[0]}")
    grove.build()
    assert grove.examine() == []


def test_a_document_that_is_missing_from_the_tree_is_enriched_again(grove: Grove) -> None:
    grove.execute(
        delete(document_digests).where(document_digests.c.revision_key == grove.revision_of(grove.documents[0]))
    )
    problems = [finding.problem for finding in grove.examine()]
    assert any("gave nothing to the tree" in problem for problem in problems)
    mend(grove.settings, grove.examine())
    grove.assert_made_anew()
