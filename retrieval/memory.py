"""Keeps a process at the size that it needs."""

import ctypes


def return_free_blocks() -> bool:
    """Gives what was freed back to the system, wherever it lies; False if the C library cannot.

    Batches of ever other lengths leave glibc with a GiB in pieces that fit nobody. Having it give back each large block
    at once costs a quarter of the speed of embedding, because every product then begins with fresh pages.
    """
    malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # other C libraries have no such habit
    if malloc_trim is None:
        return False
    malloc_trim(0)
    return True
