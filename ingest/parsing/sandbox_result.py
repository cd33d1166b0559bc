"""The form in which a parsed document, or the reason to reject it, crosses from the parser process to the worker."""

import json
from pathlib import Path
from typing import Any, get_args

from ingest.parsing.types import Block, BlockKind, ParsedDocument
from retrieval.errors import DocumentRejected, UnsupportedFile

_KINDS = frozenset(get_args(BlockKind))


def result_path(folder: Path, number: int) -> Path:
    """Where the result of a request's file with this number lies in the folder of the request."""
    return folder / f"result-{number}.json"


def write_document(path: Path, document: ParsedDocument) -> None:
    """Writes a document as JSON; heading paths, which many blocks share, are written once each."""
    paths: dict[tuple[str, ...], int] = {}
    blocks = [
        [block.kind, block.start, block.end, block.page, paths.setdefault(block.headings, len(paths)), block.level]
        for block in document.blocks
    ]
    _write(
        path,
        {
            "text": document.text,
            "blocks": blocks,
            "headings": [list(headings) for headings in paths],
            "pages": document.pages,
            "title": document.title,
            "warnings": list(document.warnings),
        },
    )


def write_rejection(path: Path, error: DocumentRejected) -> None:
    """Writes the reason why a file cannot become a document."""
    _write(path, {"rejected": {"code": error.code, "detail": error.detail}})


def read_result(path: Path) -> ParsedDocument:
    """The document that the parser process wrote; raises the DocumentRejected that it wrote instead.

    The process may have been taken over by the file it read, so nothing in its result is trusted: raises ValueError
    where it is not what `write_document` writes.
    """
    try:
        result = json.loads(path.read_bytes())
        if "rejected" in result:
            raise _rejection(str(result["rejected"]["code"]), str(result["rejected"]["detail"]))
        return _document(result)
    except (KeyError, TypeError, IndexError, RecursionError) as error:
        raise ValueError("not a parsed document") from error


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_bytes(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"))


def _rejection(code: str, detail: str) -> DocumentRejected:
    return UnsupportedFile(detail) if code == "unsupported_file" else DocumentRejected(code, detail)


def _document(result: dict[str, Any]) -> ParsedDocument:
    """The document in a decoded result; raises ValueError where its blocks do not fit its text."""
    text = str(result["text"])
    paths = [tuple(map(str, headings)) for headings in result["headings"]]
    blocks: list[Block] = []
    end = 0
    for kind, start, block_end, page, path, level in result["blocks"]:
        if kind not in _KINDS or not end <= start < block_end <= len(text):
            raise ValueError("a block lies outside of the text or over another")
        end = block_end
        blocks.append(Block(kind, int(start), int(end), _number(page), paths[path], int(level)))
    title = result["title"]
    return ParsedDocument(
        text=text,
        blocks=tuple(blocks),
        pages=_number(result["pages"]),
        title=None if title is None else str(title),
        warnings=tuple(map(str, result["warnings"])),
    )


def _number(value: Any) -> int | None:
    return None if value is None else int(value)
