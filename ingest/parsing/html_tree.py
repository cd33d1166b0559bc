"""Walks a parsed HTML tree without recursion, so that depth made to do harm costs memory and no stack."""

from collections.abc import Iterator

from selectolax.lexbor import LexborNode

# Elements that stand on lines of their own; all others flow within a line.
_BLOCK_TAG_NAMES = (
    "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 header hr legend li main menu nav ol option p pre section summary table tbody td "
    "tfoot th thead tr ul"
)
BLOCK_TAGS = frozenset(_BLOCK_TAG_NAMES.split())


def events(root: LexborNode) -> Iterator[tuple[LexborNode, bool]]:
    """Every node below the root twice, in document order: as it is entered (True) and left (False)."""
    top = root.mem_id
    node = root.first_child
    while node is not None:
        yield node, True
        child = node.first_child
        if child is not None:
            node = child
            continue
        while node is not None and node.mem_id != top:
            yield node, False
            if node.next is not None:
                node = node.next
                break
            node = node.parent
        else:
            return


def flat_text(root: LexborNode) -> str:
    """The text below the root in one line, with spaces where blocks and line breaks part words."""
    pieces: list[str] = []
    for node, entering in events(root):
        if node.is_text_node and entering:
            pieces.append(node.text_content or "")
        elif node.tag in BLOCK_TAGS or node.tag == "br":
            pieces.append(" ")
    return " ".join("".join(pieces).split())


def preformatted_text(root: LexborNode) -> str:
    """The text below the root with its own white space, line breaks included."""
    pieces: list[str] = []
    for node, entering in events(root):
        if node.is_text_node and entering:
            pieces.append(node.text_content or "")
        elif node.tag == "br" and entering:
            pieces.append("\n")
    return "".join(pieces)
