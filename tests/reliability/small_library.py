"""Accepts a few documents and deletes them again, in whatever process it is called."""

from pathlib import Path

from app.settings import Settings
from app.wiring import open_storage
from ingest.intake import Submission
from retrieval.store import documents
from retrieval.store.documents import Source

LONG = "\n\n".join(
    " ".join(f"Sentence {line} of part {part} tells of the ferry." for line in range(30)) for part in range(12)
)
# As many as get a tree above them.
_SUBJECTS = {"one": "goats", "two": "boats", "three": "coats", "four": "oats", "five": "moats", "six": "notes"}
TEXTS = {"long.txt": LONG} | {f"{name}.txt": f"A note about {subject}." for name, subject in _SUBJECTS.items()}


def upload(folder: Path) -> None:
    """Accepts the texts in one transaction."""
    storage = open_storage(Settings(data_dir=folder, _env_file=None))
    submissions = []
    for name, text in TEXTS.items():
        blob = storage.blobs.put([text.encode()])
        submissions.append(Submission(Source(name, "text/plain", blob.sha256, blob.size), {}))
    storage.intake.add("default", submissions)
    storage.intake.change_settings(
        "default", {"representations": ["text", "summary", "tree"], "representation_writer": "model"}
    )
    storage.close()


def delete(folder: Path) -> None:
    """Deletes all documents in one transaction."""
    storage = open_storage(Settings(data_dir=folder, _env_file=None))
    with storage.database.write() as connection:
        for document in documents.list_page(connection, None, None, 99, None):
            documents.remove(connection, document.id)
    storage.close()
