"""The labelled data that query translation is tuned and judged on: which splits, and how much of each.

Two sets need several passages for an answer (`MULTI_HOP`). A sample of each, because embedding all takes too long.
"""

from collections.abc import Mapping

from bench.judged_sets import JudgedSet

SETS: Mapping[str, JudgedSet] = {
    "hotpotqa200": JudgedSet("hotpotqa200", 1971, {"dev": 100}, {"test": 100}),
    "wikimultihop2": JudgedSet("wikimultihop2", 3000, {"train": 200, "dev": 81}, {"test": 83}),
    "squad": JudgedSet("squad", 800, {"train": 100, "dev": 60}, {"test": 150}),
    "nq_gold": JudgedSet("nq_gold", 800, {"train": 100, "dev": 60}, {"test": 150}),
    "cmrc2018": JudgedSet("cmrc2018", 500, {"train": 60, "dev": 60}, {"test": 120}),
    "cranfield": JudgedSet("cranfield", 900, {}, {"test": 225}),
}
MULTI_HOP = frozenset({"hotpotqa200", "wikimultihop2"})
