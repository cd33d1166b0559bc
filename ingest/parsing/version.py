"""Which parser made a result: two results of the same bytes are the same if the same version made them.

The version is taken from the code itself, not set by hand: whoever mends a parser must not have to remember it.
"""

import hashlib
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path

from ingest.parsing.extras import OPTIONAL_LIBRARIES, installed_version

_PACKAGES = ("parsing", "tables")  # what runs on a file, under `ingest`
_LIBRARIES = (
    "charset-normalizer",
    "docutils",
    "markdown-it-py",
    "pillow",
    "pypdfium2",
    "python-calamine",
    "python-docx",
    "python-pptx",
    "selectolax",
)


@cache
def parser_version() -> str:
    """A hash of the parsers' source, of the libraries' versions and of Python's."""
    digest = hashlib.sha256(sys.version.encode())
    for library in _LIBRARIES:
        digest.update(f"{library} {version(library)}\n".encode())
    for library in OPTIONAL_LIBRARIES:
        digest.update(f"{library} {installed_version(library)}\n".encode())
    root = Path(__file__).parents[1]
    for package in _PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            digest.update(f"{path.relative_to(root)} {path.stat().st_size}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
