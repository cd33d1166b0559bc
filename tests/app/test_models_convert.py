"""Every conversion of the catalogue has its function, and files that are a model already are moved as they are."""

from pathlib import Path
from typing import get_args

from app.models.catalogue import Conversion
from app.models.convert import CONVERSIONS, move_files
from tests.app.models_fakes import FILES, snapshot


def test_each_conversion_is_registered_once_and_no_other() -> None:
    assert set(CONVERSIONS) == set(get_args(Conversion))


def test_files_and_folders_are_moved_and_not_copied(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    target.mkdir()
    for name, content in FILES.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(content)
    move_files(source, target)
    assert snapshot(target) == FILES
    assert snapshot(source) == {}
