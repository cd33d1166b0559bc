"""Index generations on disk: written aside, synced, renamed, then made active by one database row.

A folder holds the files of one segment and `manifest.json` with the sha256 of each, the model, the analyser and the
change number up to which it is complete. Loading checks all of it against the bytes it is about to use: FAISS itself
would serve damaged vectors without a word.
"""

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import Connection

from retrieval import failpoints
from retrieval.analysis import ANALYSER
from retrieval.errors import Conflict, IndexDamaged
from retrieval.indexes import segment
from retrieval.indexes.segment import Segment
from retrieval.store import changes, chunks, collections, generations, models, reembedding
from retrieval.store.blobs import sync_folder
from retrieval.store.database import Database
from retrieval.store.generations import Generation
from retrieval.types import Json


class GenerationFiles:
    """The folder under which every generation has its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def load(self, generation: Generation) -> Segment:
        """The generation's segment; raises `IndexDamaged` unless every byte is as the manifest says."""
        folder = self.folder / generation.folder
        try:
            manifest = json.loads((folder / "manifest.json").read_bytes())
            files = {name: (folder / name).read_bytes() for name in manifest["files"]}
            expected = _manifest(generation, files)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise IndexDamaged("A file of the index is missing or unreadable.") from error
        if manifest != expected:
            raise IndexDamaged("The index does not match its manifest.")
        return segment.from_files(files)

    def build(self, database: Database, collection: str, model_id: str) -> int:
        """Builds a generation of what is visible now, makes it the model's newest, and gives its number of chunks.

        Raises `NotFound` for an unknown collection, `Conflict` if the model is not the one that answers and has not
        embedded all of it: nobody would notice the vectors that come later.
        """
        with database.read() as connection:
            if models.active(connection).model_id != model_id:
                _require_complete(connection, model_id, collection)
            number = changes.latest(connection, collection)
            rows = chunks.index_rows(connection, collection, model_id)
        built = segment.from_rows(rows, lasting=True)
        name = uuid.uuid4().hex
        generation = Generation(0, collection, name, number, len(rows.chunk_keys), model_id, 0.0)
        aside = self._write(name, built.to_files(), generation)
        # In the transaction: a sweep by another thread, which waits for it, would take the folder for left over.
        with database.write() as connection:
            aside.rename(self.folder / name)
            sync_folder(self.folder)
            failpoints.reached("generation.renamed")
            collections.get(connection, collection)  # it may have been deleted meanwhile
            generations.publish(connection, generation)
            generations.retire(connection, collection, model_id)
            failpoints.reached("generation.flipped")
        failpoints.reached("generation.committed")
        self.sweep(database)
        return generation.chunk_count

    def sweep(self, database: Database) -> None:
        """Removes folders that no row names; a reader that still has one open has read all of it already."""
        with database.write() as connection:  # no generation can be published between the look and the removal
            named = set(generations.folders(connection))
            for folder in self.folder.iterdir():
                if folder.name not in named and not folder.name.startswith("building-"):
                    shutil.rmtree(folder)

    def clear_unfinished(self) -> None:
        """Removes what a killed build left behind; only for the one process that builds, when it starts."""
        for folder in self.folder.glob("building-*"):
            shutil.rmtree(folder)

    def _write(self, name: str, files: Mapping[str, bytes], generation: Generation) -> Path:
        """The folder, complete and on disk, under a name that no reader looks for."""
        aside = self.folder / f"building-{name}"
        aside.mkdir()
        manifest = json.dumps(_manifest(generation, files), indent=1).encode()
        for file_name, content in {**files, "manifest.json": manifest}.items():
            with (aside / file_name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        sync_folder(aside)
        failpoints.reached("generation.written")
        return aside


def _require_complete(connection: Connection, model_id: str, collection: str) -> None:
    if not reembedding.complete(connection, model_id, collection):
        raise Conflict(f"Collection '{collection}' is not wholly embedded by '{model_id}' yet.")


def _manifest(generation: Generation, files: Mapping[str, bytes]) -> Json:
    return {
        "format": 5,
        "analyser": ANALYSER,
        "model": generation.model_id,
        "change_number": generation.change_number,
        "chunks": generation.chunk_count,
        "dense": json.loads(files["dense.json"]),
        "files": {
            name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
            for name, content in sorted(files.items())
        },
    }
