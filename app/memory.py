"""Keeps a process that embeds at the size that it needs."""

import ctypes

_MMAP_THRESHOLD = -3  # M_MMAP_THRESHOLD of <malloc.h>
_MEBIBYTE = 1024 * 1024


def return_large_blocks() -> bool:
    """Has the C library give blocks of a MiB and more back to the system when they are freed; False if it cannot.

    By default glibc learns from the first large blocks to keep those up to 32 MiB, and batches of ever other lengths
    leave it with a GiB in pieces that fit nobody (docs/decisions.md).
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries have no such habit
    return mallopt is not None and mallopt(_MMAP_THRESHOLD, _MEBIBYTE) == 1
