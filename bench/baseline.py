"""The committed figures that `scholiast bench retrieval --quick` compares with, query by query."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.report import bootstrap
from retrieval.types import Json

BASELINE = Path("bench/baselines/retrieval.json")
# By data, system and query.
Values = Mapping[str, Mapping[str, Mapping[str, float]]]


def write(configuration: Json, values: Values, path: Path = BASELINE) -> None:
    """Makes these figures the ones to compare with."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rounded = {
        data: {
            system: {query: round(value, 4) for query, value in sorted(found.items())}
            for system, found in sorted(systems.items())
        }
        for data, systems in sorted(values.items())
    }
    path.write_text(json.dumps({"configuration": configuration, "nDCG@10": rounded}, indent=1) + "\n")


def regressions(values: Values, path: Path = BASELINE) -> Sequence[str]:
    """Where nDCG@10 fell by more than chance: the 95 % interval of the paired difference lies below 0."""
    before = json.loads(path.read_text())["nDCG@10"]
    found = []
    for data, systems in values.items():
        for system, now in systems.items():
            then = before.get(data, {}).get(system, {})
            differences = [now[query] - then[query] for query in now.keys() & then.keys()]
            if not differences:
                continue
            row = bootstrap(system, data, "nDCG@10", sorted(differences))
            if row.high is not None and row.high < -ROUNDING:
                found.append(f"{system} on {data}: nDCG@10 {row.value:+.3f} ({row.low:+.3f} to {row.high:+.3f})")
    return found


# The baseline keeps four digits.
ROUNDING = 1e-4
