"""Turns WikiTableQuestions into a set in the BEIR layout, which the reader learns tables from.

`python -m bench.wikitable_questions ARCHIVE OUT`, where ARCHIVE is the published tables/wikitablequestions.tar.gz. Kept
are the questions that a single cell answers whose row has words of the question: the others count, compare or sort,
which a reader that copies cannot. Each table is read and cut into chunks as the service would do with a CSV file, and
the chunk with the cell is the passage. Of every chunk one more question is made from the names of its columns, in a few
patterns: people ask for a column and name a row more often than they do in the published questions.
"""

import csv
import io
import json
import random
import re
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from app.settings import Settings
from generation.alignment import content
from generation.reader_examples import place_of
from ingest.chunking.strategies import DEFAULT_CHUNK_TOKENS
from ingest.chunking.structure import by_structure
from ingest.chunking.types import CountTokens, Embedder
from ingest.parsing.parsers import parse
from retrieval.embedding import SentenceEmbedder
from retrieval.errors import DocumentRejected
from retrieval.table_text import cells_of

# What asks for more than one row.
_SEVERAL_ROWS = re.compile(
    r"\b(?:how many|number of|total|first|last|next|previous|before|after|above|below|most|least|earliest|latest"
    r"|more|less|fewer|same|other|difference|average|consecutive|\w{3,}est)\b"
)
# By pattern: {column} of the row that {key} names, or the row where {column} is {cell}.
_ASKED_OF_ROW = (
    "What is the {column} of {key}?",
    "{key} {column}",
    "Which {column} does {key} have?",
    "{column} for {key}?",
    "What does it say under {column} for {key}?",
    "Tell me the {column} of {key}.",
)
_ASKED_FOR_ROW = (
    "Which {first} has {cell} as its {column}?",
    "For which {first} is the {column} {cell}?",
    "Whose {column} is {cell}?",
)
_SHORTEST, _LONGEST = 2, 60  # characters of a cell that is asked for or by
# Every so many-th table is for `dev`: questions of one table are all of one split.
_HELD_OUT_EVERY = 20
_SPLITS: Mapping[bool, str] = {True: "dev", False: "train"}


@dataclass(frozen=True, slots=True)
class TableChunk:
    """A chunk of a table; a later one names the columns in its heading."""

    id: str
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class CellQuestion:
    """A question and the cell that answers it."""

    id: str
    text: str
    answer: str


def main(
    archive: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    out: Annotated[Path, typer.Argument(file_okay=False, help="Folder for the set.")],
) -> None:
    """Reads every table and writes corpus, questions and judgements."""
    settings = Settings()
    embedder = SentenceEmbedder(settings.model_folder(settings.embedding_model), settings.threads)
    corpus, queries = list[str](), list[str]()
    judgements = {split: ["query-id\tcorpus-id\tscore"] for split in _SPLITS.values()}
    with tarfile.open(archive) as files:
        for number, (table, asked) in enumerate(sorted(_asked(files).items())):
            split = _SPLITS[number % _HELD_OUT_EVERY == 0]
            chunks = _chunks(files, table, embedder.count_tokens)
            corpus += [_line({"_id": chunk.id, "title": chunk.heading, "text": chunk.text}) for chunk in chunks]
            found = [(question, chunk) for question in asked if (chunk := holding(chunks, question))]
            found += [(question, chunk) for chunk in chunks for question in made_of(chunk)]
            for question, chunk in found:
                facts = {"answers": [question.answer], "answerable": True, "split": split}
                queries.append(_line({"_id": question.id, "text": question.text, "metadata": facts}))
                judgements[split].append(f"{question.id}\t{chunk.id}\t1")
    (out / "qrels").mkdir(parents=True, exist_ok=True)
    (out / "corpus.jsonl").write_text("".join(corpus))
    (out / "queries.jsonl").write_text("".join(queries))
    for split, lines in judgements.items():
        (out / "qrels" / f"{split}.tsv").write_text("\n".join(lines) + "\n")
        typer.echo(f"{split}: {len(lines) - 1} questions")


