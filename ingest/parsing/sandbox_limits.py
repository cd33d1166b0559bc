"""The limits that a parser process runs under, and the folder it keeps to."""

import os
from dataclasses import dataclass
from pathlib import Path

from retrieval.process_limits import ProcessLimits

_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class SandboxLimits(ProcessLimits):
    """What one file may cost."""

    memory: int = 1536 * _MEBIBYTE  # the libraries' some 100 MB included
    seconds: float = 300.0
    result: int = 256 * _MEBIBYTE  # of the parsed document as JSON too


def keep_to_folder(folder: Path) -> None:
    """Makes the folder the working directory, the home and the place of temporary files of the calling process."""
    os.chdir(folder)
    for name in ("HOME", "TMPDIR"):
        os.environ[name] = str(folder)
