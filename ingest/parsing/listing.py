"""Lists names in a message to a person, not more of them than anybody reads."""

from collections.abc import Sequence


def listed(names: Sequence[object], most: int) -> str:
    """The first names, with a sign where there are more."""
    return ", ".join(map(str, names[:most])) + (", …" if len(names) > most else "")