def holding(chunks: Sequence[TableChunk], question: CellQuestion) -> TableChunk | None:
    """The chunk whose row answers: one cell alone is the answer, and its row has other words of the question."""
    answer = question.answer
    rows = [(chunk, row) for chunk in chunks for row in chunk.text.split("\n") if answer in cells_of(row)]
    if len(rows) != 1 or _SEVERAL_ROWS.search(question.text.lower()):
        return None
    chunk, row = rows[0]
    shares_words = content(question.text) & content(row.replace(answer, " "))
    start = chunk.text.index(row)
    place = place_of(answer, chunk.text, question.text)
    return chunk if shares_words and place and start <= place[0] < start + len(row) else None


def made_of(chunk: TableChunk) -> Iterator[CellQuestion]:
    """A question by pattern, the same for the same chunk, of a row for a column, or for the row of a cell; or none."""
    generator = random.Random(chunk.id)  # noqa: S311 - repeatable, not secret
    lines = [cells_of(line) for line in [*chunk.heading.split(" > ")[-1:], *chunk.text.split("\n")]]
    header, *rows = [cells for cells in lines if len(cells) > 1] or [[""]]
    whole = [row for row in rows if len(row) == len(header)]
    keys = [place for place in range(len(header)) if whole and _names_rows([row[place] for row in whole])]
    if not keys or len(header) < 2:
        return
    row, key = generator.choice(whole), keys[0]
    column = generator.choice([place for place in range(len(header)) if place != key])
    is_for_row = generator.random() < 1 / 3
    answer = row[key if is_for_row else column]
    usual = all(_SHORTEST <= len(text) <= _LONGEST for text in (row[key], row[column], header[key], header[column]))
    if usual and chunk.text.count(answer) == 1:
        name = header[column].lower() if generator.random() < 2 / 3 else header[column]
        pattern = generator.choice(_ASKED_FOR_ROW if is_for_row else _ASKED_OF_ROW)
        text = pattern.format(column=name, key=row[key], cell=row[column], first=header[key].lower())
        yield CellQuestion(f"{chunk.id}/made", text, answer)


def _names_rows(cells: Sequence[str]) -> bool:
    """Whether a column says which row is which: every cell another, in letters or as a year."""
    return len(set(cells)) == len(cells) and all(re.search(r"[^\W\d_]{2}|\d{4}", cell) for cell in cells)


def _asked(files: tarfile.TarFile) -> Mapping[str, Sequence[CellQuestion]]:
    """The published questions by table; those with several answers are left out."""
    found: dict[str, list[CellQuestion]] = {}
    for line in _text(files, "data/training.tsv").splitlines()[1:]:
        question, text, table, answer = line.split("\t")
        if "|" not in answer:
            found.setdefault(table, []).append(CellQuestion(question, text, answer.strip()))
    return found


def _chunks(files: tarfile.TarFile, table: str, count_tokens: CountTokens) -> Sequence[TableChunk]:
    """The table as the service would cut it; none where it cannot be read."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        rows = csv.reader(io.StringIO(_text(files, table)), escapechar="\\")
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([" ".join(cell.split()) for cell in row] for row in rows)
        try:
            document = parse(path, "text/csv")
        except DocumentRejected:
            return []
    return [
        TableChunk(f"{table}#{span.start}", " > ".join(span.headings), document.text[span.start : span.end])
        for span in by_structure(document, Embedder(count_tokens, _unused), DEFAULT_CHUNK_TOKENS)
    ]


def _unused(texts: Sequence[str]) -> NDArray[np.float32]:
    raise NotImplementedError(f"Cutting by structure embeds nothing, but was asked to embed {len(texts)} texts.")


def _text(files: tarfile.TarFile, name: str) -> str:
    file = files.extractfile(name)
    assert file is not None
    return file.read().decode()


def _line(row: Mapping[str, object]) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    typer.run(main)
