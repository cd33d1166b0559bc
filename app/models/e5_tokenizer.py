"""Builds the tokenizer of multilingual-e5-small from its vocabulary: a SentencePiece Unigram model.

It repeats the model's own normalisation by what `tokenizers` offers, so that the result is one `tokenizer.json`
which loads anywhere.
"""

# ruff: noqa: PLC0415  the model libraries take seconds to import, and the command line imports this file

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from app.models.packed_e5 import Vocabulary


def build_tokenizer(vocabulary: Vocabulary) -> Any:
    """The `tokenizers.Tokenizer`: normalise, mark the start of words with `▁`, wrap in `<s> </s>`."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

    pieces = list(vocabulary.pieces)
    start, end = pieces[vocabulary.start][0], pieces[vocabulary.end][0]
    tokenizer = Tokenizer(models.Unigram(pieces, vocabulary.unknown))
    tokenizer.normalizer = _normalizer(vocabulary)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{start} $A {end}",
        pair=f"{start} $A {end} {end} $B {end}",
        special_tokens=[(start, vocabulary.start), (end, vocabulary.end)],
    )
    special = (vocabulary.start, vocabulary.padding, vocabulary.end, vocabulary.unknown)
    tokenizer.add_special_tokens([pieces[token][0] for token in special])
    return tokenizer


def _normalizer(vocabulary: Vocabulary) -> Any:
    """NFKC, except for what the character map deletes, turns into a space, or leaves as it is."""
    from tokenizers import Regex, normalizers

    character_map = vocabulary.character_map
    deleted = [old for old, new in character_map.items() if new == ""]
    spaces = [old for old, new in character_map.items() if new == " "]
    pieces = {piece for piece, _score in vocabulary.pieces if len(piece) == 1}
    kept = sorted(c for c in pieces - set(character_map) if unicodedata.normalize("NFKC", c) != c)
    # What is left as it is waits in the private use area, which NFKC does not touch.
    shields = {character: chr(0xE000 + n) for n, character in enumerate(kept)}
    return normalizers.Sequence(
        [
            *(normalizers.Replace(Regex(_any_of(old)), new) for old, new in ((deleted, ""), (spaces, " ")) if old),
            *(normalizers.Replace(character, shield) for character, shield in shields.items()),
            normalizers.NFKC(),
            *(normalizers.Replace(shield, character) for character, shield in shields.items()),
            normalizers.Replace(Regex(" {2,}"), " "),
            normalizers.Strip(),
        ]
    )


def _any_of(characters: Iterable[str]) -> str:
    return "[" + "".join(re.escape(character) for character in characters) + "]"
