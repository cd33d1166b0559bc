"""The file that a backup is: a gzipped tar of a manifest, the database and the originals, closed by a seal.

The seal is an empty gzip member whose comment is the sha256 of every byte before it. Tools that know gzip and tar read
the file as usual; here no byte of it can change, and none can be cut off, without being noticed. gzip's own checksums
leave its headers out, and tar's leave out the padding. Knows nothing of where the files come from or go to.
"""

import gzip
import hashlib
import io
import json
import os
import re
import sys
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, BinaryIO

from pydantic import TypeAdapter

from retrieval.errors import Conflict, InvalidRequest

DATABASE = "database.sqlite3"
_FORMAT = 1
_MANIFEST = "manifest.json"
_MANIFEST_BYTES = 1 << 30  # some 150 bytes an original: enough for millions
_PIECE = 1 << 20
_COMPRESSION = 1  # most originals are compressed already; more effort costs minutes and gains little
_NAME = re.compile(r"blobs/([0-9a-f]{2})/(\1[0-9a-f]{62})")

# (what is being done, bytes done, bytes in all)
Report = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Member:
    """A file in the archive."""

    sha256: str
    size: int  # bytes


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the archive holds and where it comes from."""

    schema: str  # revision of the database's schema
    created_at: float
    counts: Mapping[str, int]
    left_out: Sequence[str]  # originals that were missing or damaged when the backup was made
    members: Mapping[str, Member]

    @property
    def size(self) -> int:
        """Bytes of all members."""
        return sum(member.size for member in self.members.values())


def blob_name(sha256: str) -> str:
    """The name of an original in the archive."""
    return f"blobs/{sha256[:2]}/{sha256}"


def write_archive(path: Path, manifest: Manifest, sources: Mapping[str, Path], report: Report) -> None:
    """Writes the archive, whole and synced; `sources` says where each member of the manifest lies."""
    content = json.dumps({"format": _FORMAT, **asdict(manifest)}, indent=1).encode()
    with path.open("xb") as file:
        sealed = _Digesting(file)
        with (
            gzip.GzipFile("", "wb", _COMPRESSION, sealed, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w|") as tar,
        ):
            tar.addfile(_entry(_MANIFEST, len(content), manifest.created_at), io.BytesIO(content))
            done = 0
            for name, member in manifest.members.items():
                with _Reported(sources[name], "writing", done, manifest.size, report) as source:
                    tar.addfile(_entry(name, member.size, manifest.created_at), source)
                done += member.size
        file.write(_seal(sealed.digest.hexdigest()))
        file.flush()
        os.fsync(file.fileno())
        if sys.platform == "linux":
            # What is verified next shall come from the disk, not from memory.
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def verify_archive(path: Path, report: Report) -> Manifest:
    """The manifest of a file that is sound to the last byte; raises `InvalidRequest` with the reason otherwise."""
    with open_archive(path, report) as (manifest, members):
        for _, pieces in members:
            for _ in pieces:
                pass
    return manifest


@contextmanager
def open_archive(path: Path, report: Report) -> Iterator[tuple[Manifest, Iterator[tuple[str, Iterator[bytes]]]]]:
    """The manifest, and the members as (name, pieces of content), each to be read before the next.

    The seal has been checked when the block begins; a member that is not as the manifest says raises `InvalidRequest`
    at its end. The names are the database's and those that `blob_name` gives, never anything else.
    """
    with path.open("rb") as file:
        _check_seal(file, path.stat().st_size, report)
        file.seek(0)
        try:
            with gzip.GzipFile(fileobj=file) as unpacked, tarfile.open(fileobj=unpacked, mode="r|") as tar:
                manifest = _read_manifest(tar)
                yield manifest, _members(tar, manifest, report)
        except (tarfile.TarError, zlib.error, EOFError, gzip.BadGzipFile) as error:
            raise InvalidRequest("The backup is damaged: its files cannot be read.") from error


def _check_seal(file: BinaryIO, size: int, report: Report) -> None:
    length = len(_seal("0" * 64))
    if file.read(2) != b"\x1f\x8b":
        raise InvalidRequest("This is not a Scholiast backup.")
    file.seek(0)
    digest, left = hashlib.sha256(), max(size - length, 0)
    while left and (piece := file.read(min(left, _PIECE))):
        digest.update(piece)
        left -= len(piece)
        report("checking", size - length - left, size - length)
    seal = file.read(length)
    if seal == _seal(digest.hexdigest()):
        return
    if seal[:_SEAL_START] == _seal("")[:_SEAL_START]:
        raise InvalidRequest("The backup is damaged: its content is not what was written.")
    raise InvalidRequest("This is not a Scholiast backup, or its end is cut off or damaged.")


def _read_manifest(tar: tarfile.TarFile) -> Manifest:
    first = tar.next()
    if first is None or first.name != _MANIFEST or not first.isreg() or first.size > _MANIFEST_BYTES:
        raise InvalidRequest("This is not a Scholiast backup: it does not begin with a manifest.")
    try:
        stated = json.loads(_content(tar, first).read())
        version = stated.pop("format")
        if version != _FORMAT:
            raise Conflict("The backup was made by a newer Scholiast; upgrade Scholiast to restore it.")
        manifest = TypeAdapter(Manifest).validate_python(stated)
    except (ValueError, KeyError, AttributeError) as error:
        raise InvalidRequest("The backup is damaged: its manifest cannot be read.") from error
    for name, member in manifest.members.items():
        stem = _NAME.fullmatch(name)
        if name != DATABASE and (stem is None or stem.group(2) != member.sha256):
            raise InvalidRequest("The backup names a file that no backup has; nothing was unpacked.")
    if DATABASE not in manifest.members:
        raise InvalidRequest("The backup holds no database.")
    return manifest


def _members(tar: tarfile.TarFile, manifest: Manifest, report: Report) -> Iterator[tuple[str, Iterator[bytes]]]:
    waiting = dict(manifest.members)
    done = 0
    while (entry := tar.next()) is not None:
        member = waiting.pop(entry.name, None)
        if member is None or not entry.isreg() or entry.size != member.size:
            raise InvalidRequest("The backup holds a file that its manifest does not name.")
        yield entry.name, _pieces(_content(tar, entry), member)
        done += member.size
        report("reading", done, manifest.size)
    if waiting:
        raise InvalidRequest("The backup lacks a file that its manifest names.")


def _pieces(content: IO[bytes], member: Member) -> Iterator[bytes]:
    digest = hashlib.sha256()
    while piece := content.read(_PIECE):
        digest.update(piece)
        yield piece
    if digest.hexdigest() != member.sha256:
        raise InvalidRequest("The backup is damaged: a file in it is not what the manifest says.")


def _content(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> IO[bytes]:
    content = tar.extractfile(entry)
    assert content is not None, "a regular file has content"
    return content


def _entry(name: str, size: int, created_at: float) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mtime, entry.mode = size, int(created_at), 0o600
    return entry


def _seal(sha256: str) -> bytes:
    """RFC 1952: header with the comment flag and no time, the comment, an empty block, checksum and length of it."""
    header = b"\x1f\x8b\x08\x10" + bytes(5) + b"\xff"
    return header + b"scholiast backup, sha256 " + sha256.encode() + b"\0" + b"\x03\x00" + bytes(8)


_SEAL_START = len(_seal("")) - len(b"\0\x03\x00" + bytes(8))  # up to the checksum


class _Reported(io.FileIO):
    """A file whose reading shows as progress."""

    def __init__(self, path: Path, step: str, before: int, total: int, report: Report) -> None:
        super().__init__(path)
        self._step, self._before, self._total, self._report = step, before, total, report

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        self._report(self._step, self._before + self.tell(), self._total)
        return piece


class _Digesting:
    """Passes on what is written, and takes its sha256 on the way."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def write(self, data: bytes, /) -> int:
        self.digest.update(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()
