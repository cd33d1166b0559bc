"""Writes a tiny encoder in the packed layout of multilingual-e5-small."""

import struct
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

LAYERS = 1
SPECIAL = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
WORDS = ["▁", "▁query", "▁passage", ":", "▁hello", "▁world", "a", "b", "é", "～", "~", "猫", "1", "2", "⁄"]
PIECES = [*SPECIAL, *((word, -1.0 - n / 8) for n, word in enumerate(WORDS))]
SHAPE = (
    32,
    LAYERS,
    2,
    64,
    len(PIECES) + 2,
    16,
    2,
)  # width, layers, heads, feed forward, embeddings, positions, segments
CHARACTER_MAP = {"\x07": "", "\n": " ", "\u200b": " ", "½": "1⁄2"}
FLOATS, BLOCKS = 0, 1

Entry = tuple[int, int, bytes]  # kind, count, content


def pack_blocks(steps: NDArray[np.integer], scale: np.float16) -> bytes:
    """Steps -8..7, all with one scale, 32 a block: 16 bytes with step j low and step j + 16 high."""
    blocks = (steps.reshape(-1, 32) + 8).astype(np.uint8)
    return b"".join(scale.tobytes() + (block[:16] | block[16:] << 4).tobytes() for block in blocks)


def packed_tiny_encoder(extra: Mapping[str, Entry] | None = None) -> bytes:
    """The whole file, with random weights and the `extra` tensors."""
    head = b"E5S1" + struct.pack("<I7ifi", 1, *SHAPE, 1e-12, 32) + _vocabulary()
    tensors = {**_tensors(), **(extra or {})}
    size = len(head) + 4 + sum(2 + len(name.encode()) + 21 for name in tensors)
    directory, contents = struct.pack("<i", len(tensors)), b""
    for name, (kind, count, content) in tensors.items():
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", kind, count, size + len(contents), len(content))
        contents += content
    return head + directory + contents


def _vocabulary() -> bytes:
    letters = [piece.encode() for piece, _score in PIECES]
    offsets = np.cumsum([0, *map(len, letters)]).astype("<u4")
    scores = np.array([score for _piece, score in PIECES], "<f4")
    characters = b"".join(
        struct.pack(f"<IB{len(new)}I", ord(old), len(new), *map(ord, new)) for old, new in CHARACTER_MAP.items()
    )
    return (
        struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, sum(map(len, letters)))
        + offsets.tobytes()
        + scores.tobytes()
        + b"".join(letters)
        + struct.pack("<iI", len(CHARACTER_MAP), len(characters))
        + characters
    )


def _tensors() -> dict[str, Entry]:
    generator = np.random.default_rng(0)
    width, _layers, _heads, inner, embeddings, positions, segments = SHAPE

    def matrix(rows: int, columns: int) -> Entry:
        steps = generator.integers(-8, 8, rows * columns)
        return BLOCKS, rows * columns, pack_blocks(steps, np.float16(0.01))

    def floats(count: int) -> Entry:
        return FLOATS, count, generator.normal(size=count).astype("<f4").tobytes()

    tensors = {
        "emb.word": matrix(embeddings, width),
        "emb.pos": floats(positions * width),
        "emb.type": floats(segments * width),
        "emb.ln.w": floats(width),
        "emb.ln.b": floats(width),
    }
    for layer in range(LAYERS):
        for part in ("q", "k", "v", "ao"):
            tensors |= {f"l{layer}.{part}.w": matrix(width, width), f"l{layer}.{part}.b": floats(width)}
        tensors |= {f"l{layer}.fi.w": matrix(inner, width), f"l{layer}.fi.b": floats(inner)}
        tensors |= {f"l{layer}.fo.w": matrix(width, inner), f"l{layer}.fo.b": floats(width)}
        for part in ("aln", "oln"):
            tensors |= {f"l{layer}.{part}.w": floats(width), f"l{layer}.{part}.b": floats(width)}
    return tensors
