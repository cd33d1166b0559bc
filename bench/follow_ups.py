"""How well follow-up questions are made to stand on their own, on conversations whose rewrites people wrote.

`--data FOLDER` holds `cast2019_eval.jsonl` (TREC CAsT 2019; odd topics were looked at, even ones are for the figures)
and `zh_utterance_rewrite_train.jsonl.gz` (dialogues in Chinese; of these every hundredth).
"""

import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.settings import Settings
from bench.report import Report, Row, bootstrap
from generation.follow_up import standalone
from generation.types import Message
from retrieval.analysis import terms
from retrieval.errors import InvalidRequest

ENGLISH, CHINESE = "cast2019_eval.jsonl", "zh_utterance_rewrite_train.jsonl.gz"
_EVERY = 100  # of the Chinese dialogues


@dataclass(frozen=True, slots=True)
class Turn:
    """A question, what was said before, and the question as a person made it stand on its own."""

    history: Sequence[Message]
    question: str
    wanted: str


def run(_settings: Settings, data: Path | None) -> Report:
    """Shares of needed and of needless rewrites, and how much of what was missing the needed ones bring."""
    if data is None:
        raise InvalidRequest("Name the folder of the rewriting sets by --data.", field="data")
    sets = {
        "CAsT 2019, odd topics": _english(data / ENGLISH, 1),
        "CAsT 2019, even topics": _english(data / ENGLISH, 0),
        "Chinese dialogues": _chinese(data / CHINESE),
    }
    rows = [row for name, turns in sets.items() for row in _rows(name, list(turns))]
    return Report("follow-ups", {"every": _EVERY}, rows)


def _english(path: Path, parity: int) -> Iterator[Turn]:
    for row in map(json.loads, path.read_text().splitlines()):
        if int(row["id"].split("_")[0]) % 2 == parity and row["history"]:
            history = [Message("user", turn["q"]) for turn in row["history"]]
            yield Turn(history, row["query"], row["rewrite"])


def _chinese(path: Path) -> Iterator[Turn]:
    with gzip.open(path, "rt") as file:
        for number, row in enumerate(map(json.loads, file)):
            if number % _EVERY == 0:
                yield Turn([Message("user", said) for said in row["history"]], row["query"], row["rewrite"])


def _rows(name: str, turns: Sequence[Turn]) -> Iterator[Row]:
    needed = [turn for turn in turns if _terms(turn.wanted) - _terms(turn.question)]
    needless = [turn for turn in turns if not _terms(turn.wanted) - _terms(turn.question)]
    yield bootstrap("rules", name, "rewritten where needed", [float(_made(turn) != turn.question) for turn in needed])
    yield bootstrap("rules", name, "rewritten needlessly", [float(_made(turn) != turn.question) for turn in needless])
    for system, made in (("as asked", lambda turn: turn.question), ("rules", _made), ("all before", _everything)):
        yield bootstrap(system, name, "recall of the missing terms", [_recall(turn, made(turn)) for turn in needed])
        yield bootstrap(system, name, "precision of all terms", [_precision(turn, made(turn)) for turn in needed])


def _made(turn: Turn) -> str:
    return standalone(turn.question, turn.history) or turn.question


def _everything(turn: Turn) -> str:
    """The plain way: every question before goes along."""
    return " ".join([*(said.content for said in turn.history), turn.question])


def _recall(turn: Turn, made: str) -> float:
    missing = _terms(turn.wanted) - _terms(turn.question)
    return len(missing & _terms(made)) / len(missing)


def _precision(turn: Turn, made: str) -> float:
    found = _terms(made)
    return len(found & _terms(turn.wanted)) / len(found) if found else 0.0


def _terms(text: str) -> frozenset[str]:
    return frozenset(terms(text))
