"""How much of a document its parser gets out: words, headings and table cells against reference Markdown.

Always the parse quality of the sample documents; with `--data FOLDER` also every source below it that has a reference:
`sources/NAME` with `groundtruth_md/NAME.md` beside that folder, or `NAME.pdf` with `expected_outputs/NAME.md` (the
layouts of docling's and markitdown's test data). With `--outputs FOLDER` other systems are scored beside ours from what
they wrote there, as `SYSTEM/PATH.md` for the source at PATH below the data; a file they left out counts 0. With
`--system scanned` (it needs the extra `ocr`) the PDFs of few pages are also read as a scanner would give them, and only
those files count.
"""

import logging
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench import examples
from bench.markdown_text import Content, Words, read_markdown, words
from bench.report import Report, Row, bootstrap
from bench.scanning import as_scan
from ingest.parsing.detect import HEAD_SIZE, SUPPORTED, detect_media_type
from ingest.parsing.parsers import parse
from ingest.parsing.quality import measure
from ingest.parsing.types import ParsedDocument
from retrieval.errors import DocumentRejected

OURS, SCANNED = "scholiast", "scanned"
METRICS = ("token F1", "heading recall", "cell recall")
_READ = frozenset(extension for extensions in SUPPORTED.values() for extension in extensions)
_NOTHING = Content((), (), frozenset())
_WORST = 5  # files of each format whose names the configuration lists

Scores = dict[str, float]


def run(data: Path | None = None, outputs: Path | None = None, *, scanned: bool = False) -> Report:
    """Parse quality of the sample documents; token F1, heading recall and cell recall by format over the folder."""
    logging.disable(logging.WARNING)  # of the parsers' libraries
    rows = list(_examples())
    found = _scores(data, outputs, scanned=scanned) if data else {}
    for metric in METRICS:
        for (extension, system, measured), scores in found.items():
            if measured == metric:
                rows.append(bootstrap(system, f"{extension}, {len(scores)} files", metric, list(scores.values())))
    return Report("parsing", {"worst": _worst(found)}, rows)


def _scores(data: Path, outputs: Path | None, *, scanned: bool) -> dict[tuple[str, str, str], Scores]:
    """The score of each file by format, system and metric."""
    others = sorted(folder.name for folder in outputs.iterdir() if folder.is_dir()) if outputs else []
    found: dict[tuple[str, str, str], Scores] = {}
    for source, reference in sorted(_pairs(data), key=lambda pair: (pair[0].suffix, pair[0])):
        contents = {OURS: _ours(source)}
        if scanned:
            if (of_scan := _of_scan(source)) is None:
                continue
            contents[SCANNED] = of_scan
        for system in others:
            contents[system] = _theirs((outputs or data) / system / f"{source.relative_to(data)}.md")
        truth = read_markdown(reference.read_text())
        for system, content in contents.items():
            for metric, score in compare(content, truth).items():
                found.setdefault((source.suffix[1:], system, metric), {})[source.name] = score
    return found


def compare(content: Content, truth: Content) -> Scores:
    """The scores of one file; recalls are left out where the reference has no headings or no cells."""
    scores = {"token F1": token_f1(content.words, truth.words)}
    if truth.headings:
        shared = Counter(content.headings) & Counter(truth.headings)
        scores["heading recall"] = shared.total() / len(truth.headings)
    if truth.cells:
        # Distinct cells: how often a merged cell is repeated is a matter of taste.
        scores["cell recall"] = len(content.cells & truth.cells) / len(truth.cells)
    return scores


def token_f1(found: Sequence[str], wanted: Sequence[str]) -> float:
    """The harmonic mean of precision and recall over words, each counted as often as it stands there."""
    if not found or not wanted:
        return float(not found and not wanted)
    return 2 * (Counter(found) & Counter(wanted)).total() / (len(found) + len(wanted))


def content_of(document: ParsedDocument) -> Content:
    """A parsed document as what is compared."""
    blocks = [(block.kind, document.text[block.start : block.end]) for block in document.blocks]
    rows = [row for kind, text in blocks if kind == "table" for row in text.split("\n")]
    counted: list[Words] = []
    header = ""
    for kind, text in blocks:
        # A long table becomes several blocks, each with the header: it is counted once.
        first_line = text.split("\n", 1)[0] if kind == "table" else ""
        counted.append(words(text.removeprefix(header) if header and header == first_line else text))
        header = first_line
    return Content(
        words=tuple(word for part in counted for word in part),
        headings=tuple(words(text) for kind, text in blocks if kind == "heading"),
        cells=frozenset(found for row in rows for cell in row.split("|") if (found := words(cell))),
    )


def _examples() -> Iterator[Row]:
    """The parse quality of the sample documents by format."""
    found: dict[str, list[float]] = {}
    for path in sorted(examples.DOCUMENTS.iterdir()):
        document = parse(path, detect_media_type(path.name, path.read_bytes()[:HEAD_SIZE]))
        found.setdefault(path.suffix[1:], []).append(measure(document).score)
    for extension, scores in found.items():
        yield bootstrap(OURS, f"examples, {extension}", "parse quality", scores)


def _pairs(data: Path) -> Iterator[tuple[Path, Path]]:
    """Each source of a format that is read, with its reference."""
    for reference in data.rglob("*.md"):
        beside, folder = reference.parent.parent, reference.parent.name
        candidates = {
            "groundtruth_md": [beside / "sources" / reference.stem, beside / "sources" / f"{reference.stem}.pdf"],
            "expected_outputs": [beside / f"{reference.stem}.pdf"],
        }.get(folder, [])
        source = next(filter(Path.exists, candidates), None)
        if source is not None and source.suffix in _READ:
            yield source, reference


def _ours(source: Path) -> Content:
    try:
        return content_of(parse(source, detect_media_type(source.name, source.read_bytes()[:HEAD_SIZE])))
    except DocumentRejected:
        return _NOTHING


def _of_scan(source: Path) -> Content | None:
    """What is recognised where only pictures of the pages are left; None for other files and for those too long."""
    with tempfile.TemporaryDirectory() as folder:
        scan = Path(folder) / "scan.pdf"
        return _ours(scan) if source.suffix == ".pdf" and as_scan(source, scan) else None


def _theirs(output: Path) -> Content:
    return read_markdown(output.read_text(errors="replace")) if output.exists() else _NOTHING


def _worst(found: dict[tuple[str, str, str], Scores]) -> dict[str, Scores]:
    """Our lowest token F1 by format, with the files."""
    return {
        extension: {name: round(score, 3) for name, score in sorted(scores.items(), key=lambda item: item[1])[:_WORST]}
        for (extension, system, metric), scores in found.items()
        if (system, metric) == (OURS, "token F1")
    }
