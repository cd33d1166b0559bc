"""Questions that the documents answer, without anybody having asked: what a ranker can learn from before it is used.

Where a collection keeps the representation `questions`, those that the language model wrote are taken. Elsewhere a
question is made of a chunk's own words: the rarest of one of its sentences in their order, as people type them, or its
headings. The words of a sentence stand in its chunk, so a ranker that only counted words would look good here; the
gate therefore also asks the sample questions, which people wrote (`retrieval/guard.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from retrieval.analysis import terms
from retrieval.sentences import sentence_spans
from retrieval.types import Chunk

# Words of a query that people type: few.
_FEWEST, _MOST = 3, 7
# Of the rare words of a sentence so many are left out at random: people do not remember all.
_FORGOTTEN = 0.3
# One question in so many is made of headings, where there are any.
_HEADINGS_EVERY = 4


@dataclass(frozen=True, slots=True)
class PseudoQuestion:
    """A question and the chunk that it was made of."""

    text: str
    chunk_key: int
    document_id: str


def written(texts: Mapping[int, Sequence[str]], chunks: Mapping[int, Chunk], coin: Random) -> list[PseudoQuestion]:
    """One of the questions that the language model wrote for each chunk, by chunk key."""
    return [
        PseudoQuestion(coin.choice(list(asked)), key, chunks[key].document_id)
        for key, asked in texts.items()
        if asked and key in chunks
    ]


def extracted(chunks: Sequence[Chunk], rarity: Mapping[str, float], coin: Random) -> list[PseudoQuestion]:
    """A question of each chunk's own words, as far as it has enough; `rarity` is the idf of the collection's terms."""
    found = []
    for number, chunk in enumerate(chunks):
        text = ""
        if number % _HEADINGS_EVERY == 0 and chunk.headings:
            text = " ".join(chunk.headings[-2:])
        if len(terms(text)) < _FEWEST:
            text = _words_of_a_sentence(chunk.text, rarity, coin)
        if text:
            found.append(PseudoQuestion(text, chunk.key, chunk.document_id))
    return found


def _words_of_a_sentence(text: str, rarity: Mapping[str, float], coin: Random) -> str:
    spans = sentence_spans(text)
    if not spans:
        return ""
    first, last = coin.choice(spans)
    words = [word for word in _words(text[first:last]) if terms(word)]
    by_rarity = sorted(range(len(words)), key=lambda place: -max(rarity.get(term, 0.0) for term in terms(words[place])))
    kept = [place for place in by_rarity[: 2 * _MOST] if coin.random() >= _FORGOTTEN][:_MOST]
    return " ".join(words[place] for place in sorted(kept)) if len(kept) >= _FEWEST else ""


def _words(sentence: str) -> list[str]:
    """Words, and pairs of characters where they are written without spaces."""
    if any("\u4e00" <= character <= "\u9fff" for character in sentence):
        return [sentence[place : place + 2] for place in range(0, len(sentence) - 1, 2)]
    return [word.strip('.,;:!?()[]"“”') for word in sentence.split()]
