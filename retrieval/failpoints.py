"""Named places at which a test has the process die as in a power cut, to see that nothing is lost or doubled.

`SCHOLIAST_FAILPOINT=NAME` arms one; without it, `reached` costs a comparison.
"""

import os
import signal
from typing import Literal, get_args

Failpoint = Literal[
    "upload.stored",
    "upload.queued",
    "upload.committed",
    "ingest.begun",
    "parse.read",
    "parse.saved",
    "chunk.split",
    "chunk.saved",
    "embed.stride",
    "embed.saved",
    "publish.switched",
    "publish.committed",
    "delete.withdrawn",
    "graph.begun",
    "graph.stored",
    "enrich.begun",
    "enrich.written",
    "enrich.kept",
    "enrich.made",
    "enrich.stored",
    "enrich.committed",
    "collect.embedded",
    "collect.arranged",
    "collect.summarised",
    "collect.announced",
    "generation.written",
    "generation.renamed",
    "generation.flipped",
    "generation.committed",
    "reembed.stride",
    "reembed.embedded",
    "reembed.indexed",
    "reembed.compared",
    "reembed.switched",
    "reembed.committed",
    "reembed.purged",
]
FAILPOINTS: tuple[Failpoint, ...] = get_args(Failpoint)

_armed: set[str] = set()


def arm(name: str) -> None:
    """Has the process killed the next time it gets to the place. Raises `ValueError` for a place that is none."""
    if name not in FAILPOINTS:
        raise ValueError(f"There is no failpoint '{name}'; there are {', '.join(FAILPOINTS)}.")
    _armed.add(name)


def reached(name: Failpoint) -> None:
    """Ends the process at once, without clean-up, if the place is armed."""
    if name in _armed:
        os.kill(os.getpid(), signal.SIGKILL)
