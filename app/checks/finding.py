"""What a check reports, and what it has to look at."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from app.checks.repairs import Repair
from app.wiring import Storage

FIX = "Run: scholiast doctor --fix"
RESTORE = "Bring back a backup: scholiast restore FILE --force"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be, what mends it, and the repair where that can lose nothing."""

    problem: str
    remedy: str
    repair: Repair | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """A data folder at one moment."""

    connection: Connection  # in one transaction, so that all checks see the same
    storage: Storage
    data_dir: Path
    model_id: str | None  # of the embedding model that answers; None before the first start chose one
    damaged: frozenset[str]  # sha256 of originals that are missing or not what their names say
