"""The text within the nodes of a docutils tree, and the rows of its tables."""

import re
from collections.abc import Iterator

from docutils import nodes

from ingest.parsing.joining import join_lines
from ingest.parsing.table_spans import Pending, fill_from_above

# How a role that Sphinx knows and docutils does not is written: :ref:`text <target>`, :class:`~module.Name`.
_ROLE = re.compile(r":[\w:+.-]+:`[~!]?([^`<]*?)(?:\s*<([^`>]*)>)?`", re.DOTALL)
_LARGEST_SPAN = 1_000


def inline_text(node: nodes.Node) -> str:
    """The text of a paragraph on one line, without its marks."""
    return join_lines("".join(_pieces(node)).split("\n"), hyphenated=False)


def flat_text(node: nodes.Node) -> str:
    """The text of all paragraphs below a node on one line."""
    if isinstance(node, nodes.TextElement):
        return inline_text(node)
    return " ".join(filter(None, map(flat_text, node.children)))


def table_rows(table: nodes.table) -> list[list[str]]:
    """The rows of a table; a cell that spans rows is repeated in each, one that spans columns stands in the first."""
    rows: list[list[str]] = []
    pending: Pending = {}
    for row_node in table.findall(nodes.row):
        row: list[str] = []
        for entry in row_node.findall(nodes.entry):
            fill_from_above(row, pending)
            text = flat_text(entry)
            if down := entry.get("morerows", 0):
                pending[len(row)] = (down, text)
            row += [text] + [""] * min(entry.get("morecols", 0), _LARGEST_SPAN)
        fill_from_above(row, pending)
        rows.append(row)
    return rows


def _pieces(node: nodes.Node) -> Iterator[str]:
    """The stretches of text below a node, with what stands for those that are no text."""
    if isinstance(node, nodes.problematic):
        yield _ROLE.sub(lambda role: role.group(1) or role.group(2) or "", node.astext())
    elif isinstance(node, nodes.footnote_reference | nodes.citation_reference):
        yield f"[{node.astext()}]"
    elif isinstance(node, nodes.image):
        yield node.get("alt", "")
    elif isinstance(node, nodes.Text):
        yield node.astext()
    elif not isinstance(node, nodes.system_message | nodes.raw | nodes.substitution_definition):
        for child in node.children:
            yield from _pieces(child)
