"""`scholiast train reader` and `average`: the network that marks answers in passages."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from safetensors.torch import load_file

from app.settings import Settings
from app.train_options import Data, Resume, Seed, chosen, console, device, read, run_until_stopped, said
from generation.reader import EMBEDDER, Reader
from generation.reader_examples import SETS, Epochs, LabelledQuestion, LabelledSet
from generation.reader_judging import UNCALIBRATED, ask, auroc, calibrated
from generation.reader_training import BATCH, ReaderTraining
from generation.reader_weights import AnswerableCalibration, ReaderWeights
from generation.training_run import Plan
from retrieval.embedding import weights_sha256
from retrieval.errors import ModelUnavailable

# Questions of the `dev` splits that chances are fitted on, and of each set that figures are given for.
_CALIBRATED_ON, _JUDGED_ON = 300, 100
_BY_DEFAULT = f"May be given again. Default: {said(SETS)}."

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
Steps = Annotated[int, typer.Option(min=10, help=f"Steps of {BATCH} examples, those of earlier sittings included.")]
Start = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        help="A reader to learn on from, in place of the embedder's weights; another --seed draws other examples.",
    ),
]


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
    shares = chosen(sets, SETS)
    settings = Settings()
    embedder = _embedder(settings)
    checkpoints = settings.models_dir / "training" / "reader"
    plan = Plan(steps, seed, checkpoints, settings.threads, *device())
    training = ReaderTraining(embedder, Epochs(read(data, shares, "train"), seed, shares), plan)
    if start:
        training.start_from(ReaderWeights.read(start))
    if resume:
        training.resume()
    run_until_stopped(training.run, lambda: training.step)
    stored = load_file(embedder / "model.safetensors")
    before = {name.removeprefix("bert."): value for name, value in stored.items()}
    trained = ReaderWeights.trained(weights_sha256(embedder), before, training.parameters, UNCALIBRATED)
    _write(trained, embedder, out, settings.threads, read(data, shares, "dev"), seed)


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
    shares = chosen(sets, SETS)
    settings = Settings()
    embedder = _embedder(settings)
    mean = ReaderWeights.averaged([ReaderWeights.read(path) for path in readers])
    _write(mean, embedder, out, settings.threads, read(data, shares, "dev"), seed)


def _embedder(settings: Settings) -> Path:
    """The folder of the model that readers are made from; raises `ModelUnavailable` where it is not."""
    folder = settings.model_folder(EMBEDDER)
    if not (folder / "model.safetensors").is_file():
        raise ModelUnavailable(f"The reader is trained from '{EMBEDDER}'; run `scholiast models pull {EMBEDDER}`.")
    return folder


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
