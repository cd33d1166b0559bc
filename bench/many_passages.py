"""A hundred thousand real chunks with titles, cut from corpora and from files of texts, for benchmarks of scale.

Corpora whose questions are to be asked come first, so that these are asked among as many other passages as are wanted.
"""

import gzip
import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.corpora import Corpus, Passage
from bench.library import passages
from retrieval.errors import InvalidRequest

# About 200 tokens, the default size of a chunk: so many letters, or Chinese characters, which count thrice.
_LETTERS = 900
_IDEOGRAPHS = re.compile("[\u2e80-\U0003ffff]")
_SENTENCE = re.compile(r".+?(?:[.!?]\s+|[。！？]|\n+|$)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a passage, as long as a chunk."""

    passage_id: str
    title: str
    text: str


def load(folders: Sequence[Path], count: int, judged: Sequence[Corpus] = ()) -> Sequence[Piece]:
    """So many pieces: all of the judged corpora's passages, and a sample of all other texts in the folders.

    A folder holds corpora in the BEIR layout or files of JSON lines with a `text`. Raises `InvalidRequest` if they have
    fewer.
    """
    names = {corpus.name for corpus in judged}
    first = [piece for corpus in judged for passage in corpus.passages for piece in pieces(passage)]
    others = [piece for path in _files(folders, names) for passage in _passages(path) for piece in pieces(passage)]
    if len(first) + len(others) < count:
        raise InvalidRequest(
            f"The folders hold {len(first) + len(others)} chunks, {count} are asked for.", field="chunks"
        )
    drawn = sorted(random.Random(0).sample(range(len(others)), max(count - len(first), 0)))
    return [*first, *(others[place] for place in drawn)]


def made_up(count: int) -> Sequence[Piece]:
    """So many pieces of the sample documents' sentences: few words, which stand in many of them."""
    return [Piece(str(number), "", text) for number, text in enumerate(passages(count))]


def pieces(passage: Passage) -> Iterator[Piece]:
    """The passage in whole sentences, each piece about as long as a chunk; a longer sentence stays whole."""
    gathered, size = "", 0
    for match in _SENTENCE.finditer(passage.text):
        sentence = match.group()
        length = len(sentence) + 2 * len(_IDEOGRAPHS.findall(sentence))
        if gathered.strip() and size + length > _LETTERS:
            yield Piece(passage.id, passage.title, gathered.strip())
            gathered, size = "", 0
        gathered, size = gathered + sentence, size + length
    if gathered.strip():
        yield Piece(passage.id, passage.title, gathered.strip())


def _files(folders: Sequence[Path], left_out: set[str]) -> Iterator[Path]:
    for folder in folders:
        corpora = sorted(folder.glob("**/corpus.jsonl*"))
        for path in corpora or sorted(folder.glob("*.jsonl*")):
            if path.parent.name not in left_out:
                yield path


def _passages(path: Path) -> Iterator[Passage]:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        for line in file:
            row: Any = json.loads(line)
            yield Passage(row["_id"], (row.get("title") or "").replace("_", " "), row["text"])
