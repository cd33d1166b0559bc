"""What becomes of every file of a folder: read or refused and why, how many blocks, how many seconds.

`--data FOLDER` names the folder, with all folders below it; without it, the sample documents. Files go through the same
child processes and limits as uploads, so that one which crashes or hangs shows as `crashed` or `time_limit`.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from app.file_parser import open_file_parser
from app.settings import Settings
from bench import examples
from bench.report import Report, Row
from ingest.parsing.detect import HEAD_SIZE, detect_media_type
from ingest.parsing.sandbox import ParserSandbox
from retrieval.errors import DocumentRejected

OURS = "scholiast"
READ = "read"
_SIDE_BY_SIDE = 2  # as many as a worker has parser processes
_SLOWEST = 5  # files whose names the configuration lists


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file."""

    path: Path
    code: str  # READ, or the code of the reason to refuse it
    detail: str
    blocks: int
    warnings: int
    seconds: float


def run(settings: Settings, data: Path | None = None) -> Report:
    """Outcomes, blocks and seconds by file name extension; the configuration has the reason for each refused file."""
    folder = data or examples.DOCUMENTS
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    with open_file_parser(settings) as sandbox, ThreadPoolExecutor(_SIDE_BY_SIDE) as threads:
        outcomes = list(threads.map(lambda path: outcome_of(sandbox, path), paths))
    formats: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        formats.setdefault(outcome.path.suffix.lower()[1:] or "none", []).append(outcome)
    refused = {_name(item, folder): f"{item.code}: {item.detail}" for item in outcomes if item.code != READ}
    slowest = sorted(outcomes, key=lambda item: -item.seconds)[:_SLOWEST]
    return Report(
        "files",
        {
            "files": len(outcomes),
            "outcomes": dict(Counter(item.code for item in outcomes).most_common()),
            "refused": refused,
            "slowest": {_name(item, folder): round(item.seconds, 2) for item in slowest},
        },
        [row for extension, found in sorted(formats.items()) for row in _rows(extension, found)],
    )


def outcome_of(sandbox: ParserSandbox, path: Path) -> Outcome:
    """What an upload of the file would come to."""
    started = time.perf_counter()
    try:
        with path.open("rb") as file:
            media_type = detect_media_type(path.name, file.read(HEAD_SIZE))
        document = sandbox.parse(path, media_type)
    except DocumentRejected as reason:
        return Outcome(path, reason.code, reason.detail, 0, 0, time.perf_counter() - started)
    seconds = time.perf_counter() - started
    return Outcome(path, READ, "", len(document.blocks), len(document.warnings), seconds)


def _rows(extension: str, outcomes: Sequence[Outcome]) -> Iterator[Row]:
    """The figures of one format."""
    data = f"{extension}, {len(outcomes)} files"
    for code, count in Counter(item.code for item in outcomes).most_common():
        yield Row(OURS, data, READ if code == READ else f"refused: {code}", count)
    if read := [item for item in outcomes if item.code == READ]:
        yield Row(OURS, data, "blocks", sum(item.blocks for item in read))
        yield Row(OURS, data, "with a warning", sum(item.warnings > 0 for item in read))
    yield Row(OURS, data, "seconds, median", median(item.seconds for item in outcomes))
    yield Row(OURS, data, "seconds, longest", max(item.seconds for item in outcomes))


def _name(outcome: Outcome, folder: Path) -> str:
    return str(outcome.path.relative_to(folder))
