"""How well the reader marks answers where the passage is given, how well it tells that there is none, and how fast.

`scholiast bench reader --data FOLDER`, the folder that holds the published sets: those it was trained on by their
`test` splits, and others that it never saw. XQuAD translates questions of SQuAD, so of it only those count that are in
SQuAD's `test` split here; ExpMRC repeats questions of CMRC's.
"""

import gzip
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from app.reader import open_reader, reader_name
from app.settings import Settings
from bench.library import passages
from bench.report import Report, Row, bootstrap
from generation.reader import EMBEDDER, Reader, Text
from generation.reader_examples import LabelledQuestion, LabelledSet, labelled
from generation.reader_judging import Found, ask, auroc
from retrieval.embedding import SentenceEmbedder
from retrieval.errors import InvalidRequest, ModelUnavailable

QUESTIONS = 200
RESAMPLES = 1000
_EXPMRC = "tasks/grounding"


def run(settings: Settings, data: Path | None, queries: int | None) -> Report:
    """Figures of every set that the folder holds."""
    if data is None:
        raise InvalidRequest("This benchmark needs --data FOLDER, with published sets in it.", field="data")
    embedder = SentenceEmbedder(settings.model_folder(EMBEDDER), settings.threads)
    reader = open_reader(settings, embedder)
    if reader is None:
        raise ModelUnavailable("There is no reader to measure; see SCHOLIAST_READER.")
    count = queries or QUESTIONS
    rows = [row for name, found in _sets(data) for row in _figures(reader, name, found, count)]
    stated = {"reader": reader_name(settings), "questions a set": count, "threads": settings.threads}
    return Report("reader", stated, [*rows, *_times(reader, settings.threads)], plotted=("exact match", "token F1"))


def _sets(data: Path) -> Iterator[tuple[str, LabelledSet]]:
    """The sets that are there, each with the questions that nothing like them was trained on."""
    beir = data / "beir" if (data / "beir").is_dir() else data
    for name in ("squad", "nq_gold", "cmrc2018"):
        if (beir / name).is_dir():
            yield f"{name} test", labelled(beir / name, "test")
    if (beir / "xquad_en_zh").is_dir() and (beir / "squad").is_dir():
        yield "xquad zh", _unseen_xquad(beir)
    for path in sorted((data / _EXPMRC).glob("*.jsonl*")):
        if path.name.startswith(("expmrc_cmrc", "policyqa")):
            yield path.name.partition(".")[0], _of_rows(path)


def _unseen_xquad(beir: Path) -> LabelledSet:
    """The Chinese questions that are translated from SQuAD's `test` split here."""
    whole = labelled(beir / "xquad_en_zh", "test_mono")
    unseen = frozenset(f"zh-{question.id}" for question in labelled(beir / "squad", "test").questions)
    return LabelledSet(whole.passages, [question for question in whole.questions if question.id in unseen])


def _of_rows(path: Path) -> LabelledSet:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        rows = [json.loads(line) for line in file]
    texts = {row["context"]: (row.get("title", ""), row["context"]) for row in rows}
    asked = [LabelledQuestion(row["id"], row["question"], row["context"], row["answers"]) for row in rows]
    return LabelledSet(texts, asked)


def _figures(reader: Reader, name: str, found: LabelledSet, count: int) -> Iterator[Row]:
    answerable = [question for question in found.questions if question.answers]
    others = [question for question in found.questions if not question.answers]
    asked = ask(reader, _spread(answerable, count), found)
    yield bootstrap("reader", name, "exact match", [one.exact for one in asked])
    yield bootstrap("reader", name, "token F1", [one.f1 for one in asked])
    if others:
        both = asked + ask(reader, _spread(others, count), found)
        yield _with_interval(name, both)


def _with_interval(name: str, found: Sequence[Found]) -> Row:
    """How well answerable questions are told from others, with the interval of questions drawn anew."""
    generator = np.random.default_rng(0)
    drawn = [generator.integers(0, len(found), len(found)) for _ in range(RESAMPLES)]
    values = [auroc([found[place] for place in places]) for places in drawn]
    low, high = np.percentile(values, [2.5, 97.5])
    return Row("reader", name, "AUROC of answerable", auroc(found), float(low), float(high))


def _times(reader: Reader, threads: int) -> Iterator[Row]:
    """Milliseconds a passage of about 170 tokens, one alone and eight together; medians."""
    texts = [Text("", text) for text in passages(64)]
    question = "How many days may staff work from home?"
    reader.read(question, texts[:8])
    for together in (1, 8):
        spent = []
        for start in range(0, len(texts), together):
            began = time.perf_counter()
            reader.read(question, texts[start : start + together])
            spent.append((time.perf_counter() - began) * 1000 / together)
        yield Row("reader", f"{together} together, {threads} threads", "ms a passage", float(np.median(spent)))


def _spread(questions: Sequence[LabelledQuestion], count: int) -> Sequence[LabelledQuestion]:
    return questions[:: max(len(questions) // count, 1)][:count]
