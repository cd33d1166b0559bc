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

from retrieval import failpoints
from retrieval.analysis import ANALYSER
from retrieval.errors import IndexDamaged
from retrieval.indexes import segment
from retrieval.indexes.segment import Segment
from retrieval.store import changes, chunks, collections, generations
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
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise IndexDamaged("A file of the index is missing or unreadable.") from error
        if manifest != _manifest(generation, files):
            raise IndexDamaged("The index does not match its manifest.")
        return segment.from_files(files)

    def build(self, database: Database, collection: str, model_id: str) -> int:
        """Builds a generation of what is visible now, makes it active, and gives its number of chunks."""
        with database.read() as connection:
            number = changes.latest(connection, collection)
            rows = chunks.index_rows(connection, collection, model_id)
        built = segment.from_rows(rows)
        name = uuid.uuid4().hex
        generation = Generation(0, collection, name, number, len(rows.chunk_keys), model_id, 0.0)
        self._write(name, built.to_files(), generation)
        failpoints.reached("generation.renamed")
        with database.write() as connection:
            collections.get(connection, collection)  # it may have been deleted meanwhile
            generations.publish(connection, collection, name, number, (generation.chunk_count, model_id))
            generations.retire(connection, collection)
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

    def _write(self, name: str, files: Mapping[str, bytes], generation: Generation) -> None:
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
        aside.rename(self.folder / name)
        sync_folder(self.folder)


def _manifest(generation: Generation, files: Mapping[str, bytes]) -> Json:
    return {
        "format": 3,
        "analyser": ANALYSER,
        "model": generation.model_id,
        "change_number": generation.change_number,
        "chunks": generation.chunk_count,
        "files": {
            name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
            for name, content in sorted(files.items())
        },
    }
