"""The limits that a child process runs under; Linux only. Knows nothing of what it does there."""

import ctypes
import math
import os
import resource
import signal
from dataclasses import dataclass

_LIBC = ctypes.CDLL(None)  # here, because loading it in each child takes milliseconds
# From <linux/prctl.h>.
_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38


@dataclass(frozen=True, slots=True)
class ProcessLimits:
    """What one piece of work may cost."""

    memory: int  # bytes of address space, the libraries' included
    seconds: float  # wall clock, and the same of processor time
    result: int  # bytes of any file written
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
    """Has the kernel kill the calling process when the thread that started it ends, or with it the parent.

    So it is right where that thread waits for this process, or where the parent has no other.
    """
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    _LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.getppid() != parent:  # it ended before the request took effect
        os._exit(1)
