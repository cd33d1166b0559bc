"""Accepts documents in a process of its own: `python -m tests.reliability.scripted_upload DATA_FOLDER FAILPOINT`."""

import sys
from pathlib import Path

from app.settings import Settings
from app.wiring import open_storage
from ingest.intake import Submission
from retrieval import failpoints
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


if __name__ == "__main__":
    failpoints.arm(sys.argv[2])
    upload(Path(sys.argv[1]))
