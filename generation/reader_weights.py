"""The file that carries a trained reader: how its layers differ from the embedder's, and its heads.

A difference has little to say, so that it is kept in whole numbers of -127 to 127 with a scale for each row of a
matrix: 14 MB in place of 57. What is added is of no use with other weights than those it was taken from, so the file
names them.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from generation.reader_network import ANSWERABLE_HEAD, FROZEN_LAYERS, SPAN_HEAD
from retrieval.errors import ModelUnavailable

SHIPPED = Path(__file__).parent / "reader_weights.safetensors"
_LARGEST = 127
_SCALE = "/scale"
_HEADS = (f"{SPAN_HEAD}.", f"{ANSWERABLE_HEAD}.")


@dataclass(frozen=True, slots=True)
class AnswerableCalibration:
    """From a passage's two scores to the chance that it answers the question (Platt, 1999)."""

    margin: float  # weight of how far the best span is above "nowhere"
    logit: float  # weight of the answerability head
    intercept: float

    def chance(self, margin: float, logit: float) -> float:
        """The chance, 0 to 1."""
        return float(1 / (1 + np.exp(-(self.margin * margin + self.logit * logit + self.intercept))))


@dataclass(frozen=True, slots=True)
class ReaderWeights:
    """A trained reader: what its layers add to the embedder's, its heads, and what its scores mean."""

    base: str  # sha256 of the weights that it was trained from
    differences: Mapping[str, Tensor]  # float32, by the parameter's name
    heads: Mapping[str, Tensor]
    calibration: AnswerableCalibration

    @classmethod
    def trained(
        cls, base: str, before: Mapping[str, Tensor], after: Mapping[str, Tensor], calibration: AnswerableCalibration
    ) -> "ReaderWeights":
        """What training made of the weights from before; names that those lack are the heads'."""
        differences = {
            name: value.float().cpu() - before[name].float() for name, value in after.items() if name in before
        }
        heads = {name: value.float().cpu() for name, value in after.items() if name.startswith(_HEADS)}
        return cls(base, differences, heads, calibration)

    @property
    def shapes(self) -> Mapping[str, torch.Size]:
        """Of every tensor, by its name."""
        return {name: value.shape for name, value in {**self.differences, **self.heads}.items()}

    @classmethod
    def averaged(cls, readers: Sequence["ReaderWeights"]) -> "ReaderWeights":
        """The mean of readers that were trained on from one another: mostly better than each (Wortsman et al., 2022).

        Its scores are those of none of them, so that the calibration has to be fitted anew. Raises `ModelUnavailable`
        if they were trained from other weights or have other layers.
        """
        first = readers[0]
        if any(other.base != first.base or other.shapes != first.shapes for other in readers):
            raise ModelUnavailable("These readers differ in their embedder or in their layers; they have no mean.")
        differences = {name: _mean([one.differences[name] for one in readers]) for name in first.differences}
        heads = {name: _mean([one.heads[name] for one in readers]) for name in first.heads}
        return cls(first.base, differences, heads, first.calibration)

    def upper_layers(self, stored: Path, dtype: torch.dtype) -> Mapping[str, Tensor]:
        """The trained layers' weights: those in the embedder's file with the differences added.

        In float32 they are rounded to float16, by an eighth of what bfloat16 rounds, so that half as much is read.
        Raises `ModelUnavailable` if the file lacks them.
        """
        short = torch.float16 if dtype == torch.float32 else dtype
        try:
            with safe_open(stored, "pt") as file:
                names = {name.removeprefix("bert."): name for name in file.keys()}  # noqa: SIM118 - not a mapping
                return {
                    name: (file.get_tensor(names[name]).float() + difference).to(short).to(dtype)
                    for name, difference in self.differences.items()
                }
        except (OSError, SafetensorError, KeyError, RuntimeError) as error:
            raise ModelUnavailable(
                "The reader's embedding model cannot be read; run `scholiast models pull`."
            ) from error

    def save(self, path: Path) -> None:
        """Writes the file."""
        tensors = {name: value.half().contiguous() for name, value in self.heads.items()}
        for name, difference in self.differences.items():
            if difference.ndim == 1:
                tensors[name] = difference.half()
                continue
            scale = difference.abs().amax(dim=1).clamp(min=1e-12) / _LARGEST
            tensors[name] = (difference / scale[:, None]).round().to(torch.int8)
            tensors[name + _SCALE] = scale
        facts = {"base": self.base, "calibration": asdict(self.calibration), "first_layer": FROZEN_LAYERS}
        save_file(tensors, path, {"reader": json.dumps(facts)})

    @classmethod
    def read(cls, path: Path) -> "ReaderWeights":
        """The reader in a file that `save` wrote; raises `ModelUnavailable` if it cannot be used."""
        try:
            with safe_open(path, "pt") as file:
                facts = json.loads(file.metadata()["reader"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
            calibration = AnswerableCalibration(**facts["calibration"])
            known = facts["first_layer"] == FROZEN_LAYERS
        except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
            raise ModelUnavailable(
                f"The reader {path.name} cannot be read; train it anew or take the one that ships."
            ) from error
        if not known:
            raise ModelUnavailable(f"The reader {path.name} was trained by another version; train it anew.")
        heads = {name: value.float() for name, value in tensors.items() if name.startswith(_HEADS)}
        differences = {
            name: value.float() * tensors[name + _SCALE][:, None] if name + _SCALE in tensors else value.float()
            for name, value in tensors.items()
            if not name.endswith(_SCALE) and name not in heads
        }
        return cls(facts["base"], differences, heads, calibration)


def _mean(tensors: Sequence[Tensor]) -> Tensor:
    return torch.stack(list(tensors)).mean(dim=0)
