"""What holds for every parsed document, whatever it was parsed from."""

import unicodedata
from collections.abc import Callable

from ingest.parsing.types import ParsedDocument
from retrieval.errors import DocumentRejected


def assert_sound(document: ParsedDocument) -> None:
    """Fails unless the blocks are non-empty, in order, apart from each other and exactly where they say."""
    end = 0
    seen: set[str] = set()
    for block in document.blocks:
        content = document.text[block.start : block.end]
        assert block.start >= end
        assert content
        assert content.rstrip() == content
        assert document.text[end : block.start] == ("\n\n" if end else "")
        assert set(block.headings) <= seen
        if block.kind == "heading":
            assert 1 <= block.level <= 6
            assert "\n" not in content
            seen.add(content)
        else:
            assert block.level == 0
        end = block.end
    assert end == len(document.text)
    assert unicodedata.is_normalized("NFC", document.text)
    assert not any(unicodedata.category(character) == "Cc" for character in document.text if character not in "\n\t")
    document.text.encode()  # no lone surrogates


def contents(document: ParsedDocument, kind: str) -> list[str]:
    """The texts of the blocks of one kind, in order."""
    return [document.text[block.start : block.end] for block in document.blocks if block.kind == kind]


def outline(document: ParsedDocument) -> list[tuple[int, str]]:
    """The headings with their levels, in order."""
    return [
        (block.level, document.text[block.start : block.end]) for block in document.blocks if block.kind == "heading"
    ]


def rejection_code(parse: Callable[[], object]) -> str:
    """The code with which parsing was rejected; "" where it was not."""
    try:
        parse()
    except DocumentRejected as rejection:
        return rejection.code
    return ""
