"""`scholiast train`: trains the models of our own from published sets; a run that is cut off goes on with --resume."""

import signal
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console
from safetensors.torch import load_file

from app.background_command import run
from app.settings import Settings
from generation.reader import EMBEDDER, Reader
from generation.reader_examples import SETS, Epochs, LabelledQuestion, LabelledSet, labelled
from generation.reader_judging import UNCALIBRATED, ask, auroc, calibrated
from generation.reader_training import BATCH, ReaderTraining
from generation.reader_weights import AnswerableCalibration, ReaderWeights
from generation.training_run import Plan, Report
from retrieval.embedding import weights_sha256
from retrieval.errors import ModelUnavailable
from retrieval.fastest_dtype import fastest_dtype

app = typer.Typer(
    name="scholiast train",
    help="Train the models of our own from published sets.",
    no_args_is_help=True,
    add_completion=False,
)
console = Console(highlight=False)
# Questions of the `dev` splits that chances are fitted on, and of each set that figures are given for.
_CALIBRATED_ON, _JUDGED_ON = 300, 100
_BY_DEFAULT = f"May be given again. Default: {', '.join(f'{name}={share:g}' for name, share in SETS.items())}."

Data = Annotated[
    list[Path],
    typer.Option(exists=True, file_okay=False, help="Folder of sets in the BEIR layout; may be given again."),
]
Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=SHARE",
        help=f"A set to learn from, and which share of its questions an epoch takes. {_BY_DEFAULT}",
    ),
]
WRITTEN = Path("models/reader.safetensors")
Out = Annotated[Path, typer.Option(help="The file to write.")]
Seed = Annotated[int, typer.Option(help="Makes a run repeatable.")]
Steps = Annotated[int, typer.Option(min=10, help=f"Steps of {BATCH} examples, those of earlier sittings included.")]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on where the last run stopped, also after its end with more steps.")
]
Start = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        help="A reader to learn on from, in place of the embedder's weights; another --seed draws other examples.",
    ),
]


@app.command()
def reader(  # noqa: PLR0913, PLR0917 - one a flag
    data: Data,
    sets: Sets = None,
    out: Out = WRITTEN,
    steps: Steps = 6000,
    seed: Seed = 0,
    resume: Resume = False,
    start: Start = None,
) -> None:
    """Train the reader; Ctrl-C stops it at a checkpoint."""
    if resume and start:
        raise typer.BadParameter("A run that goes on has its weights already; leave out --start or --resume.")
    shares = _shares(sets)
    settings = Settings()
    embedder = _embedder(settings)
    checkpoints = settings.models_dir / "training" / "reader"
    device = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = torch.bfloat16 if device == "cuda" else fastest_dtype()
    plan = Plan(steps, seed, checkpoints, settings.threads, device, dtype)
    training = ReaderTraining(embedder, Epochs(_sets(data, shares, "train"), seed, shares), plan)
    if start:
        training.start_from(ReaderWeights.read(start))
    if resume:
        training.resume()
    if not _run_until_stopped(training):
        console.print(f"Stopped at step {training.step}; the same command with --resume goes on.")
        raise typer.Exit(1)
    stored = load_file(embedder / "model.safetensors")
    before = {name.removeprefix("bert."): value for name, value in stored.items()}
    trained = ReaderWeights.trained(weights_sha256(embedder), before, training.parameters, UNCALIBRATED)
    _write(trained, embedder, out, settings.threads, _sets(data, shares, "dev"), seed)


@app.command()
def average(
    readers: Annotated[
        list[Path],
        typer.Argument(exists=True, dir_okay=False, help="Readers, each of which learnt on from another of them."),
    ],
    data: Data,
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME", help=f"A set to fit the chances on, and to judge by. {_BY_DEFAULT}"),
    ] = None,
    out: Out = WRITTEN,
    seed: Seed = 0,
) -> None:
    """Write the mean of several readers, which is mostly better than each."""
    if len(readers) < 2:  # noqa: PLR2004 - several
        raise typer.BadParameter("A mean needs two readers at least.")
    shares = _shares(sets)
    settings = Settings()
    embedder = _embedder(settings)
    mean = ReaderWeights.averaged([ReaderWeights.read(path) for path in readers])
    _write(mean, embedder, out, settings.threads, _sets(data, shares, "dev"), seed)


