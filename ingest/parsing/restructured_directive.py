"""Takes a reStructuredText directive that docutils does not know apart, so that what stands in it is not lost."""

import re
import textwrap
from dataclasses import dataclass

_FIRST_LINE = re.compile(r"\.\.\s+(?:\|[^|]*\|\s+)?(?P<name>[\w:+.-]+)::[ \t]*(?P<argument>.*)")
_OPTION = re.compile(r":[\w-]+:(?:\s|$)")
# Hold no text: names of other files and objects, entries of an index, and what may not be read.
_WITHOUT_TEXT = re.compile(
    r"toctree|index|highlight|(?:py:)?(?:current)?module|auto\w+|tabularcolumns|sectionauthor|codeauthor|only|raw|include"
    r"|literalinclude|csv-table|image|figure|contents|graphviz|plot|inheritance-diagram"
)
_CODE = frozenset(
    ("code-block", "code", "sourcecode", "testcode", "testoutput", "doctest", "prompt", "ipython", "mermaid")
)
_SAID_IN_WORDS = {
    "versionadded": "Added in version",
    "versionchanged": "Changed in version",
    "deprecated": "Deprecated since version",
    "deprecated-removed": "Deprecated since version",
    "seealso": "See also:",
}


@dataclass(frozen=True, slots=True)
class Directive:
    """What a directive says: its argument as a sentence of its own, and the text in it."""

    argument: str
    body: str
    is_code: bool


def read_directive(source: str) -> Directive | None:
    """The directive that the source is; None where it is no directive or holds no text."""
    lines = source.splitlines()
    first = _FIRST_LINE.fullmatch(lines[0].strip()) if lines else None
    if first is None:
        return None
    name = first["name"]
    body = textwrap.dedent("\n".join(lines[1:])).split("\n")
    if _WITHOUT_TEXT.fullmatch(name):
        return Directive("", "\n".join(_after_options(body)), is_code=False) if name == "only" else None
    more_arguments, body = _until_blank(body) if name in _SAID_IN_WORDS else ([], body)
    argument = " ".join([_SAID_IN_WORDS.get(name, ""), first["argument"], *map(str.strip, more_arguments)]).strip()
    if name in _CODE:
        return Directive("", "\n".join(_after_options(body)), is_code=True)
    return Directive(argument, "\n".join(_after_options(body)), is_code=False)


def _until_blank(lines: list[str]) -> tuple[list[str], list[str]]:
    """The lines before the first blank one, and those from it on."""
    blank = next((index for index, line in enumerate(lines) if not line.strip()), len(lines))
    return lines[:blank], lines[blank:]


def _after_options(lines: list[str]) -> list[str]:
    """The lines behind the options (`:name: value`) that a directive begins with."""
    start = 0
    while start < len(lines) and _OPTION.match(lines[start]):
        start += 1
    return lines[start:]
