"""`python -m bench`, `scholiast bench`, `make bench`: runs benchmarks and writes bench/results/."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from app.settings import Settings
from bench import ingest, parsing, representations, retrieval, search
from bench.report import Report, publish
from bench.retrieval import Scope

RESULTS = Path("bench/results")
BENCHMARKS: dict[str, Callable[[Settings, Scope, Path | None], Report]] = {
    "retrieval": lambda settings, scope, _outputs: retrieval.run(settings, scope),
    "representations": lambda settings, scope, _outputs: representations.run(settings, _first(scope)),
    "search": lambda settings, _scope, _outputs: search.run(settings),
    "ingest": lambda settings, _scope, _outputs: ingest.run(settings),
    "parsing": lambda _settings, scope, outputs: parsing.run(_first(scope), outputs),
}


def _first(scope: Scope) -> Path | None:
    return next(iter(scope.folders), None)


def main(  # noqa: PLR0913, PLR0917 - one parameter an option
    names: Annotated[list[str] | None, typer.Argument(help=f"Which of {', '.join(BENCHMARKS)}; default: all.")] = None,
    data: Annotated[
        list[Path] | None,
        typer.Option(
            exists=True,
            file_okay=False,
            help="A corpus in the BEIR layout, a folder of them, or one of parser test files; may be given again.",
        ),
    ] = None,
    outputs: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="Folder of what other parsers made of the files.")
    ] = None,
    json: Annotated[Path | None, typer.Option(help="File for the figures, instead of one in bench/results/.")] = None,
    split: Annotated[str, typer.Option(help="Which judgements of a corpus.")] = "test",
    system: Annotated[list[str] | None, typer.Option(help="Only this system; may be given again.")] = None,
    against: Annotated[str, typer.Option(help="The system that gains are measured from.")] = "hybrid",
    queries: Annotated[int | None, typer.Option(min=1, help="At most so many queries of a corpus.")] = None,
    passages: Annotated[int | None, typer.Option(min=1, help="Judged passages and others up to so many.")] = None,
    kept: Annotated[Path | None, typer.Option(help="Folder that keeps embedded corpora for the next run.")] = None,
    quick: Annotated[
        bool, typer.Option(help="Small samples; exit code 1 if nDCG@10 fell beyond noise since the committed baseline.")
    ] = False,
    renew_baseline: Annotated[bool, typer.Option(help="Make these figures the ones to compare with.")] = False,
) -> None:
    """Run benchmarks in-process and print their tables."""
    scope = Scope(data or (), split, system or (), against, queries, passages, kept, quick, renew_baseline)
    for name in names or list(BENCHMARKS):
        if name not in BENCHMARKS:
            raise typer.BadParameter(f"'{name}' is none of {', '.join(BENCHMARKS)}.")
        report = BENCHMARKS[name](Settings(), scope, outputs)
        publish(report, json or RESULTS / f"{name}{'-quick' * quick}.json")
        if report.regressions:
            print("\n".join(["Worse than the committed baseline:", *report.regressions]))
            raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
