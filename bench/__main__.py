"""`python -m bench`, `scholiast bench`, `make bench`: runs benchmarks and writes bench/results/."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from app.settings import Settings
from bench import ingest, parsing, representations, retrieval, search, writers
from bench.report import Report, publish

RESULTS = Path("bench/results")
BENCHMARKS: dict[str, Callable[[Settings, Path | None, Path | None], Report]] = {
    "retrieval": lambda settings, data, _outputs: retrieval.run(settings, data),
    "representations": lambda settings, data, _outputs: representations.run(settings, data),
    "writers": lambda settings, data, _outputs: writers.run(settings, data),
    "search": lambda settings, _data, _outputs: search.run(settings),
    "ingest": lambda settings, _data, _outputs: ingest.run(settings),
    "parsing": lambda _settings, data, outputs: parsing.run(data, outputs),
}


def main(
    names: Annotated[list[str] | None, typer.Argument(help=f"Which of {', '.join(BENCHMARKS)}; default: all.")] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            exists=True, file_okay=False, help="Folder of corpora in the BEIR layout, or of parser test files."
        ),
    ] = None,
    outputs: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="Folder of what other parsers made of the files.")
    ] = None,
    json: Annotated[Path | None, typer.Option(help="File for the figures, instead of one in bench/results/.")] = None,
) -> None:
    """Run benchmarks in-process and print their tables."""
    for name in names or list(BENCHMARKS):
        if name not in BENCHMARKS:
            raise typer.BadParameter(f"'{name}' is none of {', '.join(BENCHMARKS)}.")
        publish(BENCHMARKS[name](Settings(), data, outputs), json or RESULTS / f"{name}.json")


if __name__ == "__main__":
    typer.run(main)
