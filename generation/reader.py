"""Reads a question and a passage together and marks where the passage answers it, and how likely it does at all.

The embedder's own encoder with other upper layers (`reader_weights.py`) and two heads: logits of where an answer begins
and ends (Devlin et al., "BERT", 2018), and of whether there is one. Spans are exact places in the passage's text. It
copies; it neither reasons over several passages nor counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch.nn import functional

from generation.reader_input import PADDING, Encode, Window, plain, windows
from generation.reader_network import ANSWERABLE_HEAD, FROZEN_LAYERS, SPAN_HEAD
from generation.reader_weights import SHIPPED, ReaderWeights
from retrieval.bert_encoder import BertEncoder
from retrieval.embedding import padded, pool_of_single_threads, weights_sha256
from retrieval.errors import ModelUnavailable
from retrieval.fastest_dtype import fastest_dtype

EMBEDDER = "multilingual-e5-small"  # that the shipped weights were trained from
ANSWER_TOKENS = 48  # a longer span is a passage, not an answer
_BATCH = 4  # windows computed at once: what they need stays in the processor's cache
_MOST_TOKENS = 512  # that the encoder has positions for


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch [start, end) of a passage's text, and how far it is above "nowhere", in logits."""

    start: int
    end: int
    margin: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader found in one passage."""

    span: Span | None  # the best one; None where the passage holds no text
    logit: float  # of the answerability head
    answerable: float  # 0..1: calibrated chance that the passage answers the question
    within: Sequence[Span | None] = ()  # the best one of each stretch that was asked for; None where none was read


@dataclass(frozen=True, slots=True)
class Text:
    """A passage and what it belongs to: its document and headings, which no answer is taken from."""

    title: str
    passage: str
    stretches: Sequence[tuple[int, int]] = ()  # of the passage, such as its sentences: each is read for itself, too


class Reader:
    """One loaded reader, with threads of its own. Safe to call from several others."""

    def __init__(
        self,
        folder: Path,
        threads: int,
        shared: BertEncoder | None = None,
        weights: Path = SHIPPED,
        encode: Encode | None = None,
    ) -> None:
        """Takes the embedder's folder and, where that is in memory already, its encoder, to share all but the top.

        A vocabulary of 250,000 takes 280 MB, so its tokenizer is shared, too (`encode`).

        Raises `ModelUnavailable` if weights or embedder are missing or do not belong together.
        """
        trained = ReaderWeights.read(weights)
        if not (folder / "model.safetensors").is_file():
            raise ModelUnavailable(
                f"The reader needs the embedding model '{folder.name}'; run `scholiast models pull`."
            )
        if weights_sha256(folder) != trained.base:
            raise ModelUnavailable(
                f"The reader {weights.name} was trained from other weights than '{folder.name}' has."
            )
        encoder = shared or BertEncoder.read(folder, fastest_dtype())
        if encoder is None:
            raise ModelUnavailable(f"The reader needs an encoder of the kind BERT, which '{folder.name}' is not.")
        upper = trained.upper_layers(folder / "model.safetensors", encoder.dtype)
        self._encoder = encoder.with_layers(FROZEN_LAYERS, upper)
        self._heads = trained.heads
        self._calibration = trained.calibration
        self._encode = encode or plain(Tokenizer.from_file(str(folder / "tokenizer.json")))
        self._threads = threads
        self._pool = pool_of_single_threads(threads)

    def read(self, question: str, texts: Sequence[Text]) -> list[Reading]:
        """What it finds in each of the texts, in their order."""
        cut = [windows(self._encode, question, text.title, text.passage) for text in texts]
        every = [(number, window) for number, found in enumerate(cut) for window in found]
        every.sort(key=lambda pair: len(pair[1].ids))
        size = max(1, min(_BATCH, -(-len(every) // self._threads)))
        batches = [every[start : start + size] for start in range(0, len(every), size)]
        made = self._pool.map(self._read, [[window for _, window in batch] for batch in batches])
        found: list[list[_Read]] = [[] for _ in texts]
        for batch, readings in zip(batches, made, strict=True):
            for (number, _), reading in zip(batch, readings, strict=True):
                found[number].append(reading)
        return [self._reading(text, windows_of) for text, windows_of in zip(texts, found, strict=True)]

    def _reading(self, text: Text, found: Sequence["_Read"]) -> Reading:
        """Of several windows the one that is surest of an answer."""
        if not found:
            return Reading(None, 0.0, 0.0, [None] * len(text.stretches))
        spans = [best_span(read.window, read.spans) for read in found]
        chances = [
            self._calibration.chance(span.margin, read.answerable) for span, read in zip(spans, found, strict=True)
        ]
        best = int(np.argmax(chances))
        within = [_best_within(text, found, *stretch) for stretch in text.stretches]
        return Reading(_trimmed(text.passage, spans[best]), found[best].answerable, chances[best], within)

    @torch.inference_mode()
    def _read(self, batch: Sequence[Window]) -> list["_Read"]:
        tokens, lengths = padded([window.ids for window in batch], _MOST_TOKENS, PADDING)
        hidden = self._encoder(tokens, lengths).float()
        spans = functional.linear(hidden, self._heads[f"{SPAN_HEAD}.weight"], self._heads[f"{SPAN_HEAD}.bias"]).numpy()
        logits = functional.linear(
            hidden[:, 0], self._heads[f"{ANSWERABLE_HEAD}.weight"], self._heads[f"{ANSWERABLE_HEAD}.bias"]
        )
        return [_Read(window, spans[row], float(logits[row, 0])) for row, window in enumerate(batch)]


@dataclass(frozen=True, slots=True)
class _Read:
    """A window and the logits of where an answer begins and ends [tokens, 2], and of whether there is one."""

    window: Window
    spans: NDArray[np.float32]
    answerable: float


def best_span(window: Window, logits: NDArray[np.float32]) -> Span:
    """The likeliest span of a window by its tokens' logits [tokens, 2]."""
    return _likeliest(window, logits, 0, len(window.offsets))


def _best_within(text: Text, found: Sequence[_Read], start: int, end: int) -> Span | None:
    """The likeliest span of the stretch [start, end) in any of the windows; None if none has a token of it."""
    spans = []
    for read in found:
        inside = [place for place, (begin, stop) in enumerate(read.window.offsets) if begin < end and stop > start]
        if inside:
            spans.append(_likeliest(read.window, read.spans, inside[0], inside[-1] + 1))
    best = max(spans, key=lambda span: span.margin, default=None)
    return best and _trimmed(text.passage, best)


def _likeliest(window: Window, logits: NDArray[np.float32], low: int, high: int) -> Span:
    """The likeliest span among the passage's tokens [low, high) of a window."""
    begins, ends = logits[window.first + low : window.first + high].T
    # together [tokens, lengths]: an answer that begins at a token and has so many more
    length = min(ANSWER_TOKENS, len(begins))
    beyond = np.concatenate([ends, np.full(length - 1, -np.inf, dtype=ends.dtype)])
    together = begins[:, None] + np.lib.stride_tricks.sliding_window_view(beyond, length)
    first, more = divmod(int(together.argmax()), length)
    margin = float(together[first, more]) - float(logits[0].sum())
    return Span(window.offsets[low + first][0], window.offsets[low + first + more][1], margin)


def _trimmed(passage: str, span: Span) -> Span:
    """The span without the spaces that tokens begin with."""
    text = passage[span.start : span.end]
    start = span.start + len(text) - len(text.lstrip())
    return Span(start, max(start, span.start + len(text.rstrip())), span.margin)
