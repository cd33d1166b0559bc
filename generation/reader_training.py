"""Trains the reader: batches of like length, and steps of AdamW.

Deterministic under a seed: batches are drawn by it, and a batch is always cut into the same parts.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor

from generation import training_checkpoint
from generation.reader_examples import Epochs, ReaderExample
from generation.reader_input import PADDING, Window, plain, token_span, windows
from generation.reader_network import loss, lower, new_heads, trained_names, upper
from generation.reader_weights import ReaderWeights
from generation.training_checkpoint import Progress
from generation.training_run import Plan, Position, Report, sitting
from generation.training_schedule import Schedule
from retrieval.embedding import weights_sha256
from retrieval.errors import ModelUnavailable

BATCH = 16
PART = 4  # texts computed at once by one thread: what they need stays in its cache
PADDED_TO = 16  # tokens: each size of a product is prepared anew, which takes longer than the padding
DRAWN_TOGETHER = 64  # batches that are sorted by length among themselves
LEARNING_RATE = 1.5e-4
HEAD_RATE = 4.0  # times that of the layers: the heads begin from nothing
WEIGHT_DECAY = 0.01
MAX_NORM = 1.0
TRAINING_TOKENS = 384  # a window of an example


@dataclass(frozen=True, slots=True)
class Batch:
    """Windows of like length, and each one's first and last token of the answer; None where it has none."""

    windows: Sequence[Window]
    targets: Sequence[tuple[int, int] | None]


