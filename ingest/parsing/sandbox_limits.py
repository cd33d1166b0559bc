"""The limits that a parser process runs under; Linux only."""

import ctypes
import math
import os
import resource
import signal
from dataclasses import dataclass
from pathlib import Path

_LIBC = ctypes.CDLL(None)  # here, because loading it in each child takes milliseconds
_MEBIBYTE = 1024 * 1024
# From <linux/prctl.h>.
_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """What one file may cost."""

    memory: int = 1536 * _MEBIBYTE  # bytes of address space, the libraries' some 100 MB included
    seconds: float = 300.0  # wall clock, and the same of processor time
    result: int = 256 * _MEBIBYTE  # bytes of the parsed document as JSON, and of any other file written
    open_files: int = 64
    processes: int = 0  # further processes or threads, counted over all of the user's

    def apply(self) -> None:
        """Puts the calling process under the limits for good."""
        processor_seconds = math.ceil(self.seconds)
        # The first value earns a signal that can be told apart (SIGXCPU), the second one ends the process.
        resource.setrlimit(resource.RLIMIT_CPU, (processor_seconds, processor_seconds + 1))
        for kind, limit in (
            (resource.RLIMIT_AS, self.memory),
            (resource.RLIMIT_FSIZE, self.result),
            (resource.RLIMIT_NOFILE, self.open_files),
            (resource.RLIMIT_NPROC, self.processes),  # the kernel exempts root from this one
            (resource.RLIMIT_CORE, 0),
        ):
            resource.setrlimit(kind, (limit, limit))


def die_with_parent(parent: int) -> None:
    """Has the kernel kill the calling process when its parent, a single-threaded process, ends.

    The signal follows the thread that forked, so this is right only under a parent without threads.
    """
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    _LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.getppid() != parent:  # it ended before the request took effect
        os._exit(1)


def keep_to_folder(folder: Path) -> None:
    """Makes the folder the working directory, the home and the place of temporary files of the calling process."""
    os.chdir(folder)
    for name in ("HOME", "TMPDIR"):
        os.environ[name] = str(folder)
