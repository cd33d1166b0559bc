"""Blobs: durable, content-addressed, never removed while a row names them."""

import hashlib
import time
from pathlib import Path

import pytest

from retrieval.errors import NotFound
from retrieval.store.blobs import SWEEP_GRACE_SECONDS, BlobStore
from tests.fakes import Library


def test_a_blob_is_named_by_its_content_and_stored_once(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    blob = store.put([b"two ", b"pieces"])
    assert blob.sha256 == hashlib.sha256(b"two pieces").hexdigest()
    assert blob.size == 10
    assert store.put([b"two pieces"]) == blob
    assert list(store.names()) == [blob.sha256]
    assert store.path(blob.sha256).read_bytes() == b"two pieces"


def test_an_upload_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)

    def pieces() -> object:
        yield b"begun"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        store.put(pieces())  # type: ignore[arg-type]
    assert list(store.names()) == []
    assert list((tmp_path / "incoming").iterdir()) == []


def test_damage_is_noticed(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    blob = store.put([b"content"])
    assert not store.damaged(blob.sha256)
    store.path(blob.sha256).write_bytes(b"c0ntent")
    assert store.damaged(blob.sha256)


def test_a_missing_blob_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        BlobStore(tmp_path).path("0" * 64)


def test_the_sweep_removes_only_what_no_document_names_and_only_after_the_grace_time(library: Library) -> None:
    kept = library.accept("Kept.")
    orphan = library.blobs.put([b"orphan"])
    assert library.blobs.sweep(library.database, time.time()) == 0
    assert library.blobs.sweep(library.database, time.time() + SWEEP_GRACE_SECONDS + 1) == 1
    assert list(library.blobs.names()) == [kept.content_sha256]
    with pytest.raises(NotFound):
        library.blobs.path(orphan.sha256)
