"""`python -m bench`, `scholiast bench`, `make bench`: runs benchmarks and writes bench/results/."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from app.settings import Settings
from bench import engine, files, ingest, parsing, representations, retrieval, search, writers
from bench.report import Report, publish

RESULTS = Path("bench/results")


@dataclass(frozen=True, slots=True)
class Options:
    """What a run may be told; a benchmark takes of it what concerns it."""

    data: Path | None
    outputs: Path | None
    passages: int


BENCHMARKS: dict[str, Callable[[Settings, Options], Report]] = {
    "retrieval": lambda settings, options: retrieval.run(settings, options.data),
    "representations": lambda settings, options: representations.run(settings, options.data),
    "writers": lambda settings, options: writers.run(settings, options.data),
    "search": lambda settings, _options: search.run(settings),
    "ingest": lambda settings, options: ingest.run(settings, options.passages),
    "engine": lambda settings, _options: engine.run(settings),
    "files": lambda settings, options: files.run(settings, options.data),
    "parsing": lambda _settings, options: parsing.run(options.data, options.outputs),
}


def main(
    names: Annotated[list[str] | None, typer.Argument(help=f"Which of {', '.join(BENCHMARKS)}; default: all.")] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            help="Folder of corpora in the BEIR layout, of parser test files, or of files of any kind.",
        ),
    ] = None,
    outputs: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="Folder of what other parsers made of the files.")
    ] = None,
    passages: Annotated[int, typer.Option(min=1, help="Passages in each round of `ingest`.")] = 1000,
    json: Annotated[Path | None, typer.Option(help="File for the figures, instead of one in bench/results/.")] = None,
) -> None:
    """Run benchmarks in-process and print their tables."""
    for name in names or list(BENCHMARKS):
        if name not in BENCHMARKS:
            raise typer.BadParameter(f"'{name}' is none of {', '.join(BENCHMARKS)}.")
        publish(BENCHMARKS[name](Settings(), Options(data, outputs, passages)), json or RESULTS / f"{name}.json")


if __name__ == "__main__":
    typer.run(main)
