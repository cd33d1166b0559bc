"""reStructuredText: sections, lists, tables and code as docutils reads them; it may open no other file."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.core import publish_doctree

from ingest.parsing import plain_text
from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.encoding import decode
from ingest.parsing.restructured_directive import Directive, read_directive
from ingest.parsing.restructured_inline import flat_text, inline_text, table_rows
from ingest.parsing.types import ParsedDocument

DAMAGED: tuple[type[Exception], ...] = ()  # any text is some reStructuredText

LONGEST_TEXT = 2_000_000  # characters; the library takes half a minute for each million
LONGEST_LINE = 100_000  # characters; its patterns take their time over longer ones
_TOO_LONG = "The file is too long to be read as reStructuredText and was read as plain text, without headings."
_SETTINGS = {
    "file_insertion_enabled": False,  # no `include`, no `csv-table` from a file or an address
    "raw_enabled": False,
    "_disable_config": True,
    "doctitle_xform": False,  # the only section stays a section
    "docinfo_xform": False,
    "syntax_highlight": "none",
    "line_length_limit": LONGEST_LINE,
    "report_level": 5,  # mistakes in the mark-up are no concern of the reader
    "halt_level": 5,
    "warning_stream": False,
    "input_encoding": "unicode",
}
_DEEPEST_DIRECTIVE = 5  # unknown directives within each other that are looked into
# What docutils reports in place of text that it cannot place: the text is read as it stands.
_LOST_TEXT = re.compile(
    r"malformed table|unexpected section title|(?:inconsistent )?title (?:style|level)", re.IGNORECASE
)
_RULE = re.compile(r"\W*")
_WITHOUT_TEXT = (
    nodes.comment,
    nodes.substitution_definition,
    nodes.target,
    nodes.pending,
    nodes.raw,
    nodes.transition,
    nodes.decoration,
    nodes.meta,
)
# How the items of a list are numbered where not in figures; Roman numerals are written as figures.
_NUMERALS: Mapping[str, Callable[[int], str]] = {
    "loweralpha": lambda number: chr(ord("a") + (number - 1) % 26),
    "upperalpha": lambda number: chr(ord("A") + (number - 1) % 26),
}


def parse(path: Path) -> ParsedDocument:
    """The blocks of a reStructuredText file; raises DocumentRejected where it holds no text or too much."""
    text = decode(path.read_bytes()).replace("\0", "")
    if len(text) > LONGEST_TEXT or max(map(len, text.splitlines()), default=0) > LONGEST_LINE:
        return replace(plain_text.parse(path), warnings=(_TOO_LONG,))
    builder = DocumentBuilder()
    _TreeReader(builder).read_text(text)
    return builder.build(title=builder.first_heading)


class _TreeReader:
    """Turns the nodes of a document tree into blocks."""

    def __init__(self, builder: DocumentBuilder) -> None:
        self._builder = builder
        self._level = 0  # sections that the reading is in
        self._directives = 0  # unknown directives that the reading is in
        self._readers: Mapping[type[nodes.Node], Callable[[Any], None]] = {
            nodes.section: self._section,
            nodes.bullet_list: self._bullet_list,
            nodes.enumerated_list: self._enumerated_list,
            nodes.definition_list_item: self._definition,
            nodes.field: self._field,
            nodes.option_list_item: self._option,
            nodes.table: self._table,
            nodes.footnote: self._footnote,
            nodes.citation: self._footnote,
            nodes.line_block: self._line_block,
            nodes.image: self._image,
            nodes.caption: lambda node: builder.caption(inline_text(node)),
            nodes.literal_block: lambda node: builder.code(node.astext()),
            nodes.doctest_block: lambda node: builder.code(node.astext()),
            nodes.system_message: self._system_message,
        }

    def read_text(self, text: str) -> None:
        """Adds the blocks of a whole text."""
        self._read_children(publish_doctree(text, settings_overrides=_SETTINGS))

    def _read(self, node: nodes.Node) -> None:
        """Adds the blocks of a node, whatever it is."""
        if isinstance(node, _WITHOUT_TEXT):
            return
        reader = self._readers.get(type(node))
        if reader is not None:
            reader(node)
        elif isinstance(node, nodes.Admonition) and not isinstance(node, nodes.admonition):
            self._labelled(f"{type(node).__name__.capitalize()}:", node.children)
        elif isinstance(node, nodes.TextElement):
            self._builder.paragraph(inline_text(node))
        else:
            self._read_children(node)

    def _read_children(self, node: nodes.Node) -> None:
        for child in node.children:
            self._read(child)

    def _section(self, section: nodes.section) -> None:
        self._level += 1
        for child in section.children:
            if isinstance(child, nodes.title):
                self._builder.heading(self._level, inline_text(child))
            else:
                self._read(child)
        self._level -= 1

    def _bullet_list(self, items: nodes.bullet_list) -> None:
        for item in items.children:
            self._item(item, "-")

    def _enumerated_list(self, items: nodes.enumerated_list) -> None:
        numeral = _NUMERALS.get(items.get("enumtype", ""), str)
        for number, item in enumerate(items.children, start=items.get("start", 1)):
            self._item(item, f"{items.get('prefix', '')}{numeral(number)}{items.get('suffix', '.')}")

    def _item(self, item: nodes.Node, marker: str) -> None:
        """Adds a list item: its first paragraph behind the marker, the rest as it comes."""
        first, *rest = item.children or [nodes.paragraph()]
        if isinstance(first, nodes.paragraph):
            self._builder.list_item(inline_text(first), marker)
        else:
            self._read(first)
        for child in rest:
            self._read(child)

    def _labelled(self, label: str, content: Sequence[nodes.Node]) -> None:
        """Adds what stands behind a term or a name; its first paragraph on one line with it."""
        is_running = bool(content) and isinstance(content[0], nodes.paragraph)
        self._builder.paragraph(f"{label} {inline_text(content[0])}" if is_running else label)
        for child in content[is_running:]:
            self._read(child)

    def _definition(self, item: nodes.definition_list_item) -> None:
        terms = [inline_text(child) for child in item.children if isinstance(child, (nodes.term, nodes.classifier))]
        content = [inner for child in item.children if isinstance(child, nodes.definition) for inner in child.children]
        term, *kinds = terms or [""]
        self._labelled(f"{term} ({', '.join(kinds)}):" if kinds else f"{term}:", content)

    def _field(self, field: nodes.field) -> None:
        name, body = field.children
        self._labelled(f"{inline_text(name)}:", body.children)

    def _option(self, item: nodes.option_list_item) -> None:
        group, description = item.children
        self._labelled(", ".join(option.astext() for option in group.children), description.children)

    def _footnote(self, note: nodes.Element) -> None:
        label, *content = [flat_text(child) for child in note.children] or [""]
        self._builder.footnote(f"[{label}] {' '.join(content)}")

    def _line_block(self, block: nodes.line_block) -> None:
        self._builder.paragraph("\n".join(inline_text(line) for line in block.findall(nodes.line)))

    def _image(self, image: nodes.image) -> None:
        self._builder.paragraph(image.get("alt", ""))

    def _table(self, table: nodes.table) -> None:
        for title in table.findall(nodes.title):
            self._builder.caption(inline_text(title))
        self._builder.table(table_rows(table))

    def _system_message(self, message: nodes.system_message) -> None:
        """Adds the text that docutils could not place: what stands in a directive unknown to it, a broken table."""
        source = next(iter(message.findall(nodes.literal_block)), None)
        if source is None:
            return
        directive = read_directive(source.astext())
        if directive is not None:
            self._directive(directive)
        elif _LOST_TEXT.match(message.children[0].astext()):
            kept = [line for line in source.astext().splitlines() if not _RULE.fullmatch(line)]
            self._builder.paragraph("\n".join(kept))

    def _directive(self, directive: Directive) -> None:
        self._builder.paragraph(directive.argument)
        if directive.is_code or self._directives == _DEEPEST_DIRECTIVE:
            self._builder.code(directive.body)
            return
        self._directives += 1
        self.read_text(directive.body)
        self._directives -= 1
