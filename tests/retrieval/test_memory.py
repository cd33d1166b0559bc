"""Memory that was freed goes back to the system."""

import subprocess
import sys

_FREED = """
import ctypes, psutil
from retrieval.memory import return_free_blocks
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
def filled(size):
    block = libc.malloc(size)
    ctypes.memset(block, 1, size)
    return block
libc.free(filled(30 << 20))  # teaches glibc to keep blocks of up to this size
before = psutil.Process().memory_info().rss
blocks = [filled(4 << 20) for _ in range(32)]
pins = filled(64 << 10)  # above them, so that they cannot be cut off at the end
for block in blocks:
    libc.free(block)
if {asked}:
    assert return_free_blocks()
print((psutil.Process().memory_info().rss - before) >> 20)
"""


def _kept(*, asked: bool) -> int:
    """MiB that a process of its own keeps of 128 that it has freed."""
    script = _FREED.format(asked=asked)
    return int(subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout)


def test_free_blocks_go_back_wherever_they_lie() -> None:
    assert _kept(asked=True) < 16
    assert _kept(asked=False) > 64  # else there is nothing left to ask for
