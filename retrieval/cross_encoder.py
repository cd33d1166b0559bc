"""The slow last look: a model reads the query and a passage together and says how well one answers the other.

Optional, for a model that somebody names: any folder of a sequence classifier that transformers knows, with one label
or two (Nogueira and Cho, "Passage re-ranking with BERT", 2019). It reads the first candidates in their order until its
time is up; those it did not reach stay behind those it read, in the order they had.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from retrieval.embedding import padded
from retrieval.errors import ModelUnavailable
from retrieval.fastest_dtype import fastest_dtype
from retrieval.ranking import Ranked

# Pairs read at a time: after each the clock is looked at.
_BATCH = 4
_MAX_TOKENS = 512


class PairScorer(Protocol):
    """Says how well passages answer a query; scores of different queries need not compare."""

    name: str

    def score(self, query: str, passages: Sequence[str]) -> NDArray[np.float64]: ...


class CrossEncoder:
    """One loaded model. Safe to call from several threads; one call runs at a time."""

    def __init__(self, folder: Path, dtype: torch.dtype | None = None) -> None:
        """Raises `ModelUnavailable` if the folder holds no model that can be used."""
        from transformers import AutoModelForSequenceClassification  # noqa: PLC0415 - seconds to import, and optional

        self.name = folder.name
        try:
            settings = json.loads((folder / "config.json").read_text())
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            self._model = AutoModelForSequenceClassification.from_pretrained(
                folder,
                dtype=dtype or fastest_dtype(),
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
            ).eval()
        except Exception as error:  # tokenizers raises nothing narrower
            raise ModelUnavailable(
                f"The cross-encoder '{folder.name}' cannot be read; it has to be a folder of a sequence classifier "
                "with tokenizer.json and weights in safetensors."
            ) from error
        if self._model.config.num_labels not in (1, 2):
            raise ModelUnavailable(
                f"The cross-encoder '{folder.name}' has {self._model.config.num_labels} labels; one or two are needed."
            )
        longest = min(_MAX_TOKENS, settings.get("max_position_embeddings") or _MAX_TOKENS)
        # Models that count positions from after their padding token (RoBERTa) have two fewer.
        self._longest = longest - 2
        self._tokenizer.enable_truncation(self._longest)
        self._tokenizer.no_padding()
        self._has_types = settings.get("type_vocab_size", 0) > 1
        self._padding: int = settings.get("pad_token_id") or 0
        self._running = threading.Lock()

    @torch.inference_mode()
    def score(self, query: str, passages: Sequence[str]) -> NDArray[np.float64]:
        """The logit [passages] of each being an answer; the longer of both is cut where they are too long."""
        with self._running:
            encoded = self._tokenizer.encode_batch([(query, passage) for passage in passages])
            tokens, lengths = padded([item.ids for item in encoded], self._longest, self._padding)
            read = torch.arange(tokens.shape[1]) < torch.tensor(lengths)[:, None]
            given = {"input_ids": tokens, "attention_mask": read.long()}
            if self._has_types:
                given["token_type_ids"] = padded([item.type_ids for item in encoded], self._longest)[0]
            logits = self._model(**given).logits.double()
        found: NDArray[np.float64] = (logits[:, -1] - (logits[:, 0] if logits.shape[1] > 1 else 0)).numpy()
        return found


def read_again(
    scorer: PairScorer,
    query: str,
    ranked: Sequence[Ranked],
    texts: Mapping[int, str],
    milliseconds: float,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[Sequence[Ranked], int]:
    """The candidates by the model's scores, and how many it read before its time was up.

    `texts` has those to read, by key; the others, and those it did not reach, follow in the order they had.
    """
    wanted = [place for place, item in enumerate(ranked) if item.key in texts]
    started, longest = clock(), 0.0
    scores: list[float] = []
    for first in range(0, len(wanted), _BATCH):
        begun = clock()
        # Another batch is begun only if one like the slowest so far would end in time.
        if scores and 1000 * (begun - started + longest) > milliseconds:
            break
        batch = wanted[first : first + _BATCH]
        scores += scorer.score(query, [texts[ranked[place].key] for place in batch]).tolist()
        longest = max(longest, clock() - begun)
    read = [wanted[number] for number in np.argsort(-np.array(scores), kind="stable")]
    rest = sorted(set(range(len(ranked))) - set(read))
    return [ranked[place] for place in [*read, *rest]], len(read)
