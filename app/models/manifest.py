"""The manifest of an installed model: what it is, where it came from, and the size and sha256 of every file."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from app.models.catalogue import EmbeddedModel
from retrieval.errors import ModelUnavailable

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What a file has to be; the size tells most damage without reading it."""

    size: int  # bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What `manifest.json` says about the folder that it lies in."""

    model: str
    revision: int
    licence: str
    dimension: int | None
    context_tokens: int
    source: str  # the wheel's requirement
    source_sha256: str
    files: Mapping[str, FileRecord]  # by path inside the folder

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(record.size for record in self.files.values())


def describe_folder(model: EmbeddedModel, folder: Path, source_sha256: str) -> Manifest:
    """The manifest for the files that lie in `folder` now."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return Manifest(
        model=model.name,
        revision=model.revision,
        licence=model.licence,
        dimension=model.dimension,
        context_tokens=model.context_tokens,
        source=model.requirement,
        source_sha256=source_sha256,
        files={
            file.relative_to(folder).as_posix(): FileRecord(file.stat().st_size, file_sha256(file)) for file in files
        },
    )


def write_manifest(manifest: Manifest, folder: Path) -> None:
    """Writes the manifest into `folder`."""
    (folder / MANIFEST).write_text(json.dumps(asdict(manifest), indent=2) + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """The manifest in `folder`. Raises ModelUnavailable when there is none or it cannot be read."""
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        files = {path: FileRecord(**record) for path, record in content.pop("files").items()}
        return Manifest(**content, files=files)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelUnavailable(f"The model {folder.name} has no readable manifest. Pull it again.") from error


def find_damage(manifest: Manifest, folder: Path, *, thorough: bool) -> str | None:
    """What is wrong with the files in `folder`, or None; sha256 is computed only if `thorough` (seconds a gigabyte)."""
    for path, record in manifest.files.items():
        file = folder / path
        if not file.is_file():
            return f"{path} is missing"
        if file.stat().st_size != record.size:
            return f"{path} has another size"
        if thorough and file_sha256(file) != record.sha256:
            return f"{path} has another sha256"
    return None


def file_sha256(file: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