class ReaderTraining:
    """One run, from the embedder's weights or from a checkpoint."""

    def __init__(self, embedder: Path, epochs: Epochs, plan: Plan) -> None:
        """Reads the encoder from the embedder's folder."""
        config = json.loads((embedder / "config.json").read_text())
        self._base = weights_sha256(embedder)
        stored = load_file(embedder / "model.safetensors")
        weights = {name.removeprefix("bert."): weight for name, weight in stored.items()}
        self._heads: int = config["num_attention_heads"]
        names = trained_names(config["num_hidden_layers"])
        self._parameters = {name: weights[name].float() for name in names}
        self._parameters |= new_heads(config["hidden_size"], plan.seed)
        self._parameters = {name: value.to(plan.device) for name, value in self._parameters.items()}
        self._frozen = {
            name: value.to(plan.device, plan.dtype) for name, value in weights.items() if name not in self._parameters
        }
        self._encode = plain(Tokenizer.from_file(str(embedder / "tokenizer.json")))
        self._epochs = epochs
        self._plan = plan
        self._schedule = Schedule(plan.steps, LEARNING_RATE)
        groups = [
            {"params": [self._parameters[name] for name in names], "scale": 1.0},
            {"params": [value for name, value in self._parameters.items() if name not in names], "scale": HEAD_RATE},
        ]
        self._optimizer = torch.optim.AdamW(groups, lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY, fused=True)
        self.position = Position()

    @property
    def parameters(self) -> Mapping[str, Tensor]:
        """The trained parameters, float32."""
        return self._parameters

    @property
    def step(self) -> int:
        """Steps done so far."""
        return self.position.step

    @property
    def decay_begins(self) -> int:
        """The first step at a falling rate."""
        return self._schedule.decay_begins

    def start_from(self, weights: ReaderWeights) -> None:
        """Begins with a trained reader in place of the embedder's own layers and heads that know nothing.

        Raises `ModelUnavailable` if it was trained from another embedder.
        """
        if weights.base != self._base:
            raise ModelUnavailable("The reader to start from was trained from another embedding model; leave it out.")
        with torch.no_grad():
            for name, difference in weights.differences.items():
                self._parameters[name] += difference.to(self._plan.device)
            for name, head in weights.heads.items():
                self._parameters[name].copy_(head)

    def resume(self) -> None:
        """Goes on from the checkpoint that fits the plan; raises `ModelUnavailable` if there is none."""
        name = training_checkpoint.resumable(self._plan.checkpoints, self._plan.steps)
        progress, tensors = training_checkpoint.load(self._plan.checkpoints, name)
        decaying = progress.step > Schedule(progress.steps, LEARNING_RATE).decay_begins
        self.position = Position(progress.step, progress.examples, progress.seconds, decaying)
        for key, parameter in self._parameters.items():
            parameter.copy_(tensors[key])
            self._optimizer.state[parameter] = {
                "step": torch.tensor(float(progress.step), device=parameter.device),
                "exp_avg": tensors[f"mean/{key}"].to(parameter.device),
                "exp_avg_sq": tensors[f"square/{key}"].to(parameter.device),
            }

    def run(self, report: Callable[[Report], None], stopped: Callable[[], bool]) -> bool:
        """Trains to the end of the plan or until stopped, and leaves a checkpoint; True if it came to the end."""
        return sitting(self, self._plan, report, stopped)

    def batches(self) -> Iterator[Batch]:
        """The batches from the present step on: epoch after epoch, each in its own order."""
        skipped, number = self.position.step, 0
        while True:
            examples = self._epochs.epoch(number)
            drawn = BATCH * DRAWN_TOGETHER
            for start in range(0, len(examples) - BATCH + 1, drawn):
                together = sorted(examples[start : start + drawn], key=lambda one: len(one.passage.encode()))
                count = len(together) // BATCH
                # by a step that has no divisor in common with the count, so that lengths come mixed
                order = sorted(range(count), key=lambda place: (place * 37) % count if count > 1 else 0)
                for place in order:
                    if skipped:
                        skipped -= 1
                        continue
                    yield self._batch(together[place * BATCH : (place + 1) * BATCH])
            number += 1

    def _batch(self, examples: Sequence[ReaderExample]) -> Batch:
        pairs = [pair for example in examples if (pair := self._window(example))]
        pairs.sort(key=lambda pair: len(pair[0].ids))
        return Batch([window for window, _ in pairs], [target for _, target in pairs])

    def _window(self, example: ReaderExample) -> tuple[Window, tuple[int, int] | None] | None:
        """The first window that holds the answer, or the first of all where there is none; None without text."""
        found = windows(self._encode, example.question, example.title, example.passage, TRAINING_TOKENS)
        if example.answer is None or not found:
            return (found[0], None) if found else None
        spans = [(window, token_span(window, *example.answer)) for window in found]
        return next(((window, span) for window, span in spans if span), None)

    def train_on(self, batch: Batch, pool: ThreadPoolExecutor) -> tuple[float, int]:
        """One step; gives the batch's loss, and its examples."""
        size = BATCH if self._plan.device != "cpu" else PART
        parts = [slice(start, start + size) for start in range(0, len(batch.windows), size)]
        copies = {name: value.to(self._plan.dtype).requires_grad_() for name, value in self._parameters.items()}

        def gradients(part: slice) -> tuple[float, Sequence[Tensor]]:
            chosen = Batch(batch.windows[part], batch.targets[part])
            share = len(chosen.windows) / len(batch.windows)
            value = self._loss(chosen, copies) * share
            return value.item(), torch.autograd.grad(value, list(copies.values()))

        total = 0.0
        for parameter in self._parameters.values():
            parameter.grad = torch.zeros_like(parameter)
        for value, found in pool.map(gradients, parts):
            total += value
            for parameter, gradient in zip(self._parameters.values(), found, strict=True):
                assert parameter.grad is not None
                parameter.grad += gradient
        torch.nn.utils.clip_grad_norm_(self._parameters.values(), MAX_NORM)
        for group in self._optimizer.param_groups:
            group["lr"] = self._schedule.rate(self.position.step) * group["scale"]
        self._optimizer.step()
        return total, BATCH

    def _loss(self, batch: Batch, weights: Mapping[str, Tensor]) -> Tensor:
        longest = max(len(window.ids) for window in batch.windows)
        longest = -(-longest // PADDED_TO) * PADDED_TO
        tokens = torch.full((len(batch.windows), longest), PADDING)
        reachable = torch.zeros(len(batch.windows), longest, dtype=torch.bool)
        mask = torch.zeros_like(reachable)
        for row, window in enumerate(batch.windows):
            tokens[row, : len(window.ids)] = torch.tensor(window.ids)
            mask[row, : len(window.ids)] = True
            reachable[row, window.first : window.first + len(window.offsets)] = True
        tokens, reachable, mask = (made.to(self._plan.device) for made in (tokens, reachable, mask))
        with torch.no_grad():
            hidden = lower(self._frozen, tokens, mask, self._heads)
        spans, answerable = upper(weights, hidden, mask, self._heads)
        return loss(spans, answerable, reachable, batch.targets)

    def save(self, name: str) -> None:
        """Writes a checkpoint: parameters, and what the optimizer knows of them."""
        tensors = dict(self._parameters)
        for key, parameter in self._parameters.items():
            state = self._optimizer.state[parameter]
            if state:
                tensors |= {f"mean/{key}": state["exp_avg"], f"square/{key}": state["exp_avg_sq"]}
        at = self.position
        progress = Progress(at.step, self._plan.steps, self._plan.seed, at.examples, at.seconds)
        training_checkpoint.save(self._plan.checkpoints, name, progress, tensors)
