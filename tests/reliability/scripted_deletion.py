"""Deletes all documents in a process of its own: `python -m tests.reliability.scripted_deletion FOLDER FAILPOINT`."""

import sys
from pathlib import Path

from app.settings import Settings
from app.wiring import open_storage
from retrieval import failpoints
from retrieval.store import documents


def delete(folder: Path) -> None:
    """Deletes them in one transaction."""
    storage = open_storage(Settings(data_dir=folder, _env_file=None))
    with storage.database.write() as connection:
        for document in documents.list_page(connection, None, None, 99, None):
            documents.remove(connection, document.id)
    storage.close()


if __name__ == "__main__":
    failpoints.arm(sys.argv[2])
    delete(Path(sys.argv[1]))
