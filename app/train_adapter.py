"""`scholiast train adapter`: teaches the small generator to answer shortly, to cite, and to refuse."""

from pathlib import Path
from typing import Annotated

import typer

from app.settings import SMALL_GENERATOR, Settings
from app.train_options import Data, Resume, Seed, chosen, console, device, read, run_until_stopped, said
from generation.adapter_judging import ask, worth
from generation.adapter_lessons import SETS, Lessons
from generation.adapter_training import LESSONS, AdapterTraining
from generation.training_run import Plan
from generation.transformers_model import TransformersModel
from retrieval.errors import ModelUnavailable

# Questions of the `dev` split of each set that figures are given for.
_JUDGED_ON = 100
Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=SHARE",
        help="A set in English to learn from, and which share of its passages an epoch takes. May be given again. "
        f"Default: {said(SETS)}.",
    ),
]
Out = Annotated[Path, typer.Option(file_okay=False, help="The folder to write, in the format of peft.")]
Steps = Annotated[
    int,
    typer.Option(
        min=10, help=f"Steps of {LESSONS} prompts with some questions each, those of earlier sittings included."
    ),
]
Generator = Annotated[str, typer.Option(help="The model to adapt: one of the Llama family, by name or folder.")]


def adapter(  # noqa: PLR0913, PLR0917 - one a flag
    data: Data,
    sets: Sets = None,
    out: Out = Path("models/short_answers"),
    steps: Steps = 300,
    seed: Seed = 0,
    resume: Resume = False,
    generator: Generator = SMALL_GENERATOR,
) -> None:
    """Train the generator's adapter for short cited answers and refusals; Ctrl-C stops it at a checkpoint."""
    shares = chosen(sets, SETS)
    settings = Settings()
    folder = settings.model_folder(generator)
    if not (folder / "model.safetensors").is_file():
        raise ModelUnavailable(f"There is no model in {folder}; run `scholiast models pull {generator}`.")
    checkpoints = settings.models_dir / "training" / "adapter"
    plan = Plan(steps, seed, checkpoints, settings.threads, *device())
    training = AdapterTraining(folder, Lessons(read(data, shares, "train"), seed, shares), plan)
    if resume:
        training.resume()
    run_until_stopped(training.run, lambda: training.position.step)
    training.write(out)
    console.print(f"Written to {out}.")
    model = TransformersModel(folder, settings.threads, adapters={"trained": out}).with_adapter("trained")
    for name, held_out in read(data, shares, "dev").items():
        found = worth(ask(model, Lessons({name: held_out}, seed).epoch(0), _JUDGED_ON))
        console.print(
            f"{name} dev, {found.answerable} answerable questions: exact match {found.exact:.3f}, F1 {found.f1:.3f}, "
            f"right citation {found.cited:.3f}, refused {found.refused_wrongly:.3f}; {found.unanswerable} others: "
            f"refused {found.refused_rightly:.3f}"
        )
