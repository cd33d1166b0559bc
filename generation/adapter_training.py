"""Trains an adapter (LoRA, Hu et al., 2021) for the generator: the model's own weights stay as they are.

Several questions share the passages of one prompt. They are read in one pass as a tree: every question follows the
passages, at the place where it would stand alone, and sees nothing of the others, so each answer's loss is the same as
if it had been asked by itself, at a fraction of the tokens. Only answers count, and only there are words predicted.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoModelForCausalLM

from generation import training_checkpoint
from generation.adapter_lessons import Lesson, Lessons
from generation.chat_template import ChatTemplate
from generation.prompts import tuned_messages
from generation.special_tokens import SpecialTokens
from generation.training_checkpoint import Progress
from generation.training_run import Plan, Position, Report, sitting
from generation.training_schedule import Schedule
from retrieval.errors import InvalidRequest

LESSONS = 4  # of a step
RANK = 16
ALPHA = 32.0
LEARNING_RATE = 5e-4
MAX_NORM = 1.0
MODULES = (
    *("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj"),
    *("mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"),
)
NOT_ASKED = float("-inf")


@dataclass(frozen=True, slots=True)
class Tree:
    """Tokens of a lesson: what all questions share, then each question with its answer."""

    tokens: Tensor  # [n]
    positions: Tensor  # [n], as each would stand alone
    visible: Tensor  # [n, n], bool: which tokens (columns) one sees
    predicting: Tensor  # [m], where the next token is one of an answer
    answers: Tensor  # [m], those tokens
    weights: Tensor  # [m], so that each answer counts as much as any other; they sum to the number of answers


class AdapterTraining:
    """One run, from nothing or from a checkpoint."""

    def __init__(self, generator: Path, lessons: Lessons, plan: Plan) -> None:
        """Reads the model from its folder. Raises `ModelUnavailable` if it cannot be talked to."""
        self._template = ChatTemplate(generator)
        self._special = SpecialTokens(self._template.special_strings)
        model: Any = AutoModelForCausalLM.from_pretrained(generator, dtype=plan.dtype)
        self._model = model.to(plan.device)
        self._model.requires_grad_(False)  # noqa: FBT003 - torch's own signature
        self._parameters = _insert(self._model, plan)
        self._base = generator.name
        self._lessons = lessons
        self._plan = plan
        self._schedule = Schedule(plan.steps, LEARNING_RATE)
        self._optimizer = torch.optim.AdamW(self._parameters.values(), lr=LEARNING_RATE, weight_decay=0.0)
        self.position = Position()

    @property
    def parameters(self) -> Mapping[str, Tensor]:
        """The trained matrices by peft's names, float32."""
        return self._parameters

    @property
    def decay_begins(self) -> int:
        """The first step at a falling rate."""
        return self._schedule.decay_begins

    def run(self, report: Callable[[Report], None], stopped: Callable[[], bool]) -> bool:
        """Trains to the end of the plan or until stopped, and leaves a checkpoint; True if it came to the end."""
        return sitting(self, self._plan, report, stopped)

    def resume(self) -> None:
        """Goes on from the checkpoint that fits the plan; raises `ModelUnavailable` if there is none."""
        name = training_checkpoint.resumable(self._plan.checkpoints, self._plan.steps)
        progress, tensors = training_checkpoint.load(self._plan.checkpoints, name)
        decaying = progress.step > Schedule(progress.steps, LEARNING_RATE).decay_begins
        self.position = Position(progress.step, progress.examples, progress.seconds, decaying)
        for key, parameter in self._parameters.items():
            with torch.no_grad():
                parameter.copy_(tensors[key])
            self._optimizer.state[parameter] = {
                "step": torch.tensor(float(progress.step)),
                "exp_avg": tensors[f"mean/{key}"].to(parameter.device),
                "exp_avg_sq": tensors[f"square/{key}"].to(parameter.device),
            }

    def batches(self) -> Iterator[Sequence[Lesson]]:
        """The lessons of each step, from the present one on: epoch after epoch, each in its own order.

        Raises `InvalidRequest` where the sets make none.
        """
        skipped, number = self.position.step, 0
        while True:
            lessons = self._lessons.epoch(number)
            if not lessons:
                raise InvalidRequest("The sets have no two questions about the same passages.", field="data")
            for first in range(0, max(len(lessons) - LESSONS, 0) + 1, LESSONS):
                if skipped:
                    skipped -= 1
                    continue
                yield lessons[first : first + LESSONS]
            number += 1

    def train_on(self, batch: Sequence[Lesson], pool: ThreadPoolExecutor) -> tuple[float, int]:
        """One step; gives the mean loss of an answer, and how many there were."""
        asked = sum(len(lesson.asked) for lesson in batch)

        def gradients(lesson: Lesson) -> tuple[float, Sequence[Tensor]]:
            loss = self._loss(self.tree(lesson)) / asked
            return loss.item(), torch.autograd.grad(loss, list(self._parameters.values()))

        total = 0.0
        for parameter in self._parameters.values():
            parameter.grad = torch.zeros_like(parameter)
        for value, found in pool.map(gradients, sorted(batch, key=_length, reverse=True)):  # no thread ends late
            total += value
            for parameter, gradient in zip(self._parameters.values(), found, strict=True):
                assert parameter.grad is not None
                parameter.grad += gradient
        torch.nn.utils.clip_grad_norm_(self._parameters.values(), MAX_NORM)
        for group in self._optimizer.param_groups:
            group["lr"] = self._schedule.rate(self.position.step)
        self._optimizer.step()
        return total, asked

    def loss(self, lesson: Lesson) -> float:
        """The mean loss of an answer of the lesson."""
        with torch.no_grad():
            return self._loss(self.tree(lesson)).item() / len(lesson.asked)

    def tree(self, lesson: Lesson) -> Tree:
        """The tokens of a lesson, exactly those that a service would put to the model for each of its questions."""
        prompts = [self._prompt(lesson.passages, one.question, one.history) for one in lesson.asked]
        ends = [next(token for token in prompt if token in self._template.end_tokens) for prompt in prompts]
        encode = self._template.tokenizer.encode
        answers = [
            [*encode(one.answer, add_special_tokens=False).ids, end]
            for one, end in zip(lesson.asked, ends, strict=True)
        ]
        return _tree(prompts, answers)

    def write(self, folder: Path) -> None:
        """Writes the adapter in the format of peft, as float16."""
        folder.mkdir(parents=True, exist_ok=True)
        weights = {name: value.detach().half().cpu().contiguous() for name, value in self._parameters.items()}
        save_file(weights, folder / "adapter_model.safetensors")
        configuration = {
            "base_model_name_or_path": self._base,
            "bias": "none",
            "lora_alpha": ALPHA,
            "peft_type": "LORA",
            "r": RANK,
            "target_modules": [name.split(".")[1] for name in MODULES],
            "task_type": "CAUSAL_LM",
        }
        (folder / "adapter_config.json").write_text(json.dumps(configuration, indent=1) + "\n")

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

    def _prompt(self, passages: Sequence[str], question: str, history: Sequence[Any]) -> list[int]:
        turns = [
            {"role": message.role, "content": self._special.disarm(message.content)}
            for message in tuned_messages(question, history, passages)
        ]
        return self._template.encode(turns)

    def _loss(self, tree: Tree) -> Tensor:
        """The summed loss of a lesson's answers, each the mean over its tokens."""
        device = self._plan.device
        hidden = torch.zeros(tree.visible.shape, dtype=self._plan.dtype).masked_fill(~tree.visible, NOT_ASKED)
        states = self._model.model(
            input_ids=tree.tokens[None].to(device),
            position_ids=tree.positions[None].to(device),
            attention_mask=hidden[None, None].to(device),
            use_cache=False,
        ).last_hidden_state[0]
        scores = self._model.lm_head(states[tree.predicting.to(device)]).float()
        losses = functional.cross_entropy(scores, tree.answers.to(device), reduction="none")
        return (losses * tree.weights.to(device)).sum()


