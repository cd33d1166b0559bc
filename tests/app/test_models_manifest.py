"""The manifest finds every kind of damage to the files that it lists."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.models.manifest import describe_folder, find_damage, read_manifest, write_manifest
from retrieval.errors import ModelUnavailable
from tests.app.models_fakes import FILES, make_model


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    write_manifest(describe_folder(make_model(), tmp_path, "0" * 64), tmp_path)
    return tmp_path


def flip(file: Path) -> None:
    file.write_bytes(b"x" + file.read_bytes()[1:])


def shorten(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def test_an_untouched_folder_has_no_damage_and_its_manifest_reads_back(folder: Path) -> None:
    manifest = read_manifest(folder)
    assert manifest == describe_folder(make_model(), folder_without_manifest(folder), "0" * 64)
    assert manifest.size == sum(map(len, FILES.values()))


def folder_without_manifest(folder: Path) -> Path:
    (folder / "manifest.json").unlink()
    return folder


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(("damage", "found_at_a_glance"), [(Path.unlink, True), (shorten, True), (flip, False)])
def test_damage_to_any_file_is_found_and_named(
    folder: Path, name: str, damage: Callable[[Path], None], found_at_a_glance: bool
) -> None:
    manifest = read_manifest(folder)
    damage(folder / name)
    assert name in (find_damage(manifest, folder, thorough=True) or "")
    assert (find_damage(manifest, folder, thorough=False) is not None) == found_at_a_glance


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"files": {"a": {"size": 1}}}', '{"files": 3}'])
def test_an_unreadable_manifest_is_refused_with_what_to_do(tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(ModelUnavailable, match="Pull it again"):
        read_manifest(tmp_path)
