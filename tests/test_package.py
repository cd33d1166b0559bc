"""What an installed copy holds: code alone does not answer questions."""

import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

PACKAGES = ("app", "generation", "ingest", "retrieval")
PATTERNS = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
FILES = [
    path
    for package in PACKAGES
    for path in sorted(Path(package).rglob("*"))
    if path.is_file() and path.suffix not in (".py", ".pyc")
]


@pytest.mark.parametrize("path", FILES, ids=str)
def test_every_file_beside_the_code_is_installed_with_it(path: Path) -> None:
    package, inside = path.parts[0], Path(*path.parts[1:])
    assert any(fnmatch(str(inside), pattern) for pattern in PATTERNS.get(package, ())), "add it to package-data"


def test_there_are_such_files() -> None:
    assert {"app", "generation", "retrieval"} <= {path.parts[0] for path in FILES}
