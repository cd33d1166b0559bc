"""Known values of metadata in a question, where they name themselves and are not words of their own.

A name of several words, or one with its capital, stands for itself. An ordinary word does beside the name of its field
or where documents are spoken of: "open tickets" speaks of a status and "can I open it" does not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from retrieval.construction.words import CLOSED, Word, normal, stems, words
from retrieval.types import Json

# What the documents of a collection are called, so that "open tickets" speaks of a status and "can I open" does not.
_DOCUMENTS = frozenset(
    stems("documents reports contracts manuals tickets papers files notes memos articles news policies audits pages")
) | frozenset(stems("文章 报道 新闻 报告 文件"))
_FUZZY = 0.85  # share of characters in common: one letter of seven
_FUZZY_LETTERS = 4
_FUZZY_WORDS = 40  # of a question: every stretch of it is compared with every name


@dataclass(frozen=True, slots=True)
class FieldFacts:
    """A metadata field with the values that documents have in it."""

    name: str
    type: str  # text, number or date
    values: tuple[Json, ...]


@dataclass(frozen=True, slots=True)
class FoundValue:
    """A known value in the question."""

    facts: FieldFacts
    value: str
    first: int
    last: int
    exact: bool

    @property
    def is_name(self) -> bool:
        """Whether it is more than one ordinary word."""
        return self.last - self.first > 1 or not self.value[:1].isupper()


def values_in(question: str, text: str, every: Sequence[Word], fields: Sequence[FieldFacts]) -> Sequence[FoundValue]:
    """The known values that the question names, the longest where they overlap."""
    said = [word.stem for word in every]
    found: list[FoundValue] = []
    for facts in fields:
        if facts.type != "text":
            continue
        for value in facts.values:
            name = tuple(word.stem for word in words(str(value)))
            found += [FoundValue(facts, str(value), first, last, True) for first, last in _places(said, name)]
            if not any(item.value == value for item in found):
                found += [
                    FoundValue(facts, str(value), *place, False) for place in _near_places(text, every, str(value))
                ]
    kept: list[FoundValue] = []
    for item in sorted(found, key=lambda item: (item.first - item.last, not item.exact)):
        rivals = [other for other in found if (other.first, other.last) == (item.first, item.last) and other.exact]
        is_sole = len({other.facts.name for other in rivals}) <= 1 or _is_beside_field(said, item)
        if (
            not any(item.first < other.last and other.first < item.last for other in kept)
            and is_sole
            and _names_itself(said, item)
        ):
            kept.append(item)
    # "critical or high priority": what is said of one is said of the other.
    kept += [item for item in found if item not in kept and any(_are_joined(said, item, other) for other in kept)]
    sure = [item for item in kept if item.is_name or _is_written_so(question, every, item)]
    return sorted(sure, key=lambda item: item.first)


def _are_joined(said: Sequence[str], item: FoundValue, other: FoundValue) -> bool:
    """Whether a value stands before another one of its field, with no more than "or" between."""
    return (
        item.exact
        and item.facts == other.facts
        and tuple(said[item.last : other.first]) in {("or",), ("and",), ("或",), ("和",)}
    )


def _places(said: Sequence[str], name: Sequence[str]) -> Iterator[tuple[int, int]]:
    for first in range(len(said) - len(name) + 1):
        if name and tuple(said[first : first + len(name)]) == tuple(name):
            yield first, first + len(name)


def _near_places(text: str, every: Sequence[Word], value: str) -> Iterator[tuple[int, int]]:
    """Where a name stands with a letter wrong; names of several words only, whose digits agree."""
    length = len(words(value))
    if length < 2 or len(every) > _FUZZY_WORDS:
        return
    for first in range(len(every) - length + 1):
        written = text[every[first].start : every[first + length - 1].end]
        digits = [character for character in written if character.isdigit()]
        same = digits == [character for character in value if character.isdigit()]
        if same and len(written) > 2 * _FUZZY_LETTERS and get_close_matches(written, [normal(value)], cutoff=_FUZZY):
            yield first, first + length


def _names_itself(said: Sequence[str], item: FoundValue) -> bool:
    """Whether the words stand for the value and not for themselves.

    Names of several words and of people and places do; an ordinary word does beside the name of its field or of a
    kind of document, or where it says what kind of document is asked for.
    """
    if item.last - item.first > 1 or item.value[:1].isupper() or item.value[:1] > "\u3040":
        return _is_wanted(said, item)
    is_document = item.value in _DOCUMENTS or said[item.first] in _DOCUMENTS or item.facts.name in {"type", "kind"}
    before = said[max(0, item.first - 2) : item.first]
    if is_document:
        return "write" not in before
    behind = [stem for stem in said[item.last : item.last + 4] if stem not in CLOSED]
    return _is_beside_field(said, item) or bool({*behind[:2]} & _DOCUMENTS) or bool(_DOCUMENTS & {*said[: item.first]})


def _is_written_so(question: str, every: Sequence[Word], item: FoundValue) -> bool:
    """Whether a name of one word has its capital, or stands where documents are spoken of: `marketing` is none."""
    said = [word.stem for word in every]
    return item.value in question or _is_beside_field(said, item) or bool(_DOCUMENTS & {*said})


def _is_wanted(said: Sequence[str], item: FoundValue) -> bool:
    """A language is what a document is written in only where a document or the field is named beside it."""
    if item.facts.name not in {"language", "sprache", "语言"}:
        return True
    return _is_beside_field(said, item) or bool(_DOCUMENTS & {*said})


def _is_beside_field(said: Sequence[str], item: FoundValue) -> bool:
    names = set(stems(item.facts.name))
    return bool(names & {*said[max(0, item.first - 2) : item.first], *said[item.last : item.last + 1]})
