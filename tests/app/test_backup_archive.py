"""Whatever happens to a backup file is noticed before anything is unpacked from it."""

import gzip
import hashlib
import io
import json
import random
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.backup_archive import (
    DATABASE,
    Manifest,
    Member,
    _seal,
    blob_name,
    open_archive,
    verify_archive,
    write_archive,
)
from retrieval.errors import Conflict, InvalidRequest

_ORIGINALS = [b"First original. " * 300, b"", b"Second original."]


def silent(_step: str, _done: int, _total: int) -> None:
    pass


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def contents() -> dict[str, bytes]:
    return {DATABASE: random.Random(1).randbytes(20_000), **{blob_name(sha256(it)): it for it in _ORIGINALS}}


@pytest.fixture
def archive(tmp_path: Path, contents: dict[str, bytes]) -> Path:
    sources = {}
    for number, (name, content) in enumerate(contents.items()):
        sources[name] = tmp_path / str(number)
        sources[name].write_bytes(content)
    members = {name: Member(sha256(content), len(content)) for name, content in contents.items()}
    write_archive(tmp_path / "archive", Manifest("0001", time.time(), {"documents": 2}, [], members), sources, silent)
    return tmp_path / "archive"


def crafted(path: Path, stated: Any, files: dict[str, bytes], change: Callable[[tarfile.TarInfo], None]) -> Path:
    """An archive with a good seal, made by someone who knows the format."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        for name, content in {"manifest.json": json.dumps(stated).encode(), **files}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            if name != "manifest.json":
                change(entry)
            tar.addfile(entry, io.BytesIO(content))
    packed = gzip.compress(plain.getvalue())
    path.write_bytes(packed + _seal(sha256(packed)))
    return path


def stated(files: dict[str, bytes], **changes: Any) -> dict[str, Any]:
    members = {name: {"sha256": sha256(content), "size": len(content)} for name, content in files.items()}
    return {
        "format": 1,
        "schema": "0001",
        "created_at": 0.0,
        "counts": {},
        "left_out": [],
        "members": members,
        **changes,
    }


def untouched(_entry: tarfile.TarInfo) -> None:
    pass


def test_what_was_written_is_read(archive: Path, contents: dict[str, bytes]) -> None:
    with open_archive(archive, silent) as (manifest, members):
        assert {name: b"".join(pieces) for name, pieces in members} == contents
    assert manifest.counts == {"documents": 2}


def test_tar_and_gzip_can_read_it_too(archive: Path, contents: dict[str, bytes]) -> None:
    with tarfile.open(archive, "r:gz") as tar:
        assert tar.getnames() == ["manifest.json", *contents]


def test_progress_reaches_its_end(archive: Path) -> None:
    last: dict[str, tuple[int, int]] = {}
    verify_archive(archive, lambda step, done, total: last.__setitem__(step, (done, total)))
    assert last.keys() == {"checking", "reading"}
    assert all(done == total for done, total in last.values())


def test_every_changed_byte_is_noticed(archive: Path) -> None:
    sound = archive.read_bytes()
    places = {*range(40), *range(len(sound) - 150, len(sound)), *random.Random(2).sample(range(len(sound)), 400)}
    for place in places:
        damaged = bytearray(sound)
        damaged[place] ^= 1 << place % 8
        archive.write_bytes(damaged)
        with pytest.raises(InvalidRequest, match="damaged|not a Scholiast backup"):
            verify_archive(archive, silent)


def test_every_missing_end_and_every_addition_is_noticed(archive: Path) -> None:
    sound = archive.read_bytes()
    for length in [*range(30), *random.Random(3).sample(range(len(sound)), 100), len(sound) - 1]:
        archive.write_bytes(sound[:length])
        with pytest.raises(InvalidRequest, match="not a Scholiast backup"):
            verify_archive(archive, silent)
    archive.write_bytes(sound + b"\0")
    with pytest.raises(InvalidRequest, match="cut off or damaged"):
        verify_archive(archive, silent)


@pytest.mark.parametrize("content", [b"", b"text", gzip.compress(b"text", mtime=0), b"PK\3\4" + bytes(500)])
def test_a_foreign_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "foreign").write_bytes(content)
    with pytest.raises(InvalidRequest, match="not a Scholiast backup"):
        verify_archive(tmp_path / "foreign", silent)


@pytest.mark.parametrize(
    "name",
    ["../evil", "/tmp/evil", "blobs/../../evil", "blobs/ab/../../../evil", "blobs/ab/" + "ab" * 32 + "/..", "evil"],
)
def test_names_that_lead_elsewhere_are_refused_before_anything_is_read(tmp_path: Path, name: str) -> None:
    files = {DATABASE: b"rows", name: b"evil"}
    archive = crafted(tmp_path / "archive", stated(files), files, untouched)
    with pytest.raises(InvalidRequest, match="no backup has"), open_archive(archive, silent):
        pass


def test_a_member_that_the_manifest_does_not_name_is_refused(tmp_path: Path) -> None:
    files = {DATABASE: b"rows"}
    archive = crafted(tmp_path / "archive", stated(files), {**files, "../evil": b"evil"}, untouched)
    with pytest.raises(InvalidRequest, match="does not name"):
        verify_archive(archive, silent)


def test_a_link_in_place_of_a_file_is_refused(tmp_path: Path) -> None:
    def link(entry: tarfile.TarInfo) -> None:
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"

    files = {DATABASE: b""}
    archive = crafted(tmp_path / "archive", stated(files), files, link)
    with pytest.raises(InvalidRequest, match="does not name"):
        verify_archive(archive, silent)


def test_an_original_under_another_name_and_other_content_are_refused(tmp_path: Path) -> None:
    wrong = {DATABASE: b"rows", blob_name(sha256(b"this")): b"that"}
    archive = crafted(tmp_path / "archive", stated(wrong), wrong, untouched)
    with pytest.raises(InvalidRequest, match="no backup has"):
        verify_archive(archive, silent)
    archive = crafted(tmp_path / "archive", stated({DATABASE: b"rows"}), {DATABASE: b"ROWS"}, untouched)
    with pytest.raises(InvalidRequest, match="not what the manifest says"):
        verify_archive(archive, silent)


def test_a_missing_member_is_refused(tmp_path: Path) -> None:
    files = {DATABASE: b"rows", blob_name(sha256(b"original")): b"original"}
    archive = crafted(tmp_path / "archive", stated(files), {DATABASE: b"rows"}, untouched)
    with pytest.raises(InvalidRequest, match="lacks a file"):
        verify_archive(archive, silent)


@pytest.mark.parametrize("change", [{"members": []}, {"counts": 1}, {"left_out": [1]}, {"schema": None}])
def test_a_manifest_of_the_wrong_shape_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    files = {DATABASE: b"rows"}
    archive = crafted(tmp_path / "archive", stated(files, **change), files, untouched)
    with pytest.raises(InvalidRequest, match="manifest cannot be read"):
        verify_archive(archive, silent)


def test_a_newer_format_is_named_as_such(tmp_path: Path) -> None:
    files = {DATABASE: b"rows"}
    archive = crafted(tmp_path / "archive", stated(files, format=2), files, untouched)
    with pytest.raises(Conflict, match="newer"):
        verify_archive(archive, silent)
