"""The version of the parsers names the code that made a result."""

import re
import sys
from pathlib import Path

from ingest.parsing import version
from ingest.parsing.sandbox import ParserSandbox
from ingest.parsing.sandbox_limits import SandboxLimits
from ingest.parsing.version import parser_version

_IMPORT = re.compile(r"^(?:from|import) ([A-Za-z_0-9]+)", re.MULTILINE)
_MODULES = {"PIL": "pillow", "docx": "python-docx", "pptx": "python-pptx", "markdown_it": "markdown-it-py"}
# They are no parsers, or they come with Python.
_OURS = {"ingest", "retrieval"}


def test_every_library_that_a_parser_imports_is_part_of_the_version() -> None:
    root = Path(version.__file__).parents[1]
    sources = "\n".join(path.read_text() for name in ("parsing", "tables") for path in (root / name).rglob("*.py"))
    imported = set(_IMPORT.findall(sources)) - set(sys.stdlib_module_names) - _OURS
    libraries = {_MODULES.get(name, name).replace("_", "-") for name in imported}
    assert libraries == set(version._LIBRARIES)


def test_other_limits_and_other_parsers_are_another_version() -> None:
    sandboxes = [
        ParserSandbox(size=0),
        ParserSandbox(size=0, limits=SandboxLimits(seconds=7.0)),
        ParserSandbox(size=0, limits=SandboxLimits(memory=2**30)),
        ParserSandbox(size=0, parsers="tests.ingest.parsing.scripted_parsers:PARSERS"),
    ]
    same = ParserSandbox(size=0)
    assert len({sandbox.version for sandbox in sandboxes}) == len(sandboxes)
    assert same.version == sandboxes[0].version != parser_version()
    for sandbox in (*sandboxes, same):
        sandbox.close()