class _Adapted(nn.Module):
    """A linear layer and what an adapter adds to it: (alpha / rank) * up * down * x."""

    def __init__(self, layer: nn.Linear, down: Tensor, up: Tensor) -> None:
        super().__init__()
        self._layer, self._down, self._up = layer, down, up

    def forward(self, rows: Tensor) -> Tensor:
        added = functional.linear(functional.linear(rows, self._down.to(rows.dtype)), self._up.to(rows.dtype))
        exact: Tensor = self._layer(rows)
        return exact + (ALPHA / RANK) * added


def _length(lesson: Lesson) -> int:
    return sum(map(len, lesson.passages))


def _insert(model: Any, plan: Plan) -> dict[str, Tensor]:
    """Puts an adapter beside every matrix of attention and feed-forward layers; it adds nothing yet."""
    random = torch.Generator().manual_seed(plan.seed)
    parameters: dict[str, Tensor] = {}
    for number, block in enumerate(model.model.layers):
        for name in MODULES:
            part, _, matrix = name.partition(".")
            holder = getattr(block, part)
            layer = getattr(holder, matrix)
            width = 1 / math.sqrt(layer.in_features)
            down = (torch.rand(RANK, layer.in_features, generator=random) * 2 - 1) * width
            up = torch.zeros(layer.out_features, RANK)
            pair = [value.to(plan.device).requires_grad_() for value in (down, up)]
            setattr(holder, matrix, _Adapted(layer, *pair))
            module = f"base_model.model.model.layers.{number}.{name}"
            parameters |= {f"{module}.lora_A.weight": pair[0], f"{module}.lora_B.weight": pair[1]}
    return parameters


def _tree(prompts: Sequence[Sequence[int]], answers: Sequence[Sequence[int]]) -> Tree:
    """Prompts that begin alike, with their answers, as one sequence; no prompt is another's beginning."""
    shared = min(len(prompt) for prompt in prompts) - 1
    while any(list(prompt[:shared]) != list(prompts[0][:shared]) for prompt in prompts):
        shared -= 1
    tokens, positions = list(prompts[0][:shared]), list(range(shared))
    predicting, targets, weights, branches = list[int](), list[int](), list[float](), list[tuple[int, int]]()
    for prompt, answer in zip(prompts, answers, strict=True):
        rest = [*prompt[shared:], *answer[:-1]]
        start = len(tokens)
        tokens += rest
        positions += range(shared, shared + len(rest))
        branches.append((start, len(tokens)))
        predicting += range(len(tokens) - len(answer), len(tokens))
        targets += answer
        weights += [1 / len(answer)] * len(answer)
    visible = torch.zeros(len(tokens), len(tokens), dtype=torch.bool)
    visible[:, :shared] = True
    for start, end in branches:
        visible[start:end, start:end] = True
    visible &= torch.ones_like(visible).tril()
    return Tree(
        torch.tensor(tokens),
        torch.tensor(positions),
        visible,
        torch.tensor(predicting),
        torch.tensor(targets),
        torch.tensor(weights),
    )
