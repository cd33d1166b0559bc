"""HTML: the main content of a page as blocks, without scripts, styles and navigation."""

import codecs
import re
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.encoding import decode
from ingest.parsing.html_table import table_rows
from ingest.parsing.html_tree import BLOCK_TAGS, events, flat_text, preformatted_text
from ingest.parsing.types import ParsedDocument

DAMAGED: tuple[type[Exception], ...] = (SelectolaxError,)

_NEVER_TEXT = (
    "script, style, noscript, template, svg, iframe, object, canvas, audio, video, nav, button, select, textarea, "
    "datalist, rt, rp, [hidden], [role=navigation], [role=search], [role=banner], [role=contentinfo]"
)
# Marks that documentation and wiki generators set around and into the text.
_GENERATED = (
    "a.headerlink, a.anchor, .navheader, .navfooter, .sphinxsidebar, .related, .toc, .mw-editsection, .navbox, "
    ".mw-jump-link, .mw-portlet, .vector-dropdown, .noprint, .printfooter, #toc, .breadcrumb, .breadcrumbs, .skip-link"
)
_AROUND_CONTENT = "body > header, body > footer, body > aside, body > div > footer"
_MAIN = ("main", "[role=main]", "article")
_SMALLEST_MAIN_SHARE = 0.3  # of the text of the page; below it the mark-up is decoration
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)
_CHARSET_WITHIN = 4_096  # bytes; browsers look at the first 1,024, pages with long comments need more
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_CAPTIONS = ("caption", "figcaption")


def parse(path: Path) -> ParsedDocument:
    """The main content of an HTML page; raises DocumentRejected where it holds no text or too much."""
    tree = LexborHTMLParser(_decode(path.read_bytes()))
    title = tree.css_first("head > title")
    builder = DocumentBuilder()
    body = tree.body
    if body is not None:
        _drop(body, f"{_NEVER_TEXT}, {_GENERATED}")
        _HtmlReader(builder).read(_main_content(body))
    return builder.build(title=flat_text(title) if title is not None else None)


def add_html(builder: DocumentBuilder, markup: str) -> None:
    """Adds the blocks of a piece of HTML, such as one inside a Markdown file."""
    body = LexborHTMLParser(markup).body
    if body is not None:
        _drop(body, _NEVER_TEXT)
        _HtmlReader(builder).read(body)


def _decode(content: bytes) -> str:
    """The page as text: in the encoding that it declares, where that is one and fits, else in the likeliest."""
    declared = _CHARSET.search(content[:_CHARSET_WITHIN])
    if declared and not content.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        name = declared.group(1).decode("ascii").lower()
        # Browsers read these names as the encodings that contain them.
        name = {"gb2312": "gb18030", "gbk": "gb18030", "iso-8859-1": "cp1252", "shift_jis": "cp932"}.get(name, name)
        try:
            return content.decode(name)
        except (LookupError, ValueError):
            return decode(content)
    return decode(content)


def _drop(root: LexborNode, selector: str) -> None:
    """Takes the selected elements out of the tree; the outermost ones, which take the inner ones along.

    Looking for the next one after each would be quadratic: a page of 50 MB holds 50,000 of them.
    """
    selected = {node.mem_id for node in root.css(selector)}
    outermost: list[LexborNode] = []
    inside: int | None = None
    for node, entering in events(root) if selected else ():
        if entering and inside is None and node.mem_id in selected:
            outermost.append(node)
            inside = node.mem_id
        elif not entering and node.mem_id == inside:
            inside = None
    for node in outermost:
        node.decompose()


def _main_content(body: LexborNode) -> LexborNode:
    """The element that holds the content proper; the body without its surroundings where none is marked."""
    whole = len(body.text(deep=True))
    for selector in _MAIN:
        marked = body.css(selector)
        if len(marked) == 1 and len(marked[0].text(deep=True)) > _SMALLEST_MAIN_SHARE * whole:
            return marked[0]
    _drop(body, _AROUND_CONTENT)
    return body


class _HtmlReader:
    """Turns the elements below a root into blocks: running text gathers until a block begins or ends."""

    def __init__(self, builder: DocumentBuilder) -> None:
        self._builder = builder
        self._running: list[str] = []
        self._markers: list[str] = []  # of the list items that the walk is in, "" once their first block is written
        self._counters: list[int | None] = []  # next number of each list that the walk is in; None for bullets
        self._captions = 0  # how many caption elements the walk is in

    def read(self, root: LexborNode) -> None:
        """Adds every block below the root."""
        skipped: int | None = None  # the node whose inside has been dealt with
        for node, entering in events(root):
            if skipped is not None:
                if node.mem_id == skipped and not entering:
                    skipped = None
                else:
                    continue
            if not entering:
                self._leave(node.tag or "")
            elif not self._enter(node):
                skipped = node.mem_id
        self._flush()

    def _enter(self, node: LexborNode) -> bool:
        """Deals with a node as it begins; returns whether its inside is still to be read."""
        tag = node.tag or ""
        if node.is_text_node:
            self._running.append(re.sub(r"\s+", " ", node.text_content or ""))
            return False
        if tag == "br":
            self._running.append("\n")
        elif tag == "math":
            self._running.append(node.attributes.get("alttext") or flat_text(node))
            return False
        elif tag in BLOCK_TAGS:
            self._flush()
            return not self._add_whole(node, tag) and self._open(node, tag)
        return not node.is_comment_node

    def _add_whole(self, node: LexborNode, tag: str) -> bool:
        """Adds an element that is one block whatever it holds; returns whether it was one."""
        if tag in _HEADINGS:
            self._builder.heading(_HEADINGS[tag], flat_text(node))
        elif tag == "pre":
            self._builder.code(preformatted_text(node))
        elif tag == "table" and (rows := table_rows(node)):
            caption = node.css_first("caption")
            if caption is not None:
                self._builder.caption(flat_text(caption))
            self._builder.table(rows)
        else:
            return False
        return True

    def _open(self, node: LexborNode, tag: str) -> bool:
        """Notes which list, item or caption the following text belongs to."""
        if tag in ("ol", "ul", "menu", "dir"):
            start = node.attributes.get("start") or "1"
            first = int(start) if start.isascii() and start.isdigit() and len(start) < 7 else 1
            self._counters.append(first if tag == "ol" else None)
        elif tag == "li":
            number = self._counters[-1] if self._counters else None
            self._markers.append("-" if number is None else f"{number}.")
            if number is not None:
                self._counters[-1] = number + 1
        elif tag in _CAPTIONS:
            self._captions += 1
        return True

    def _leave(self, tag: str) -> None:
        """Ends the block that an element holds."""
        if tag not in BLOCK_TAGS:
            return
        self._flush()
        if tag in ("ol", "ul", "menu", "dir") and self._counters:
            self._counters.pop()
        elif tag == "li" and self._markers:
            self._markers.pop()
        elif tag in _CAPTIONS:
            self._captions -= 1

    def _flush(self) -> None:
        """Adds the running text as a block of the kind that its place asks for."""
        lines = [" ".join(line.split()) for line in "".join(self._running).split("\n")]
        self._running.clear()
        # Two line breaks in a row are how older pages part paragraphs.
        for text in re.split(r"\n{2,}", "\n".join(lines).strip("\n")):
            if not text:
                continue
            if self._captions:
                self._builder.caption(text)
            elif self._markers and self._markers[-1]:
                self._builder.list_item(text, self._markers[-1])
                self._markers[-1] = ""
            else:
                self._builder.paragraph(text)
