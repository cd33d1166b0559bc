"""JSON and JSON Lines: records become tables, nested values stand under headings that name their place."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.encoding import decode, open_text
from ingest.parsing.json_outline import add_records, add_value
from ingest.parsing.listing import listed
from ingest.parsing.types import ParsedDocument
from retrieval.errors import DocumentRejected

DAMAGED: tuple[type[Exception], ...] = (json.JSONDecodeError,)

MAX_BYTES = 64 * 1024 * 1024  # of a file read whole: its values take some ten times that in memory
MAX_LINE = 10_000_000  # characters of one JSON Lines record
_RECORDS_AT_ONCE = 1_000  # records of JSON Lines whose keys decide the columns of one table
_MOST_BROKEN = 0.1  # of the lines; beyond it the file is something else
_LISTED_LINES = 5
_TITLES = ("title", "name")
# Numbers stay as they are written: 1.10 is a price, and 10**400 fits no float.
_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)


def parse(path: Path) -> ParsedDocument:
    """The values of a JSON file; raises DocumentRejected where it is too large, JSONDecodeError where it is none."""
    text = _read_whole(path)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        # One record a line, under the name of the other format, is common.
        if "\n" not in text.strip() or not _begins_with_record(text):
            raise
        try:
            return parse_lines(path)
        except DocumentRejected:
            raise error from None
    builder = DocumentBuilder()
    add_value(builder, value)
    return builder.build(title=_title(value))


def parse_lines(path: Path) -> ParsedDocument:
    """The records of a JSON Lines file; lines that are none are left out with a warning, or reject it where many."""
    builder = DocumentBuilder()
    broken: list[int] = []
    total = 0
    with open_text(path) as file:
        records = _records(file, broken)
        while batch := list(islice(records, _RECORDS_AT_ONCE)):
            add_records(builder, batch, total)
            total += len(batch)
            _check_lines(broken, total)
    _check_lines(broken, total)
    if broken:
        builder.warn(f"{len(broken)} lines are not JSON and were left out: {listed(broken, _LISTED_LINES)}.")
    return builder.build()


def _read_whole(path: Path) -> str:
    """The text of the file; raises DocumentRejected for more than can be held as values."""
    if path.stat().st_size > MAX_BYTES:
        raise DocumentRejected(
            "too_much_text",
            f"JSON files of at most {MAX_BYTES // 2**20} MB are read. Split it, or save it as JSON Lines (.jsonl).",
        )
    return decode(path.read_bytes()).lstrip("\ufeff")


def _begins_with_record(text: str) -> bool:
    """Whether the first line is a whole JSON value by itself."""
    try:
        _DECODER.decode(text.lstrip().split("\n", 1)[0])
    except json.JSONDecodeError:
        return False
    return True


def _records(file: TextIO, broken: list[int]) -> Iterator[Any]:
    """The value of each line that is not blank; adds the numbers of lines that are no JSON to `broken`."""
    number = 0
    while line := file.readline(MAX_LINE):
        number += 1
        if len(line) == MAX_LINE:
            raise DocumentRejected(
                "damaged", f"Line {number:,} is longer than {MAX_LINE:,} characters, so it is no record."
            )
        if not line.strip():
            continue
        try:
            yield _DECODER.decode(line)
        except json.JSONDecodeError:
            broken.append(number)


def _check_lines(broken: list[int], total: int) -> None:
    """Raises DocumentRejected where too many lines are no JSON."""
    if len(broken) > max(_MOST_BROKEN * (total + len(broken)), 0.5 if total == 0 else 1):
        raise DocumentRejected(
            "damaged", f"The file is no JSON Lines file: line {broken[0]:,} and {len(broken) - 1:,} more are not JSON."
        )


def _title(value: Any) -> str | None:
    """What an object says that it is called."""
    if isinstance(value, dict):
        return next((value[key] for key in _TITLES if isinstance(value.get(key), str)), None)
    return None
