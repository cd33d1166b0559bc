"""Work in a thread that ends with it.

A thread that has computed with several cores keeps OpenMP's helpers while it lives. Where there are more of these than
cores, all of them sleep after every product instead of waiting for the next, and decoding takes twice as long.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Made = TypeVar("Made")


def in_passing_thread(work: Callable[[], Made]) -> Made:
    """What the work gives, or raises."""
    with ThreadPoolExecutor(1, "passing") as thread:
        return thread.submit(work).result()