def main() -> int:
    """Runs a command; gives its exit code."""
    return run(app, console)


def _embedder(settings: Settings) -> Path:
    """The folder of the model that readers are made from; raises `ModelUnavailable` where it is not."""
    folder = settings.model_folder(EMBEDDER)
    if not (folder / "model.safetensors").is_file():
        raise ModelUnavailable(f"The reader is trained from '{EMBEDDER}'; run `scholiast models pull {EMBEDDER}`.")
    return folder


def _shares(sets: Sequence[str] | None) -> Mapping[str, float]:
    return dict(map(_share, sets)) if sets else SETS


def _share(text: str) -> tuple[str, float]:
    """A set's name and its share, from `NAME=SHARE` or `NAME`."""
    name, _, share = text.partition("=")
    try:
        found = float(share or 1)
    except ValueError:
        found = 0.0
    if not 0 < found <= 1:
        raise typer.BadParameter(f"'{share}' is no share; write --set {name}=0.5, or --set {name} for all of it.")
    return name, found


def _sets(data: Sequence[Path], names: Iterable[str], split: str) -> dict[str, LabelledSet]:
    """The sets by name, each from the first of the folders that has it."""
    folders = {name: next((path / name for path in data if (path / name).is_dir()), data[0] / name) for name in names}
    return {name: labelled(folder, split) for name, folder in folders.items()}


def _run_until_stopped(training: ReaderTraining) -> bool:
    """Trains until the end, or until somebody stops it; gives whether it came to the end."""
    stopping: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda signum, _frame: stopping.append(signum))
    ended = training.run(_print, lambda: bool(stopping))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    return ended


def _print(report: Report) -> None:
    left = time.strftime("%H:%M:%S", time.gmtime(report.seconds_left))
    console.print(
        f"step {report.step} of {report.steps}, loss {report.loss:.3f}, {report.examples_per_second:.1f} examples a "
        f"second, {left} left"
    )


def _write(  # noqa: PLR0913, PLR0917 - what training leaves behind, said once
    weights: ReaderWeights, embedder: Path, out: Path, threads: int, held_out: dict[str, LabelledSet], seed: int
) -> None:
    """Fits the chances on questions held out, writes the file, prints what it is worth."""
    unfinished = out.with_name(out.name + ".unfinished")
    out.parent.mkdir(parents=True, exist_ok=True)

    def reader_with(calibration: AnswerableCalibration) -> Reader:
        replace(weights, calibration=calibration).save(unfinished)
        return Reader(embedder, threads, weights=unfinished)

    examples = Epochs(held_out, seed, whole=True).epoch(0)[:_CALIBRATED_ON]
    made = reader_with(calibrated(reader_with(UNCALIBRATED), examples))
    for name, found in held_out.items():
        answerable = [question for question in found.questions if question.answers]
        others = [question for question in found.questions if not question.answers]
        judged = ask(made, _spread(answerable), found)
        exact, f1 = (sum(values) / len(judged) for values in zip(*((one.exact, one.f1) for one in judged), strict=True))
        told = (
            f", answerable told from unanswerable {auroc(judged + ask(made, _spread(others), found)):.3f}"
            if others
            else ""
        )
        console.print(f"{name} dev, {len(judged)} questions: exact match {exact:.3f}, F1 {f1:.3f}{told}")
    unfinished.replace(out)
    console.print(f"Written to {out} ({out.stat().st_size / 1e6:.1f} MB).")


def _spread(questions: Sequence[LabelledQuestion]) -> Sequence[LabelledQuestion]:
    """Some of the questions, from the whole of the set."""
    return questions[:: max(len(questions) // _JUDGED_ON, 1)][:_JUDGED_ON]


if __name__ == "__main__":
    sys.exit(main())
