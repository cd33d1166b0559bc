"""Brings extracted text into one form, so that offsets, searches and quotes agree across formats."""

import re
import unicodedata

# What a parser may hand over and no reader wants: C0/C1 controls except tab and newline, soft hyphens, zero-width
# spaces, byte order marks, bidirectional overrides, lone surrogates (not encodable) and non-characters.
_UNWANTED = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u2060\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]"
)
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f]")  # the ideographic space U+3000 stays: it is typography
_TRAILING = re.compile(r"(?<![ \t\u3000])[ \t\u3000]++(?=\n|\Z)")  # the lookbehind keeps long runs of spaces linear
_WHITESPACE = re.compile(r"\s+")
_BLANK_LINES = re.compile(r"\n{2,}")


def normalise(text: str) -> str:
    """The text in NFC with line feeds as line ends, plain spaces, no control characters and no trailing spaces."""
    if text.isprintable():  # most text: none of the above but spaces at its end
        return unicodedata.normalize("NFC", text).rstrip(" ")
    text = _LINE_ENDS.sub("\n", text)
    text = _UNWANTED.sub("", text)
    text = _SPACES.sub(" ", text)
    return _TRAILING.sub("", unicodedata.normalize("NFC", text))


def single_line(text: str) -> str:
    """The normalised text on one line, every stretch of white space one space."""
    return _WHITESPACE.sub(" ", normalise(text)).strip()


def without_blank_lines(text: str) -> str:
    """The normalised text without leading, trailing and inner blank lines: what one block may hold."""
    return _BLANK_LINES.sub("\n", normalise(text)).strip()
