"""`python -m bench`, `scholiast bench`, `make bench`: runs benchmarks and writes bench/results/."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from app.settings import Settings
from bench import (
    answers,
    engine,
    files,
    filters,
    follow_ups,
    graph,
    ingest,
    many_vectors,
    pages,
    parsing,
    reader,
    representations,
    retrieval,
    routing,
    search,
    sparse,
    sql,
    translation,
    tree,
    writers,
)
from bench.report import Report, publish
from bench.retrieval import Scope

RESULTS = Path("bench/results")


@dataclass(frozen=True, slots=True)
class Options:
    """What a run may be told; a benchmark takes of it what concerns it."""

    scope: Scope
    outputs: Path | None
    ingested: int
    vectors: int
    chunks: Sequence[int]
    noisy: int
    judge: str | None
    judge_url: str | None

    @property
    def data(self) -> Path | None:
        """The first folder of data that was given."""
        return self.scope.folders[0] if self.scope.folders else None

    @property
    def answers(self) -> answers.Scope:
        """What `answers` is told."""
        scope = self.scope
        return answers.Scope(
            scope.folders,
            scope.split,
            scope.queries or answers.QUESTIONS,
            scope.passages or answers.PASSAGES,
            self.noisy,
            scope.kept,
            self.judge,
            self.judge_url,
            scope.systems,
        )


BENCHMARKS: dict[str, Callable[[Settings, Options], Report]] = {
    "retrieval": lambda settings, options: retrieval.run(settings, options.scope),
    "answers": lambda settings, options: answers.run(settings, options.answers),
    "reader": lambda settings, options: reader.run(settings, options.data, options.scope.queries),
    "follow-ups": lambda settings, options: follow_ups.run(settings, options.data),
    "representations": lambda settings, options: representations.run(settings, options.data),
    "tree": lambda settings, options: tree.run(settings, options.data, options.scope.kept),
    "writers": lambda settings, options: writers.run(settings, options.data),
    "search": lambda settings, options: search.run(
        settings, options.chunks or search.SIZES, options.scope.folders, options.scope.kept
    ),
    "sparse": lambda _settings, options: sparse.run(
        options.scope.folders, options.chunks[0] if options.chunks else sparse.CHUNKS, options.scope.split
    ),
    "many-vectors": lambda settings, options: many_vectors.run(settings, options.vectors),
    "ingest": lambda settings, options: ingest.run(settings, options.ingested),
    "engine": lambda settings, options: engine.run(settings, options.scope.systems, options.scope.queries),
    "sql": lambda settings, options: sql.run(settings, options.data),
    "translation": lambda settings, options: translation.run(
        settings,
        options.data,
        options.scope.kept,
        options.scope.split,
        options.scope.systems,
        options.scope.queries,
    ),
    "graph": lambda settings, options: graph.run(settings, options.scope.kept),
    "filters": lambda _settings, _options: filters.run(),
    "routing": lambda settings, options: routing.run(settings, options.data, options.scope.kept),
    "files": lambda settings, options: files.run(settings, options.data),
    "pages": lambda settings, options: pages.run(settings, options.data, options.scope.kept),
    "parsing": lambda _settings, options: parsing.run(
        options.data, options.outputs, scanned=parsing.SCANNED in options.scope.systems
    ),
}


def main(  # noqa: PLR0913, PLR0917 - one parameter an option
    names: Annotated[list[str] | None, typer.Argument(help=f"Which of {', '.join(BENCHMARKS)}; default: all.")] = None,
    data: Annotated[
        list[Path] | None,
        typer.Option(
            exists=True,
            file_okay=False,
            help="A corpus in the BEIR layout, a folder of them, or of files; may be given again.",
        ),
    ] = None,
    outputs: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="Folder of what other parsers made of the files.")
    ] = None,
    ingested: Annotated[int, typer.Option(min=1, help="Passages in each round of `ingest`.")] = 1000,
    vectors: Annotated[int, typer.Option(min=1, help="Vectors in the index of `many-vectors`.")] = 1_000_000,
    chunks: Annotated[
        list[int] | None, typer.Option(min=100, help="Chunks of `search` and `sparse`; may be given again.")
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
    noisy: Annotated[
        int, typer.Option(min=0, help="Questions that `answers` asks again with the gold passage among distractors.")
    ] = answers.NOISY,
    judge: Annotated[str | None, typer.Option(help="A model that judges answers beside the rules.")] = None,
    judge_url: Annotated[str | None, typer.Option(help="The OpenAI-compatible server that runs the judge.")] = None,
) -> None:
    """Run benchmarks in-process and print their tables."""
    scope = Scope(data or (), split, system or (), against, queries, passages, kept, quick, renew_baseline)
    for name in names or list(BENCHMARKS):
        if name not in BENCHMARKS:
            raise typer.BadParameter(f"'{name}' is none of {', '.join(BENCHMARKS)}.")
        options = Options(scope, outputs, ingested, vectors, chunks or (), noisy, judge, judge_url)
        report = BENCHMARKS[name](Settings(), options)
        publish(report, json or RESULTS / f"{name}{'-quick' * quick}.json")
        if report.regressions:
            print("\n".join(["Worse than the committed baseline:", *report.regressions]))
            raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
