"""The chunking strategies by name. All give contiguous stretches of the text, so that quotes stay exact."""

from collections.abc import Mapping
from typing import Literal

from ingest.chunking.parts import parent_child, sentence_window
from ingest.chunking.recursive import recursively
from ingest.chunking.semantic import by_meaning
from ingest.chunking.structure import by_structure
from ingest.chunking.types import Chunker

ChunkingName = Literal["structure", "recursive", "sentence_window", "semantic", "parent_child"]

CHUNKERS: Mapping[ChunkingName, Chunker] = {
    "structure": by_structure,
    "recursive": recursively,
    "sentence_window": sentence_window,
    "semantic": by_meaning,
    "parent_child": parent_child,
}
DEFAULT_CHUNKING: ChunkingName = "structure"
DEFAULT_CHUNK_TOKENS = 200
