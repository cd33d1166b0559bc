"""What a benchmark gives: rows of figures with intervals, as a table, as JSON and as a plot."""

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot
from rich.console import Console
from rich.table import Table

from retrieval.bootstrap import mean_of
from retrieval.types import Json

mpl.use("Agg")  # no screen


@dataclass(frozen=True, slots=True)
class Row:
    """One figure; `low` and `high` bound its 95 % interval where one can be given."""

    system: str
    data: str
    metric: str
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of one run and what they were measured on."""

    name: str
    configuration: Json
    rows: Sequence[Row]
    regressions: Sequence[str] = ()  # where a committed baseline was better by more than chance
    plotted: Sequence[str] = ()  # metrics that are worth a picture; none: all of them


def bootstrap(system: str, data: str, metric: str, values: Sequence[float]) -> Row:
    """The mean of the values with its bootstrap interval."""
    found = mean_of(values)
    return Row(system, data, metric, found.value, found.low, found.high)


def publish(report: Report, path: Path) -> None:
    """Prints the table, writes the figures to the path as JSON, and beside it the table as Markdown and the plot."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shown = {
        "name": report.name,
        "commit": commit(),
        "machine": {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count()},
        "configuration": report.configuration,
        "rows": [asdict(row) for row in report.rows],
    }
    path.write_text(json.dumps(shown, indent=1, ensure_ascii=False) + "\n")
    _print(report)
    path.with_suffix(".md").write_text(_markdown(report))
    _plot(report, path.with_suffix(".png"))


def _print(report: Report) -> None:
    table = Table("system", "data", "metric", "value", "95 % interval", title=report.name)
    for row in report.rows:
        interval = f"{row.low:.3f} to {row.high:.3f}" if row.low is not None else ""
        table.add_row(row.system, row.data, row.metric, f"{row.value:.3f}", interval)
    Console().print(table)


def _markdown(report: Report) -> str:
    """A table a data set: a line a system, a column a metric."""
    lines = [f"# {report.name}", ""]
    for data in dict.fromkeys(row.data for row in report.rows):
        rows = [row for row in report.rows if row.data == data]
        metrics = list(dict.fromkeys(row.metric for row in rows))
        cells = {(row.system, row.metric): _cell(row) for row in rows}
        lines += [f"## {data}", "", f"| | {' | '.join(metrics)} |", "|---" * (len(metrics) + 1) + "|"]
        for system in dict.fromkeys(row.system for row in rows):
            lines.append(f"| {system} | {' | '.join(cells.get((system, metric), '') for metric in metrics)} |")
        lines.append("")
    return "\n".join(lines)


def _cell(row: Row) -> str:
    return f"{row.value:.3f}" + (f" ({row.low:.3f} to {row.high:.3f})" if row.low is not None else "")


def _plot(report: Report, path: Path) -> None:
    """One panel a metric: a bar for every system and data set."""
    metrics = list(report.plotted or dict.fromkeys(row.metric for row in report.rows))
    bars = [sum(row.metric == metric for row in report.rows) for metric in metrics]
    # Every bar gets the height of its label, and every panel room for its title and axis.
    heights = [0.9 + 0.2 * count for count in bars]
    figure, panels = pyplot.subplots(
        len(metrics), 1, figsize=(8, sum(heights)), height_ratios=heights, squeeze=False, layout="constrained"
    )
    for panel, metric in zip(panels[:, 0], metrics, strict=True):
        rows = [row for row in report.rows if row.metric == metric]
        labels = [f"{row.system}, {row.data}" for row in rows]
        panel.barh(labels, [row.value for row in rows], color="#0b6b5d")
        panel.tick_params(labelsize=8)
        panel.margins(y=0.02)
        for position, row in enumerate(rows):
            if row.low is not None and row.high is not None:
                panel.plot([row.low, row.high], [position, position], color="#1f2328", linewidth=2)
        panel.invert_yaxis()
        panel.set_title(metric, loc="left", fontsize=10)
        panel.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def commit() -> str:
    """The commit of the code that runs."""
    found = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown"
