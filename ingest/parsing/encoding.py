"""Finds the character encoding of a text file and reads it without holding the bytes twice."""

import codecs
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TextIO

from charset_normalizer import from_bytes

_READ_SIZE = 1 << 20
_SAMPLE_SIZE = 1 << 16  # enough for letter statistics; detection reads every byte it is given several times
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# The encodings in which text without a mark is still found in practice, likeliest first: among guesses that fit
# equally well the first one wins. gb18030 holds GB2312 and GBK, cp1252 holds Latin-1.
_LEGACY = (
    "gb18030",
    "big5",
    "cp932",
    "euc_jp",
    "euc_kr",
    "cp1252",
    "cp1250",
    "cp1251",
    "koi8_r",
    "cp1253",
    "cp1254",
    "cp1255",
    "cp1256",
    "cp500",
    "utf_16_le",
    "utf_16_be",
)
# First bytes of the Han characters that make up nearly all running text, and few chance readings of other scripts.
_COMMON_HAN = {
    "gb18030": range(0xB0, 0xD8),
    "big5": range(0xA4, 0xC7),
    "cp932": range(0x88, 0x98),
    "euc_jp": range(0xB0, 0xD0),
    "euc_kr": range(0),  # Korean is written in Hangul
}
_SAME_DISORDER = 0.02  # difference of two guesses' disorder (0..1) that says nothing
_SAME_COHERENCE = 0.1  # the same for how well letter frequencies fit a language (0..1)
_HAN = re.compile("[\u4e00-\u9fff]")
_HALF_WIDTH_KANA = re.compile("[\uff61-\uff9f]")
_HAN_BESIDE_LETTER = re.compile("[a-z][\u4e00-\u9fff]|[\u4e00-\u9fff][a-z]")


@contextmanager
def open_text(path: Path) -> Iterator[TextIO]:
    """Opens a text file in its own encoding, line ends untouched; bytes that do not fit read as U+FFFD."""
    with path.open("rb") as file:
        encoding = _detect(iter(lambda: file.read(_READ_SIZE), b""))
    with path.open(encoding=encoding, errors="replace", newline="") as text:
        yield text


def decode(content: bytes) -> str:
    """Decodes a whole text in its own encoding; for formats whose parser wants it in one piece."""
    return content.decode(_detect(iter([content])), "replace")


def _detect(pieces: Iterator[bytes]) -> str:
    """The codec name of a text: its byte order mark, else UTF-8 where it fits, else the best guess."""
    first = next(pieces, b"")
    for mark, name in _BYTE_ORDER_MARKS:
        if first.startswith(mark):
            return name
    # Half the bytes of Latin text in UTF-16 are NUL: the high ones, which stand first in big-endian order.
    even, odd = first[:_SAMPLE_SIZE:2].count(0), first[1:_SAMPLE_SIZE:2].count(0)
    if max(even, odd) > 0.1 * len(first[:_SAMPLE_SIZE]) and min(even, odd) < 0.1 * max(even, odd):
        return "utf-16-be" if even > odd else "utf-16-le"
    sample = _sample_outside_utf8(chain([first], pieces))
    return _legacy(sample) if sample and not _is_damaged_utf8(sample) else "utf-8"


def _sample_outside_utf8(pieces: Iterator[bytes]) -> bytes:
    """A sample from the line with the first byte that is not UTF-8; empty where all is."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    piece = b""
    try:
        for piece in pieces:
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        # No encoding here uses the byte of a line feed inside a character, so the sample starts at one.
        start = piece.rfind(b"\n", 0, error.start) + 1
        return piece[max(start, error.start - _SAMPLE_SIZE) :][:_SAMPLE_SIZE]
    return b""


def _is_damaged_utf8(sample: bytes) -> bool:
    """Whether a few wrong bytes in UTF-8 explain the sample better than another encoding does."""
    decoded = sample.decode("utf-8", "replace")
    wrong = decoded.count("\ufffd")
    right = sum(not character.isascii() for character in decoded) - wrong
    return right > 9 * wrong


def _legacy(sample: bytes) -> str:
    """The likeliest encoding of text that is neither marked nor UTF-8; Latin-1 where nothing fits."""
    guesses = from_bytes(sample, cp_isolation=list(_LEGACY))
    best = guesses.best()
    if best is None:
        return "cp1252"
    fitting = {
        name
        for guess in guesses
        if guess.chaos <= best.chaos + _SAME_DISORDER and guess.coherence >= best.coherence - _SAME_COHERENCE
        for name in (guess.encoding, *guess.could_be_from_charset)
    }
    return next((name for name in _LEGACY if name in fitting and _is_plausible(sample, name)), best.encoding)


def _is_plausible(sample: bytes, encoding: str) -> bool:
    """Whether text read as East Asian looks like it: common characters, not glued to Latin letters as accents are."""
    if encoding not in _COMMON_HAN:
        return True
    text = sample.decode(encoding, "ignore")
    characters = _HAN.findall(text)
    common = sum(character.encode(encoding)[0] in _COMMON_HAN[encoding] for character in characters)
    return (
        2 * common >= len(characters)
        and 2 * len(_HAN_BESIDE_LETTER.findall(text)) <= len(characters)
        and 4 * len(_HALF_WIDTH_KANA.findall(text)) <= len(text)
    )
