"""Finds which table a question is about, and which of its words name columns and values of it.

By the words: names of columns and values, rare ones counting more, and some words that stand for others. The
embedder only decides between tables that the words leave equal: its cosines between a question and a list of column
names differ too little to be trusted further (docs/decisions.md).
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from retrieval.construction.sql_schema import SqlColumn
from retrieval.construction.table_profiles import Name, TableProfile
from retrieval.construction.words import Word, stems

# Words of questions, by stem, and the words of column names that they may stand for.
_STANDS_FOR: Mapping[str, tuple[str, ...]] = {
    "revenu": ("total", "sale", "turnov"),
    "turnov": ("total", "revenu"),
    "price": ("cost",),
    "cost": ("price", "amount"),
    "expens": ("price", "cost"),
    "cheap": ("price", "cost"),
    "time": ("minut", "hour"),
    "spend": ("spent", "cost", "amount"),
    "day": ("date",),
    "person": ("name", "contact"),
    "donat": ("gift", "amount"),
    "size": ("number",),
    "averag": ("mean",),
    "mean": ("averag",),
}
# Characters of Chinese questions that stand for a name.
_CHARACTER_STANDS_FOR: Mapping[str, str] = {"贵": "价格", "宜": "价格", "价": "价格", "久": "时间", "谁": "人"}
_UNIT_WORDS: Mapping[str, tuple[str, ...]] = {
    "euro": ("EUR",),
    "eur": ("EUR",),
    "pound": ("GBP", "£"),
    "dollar": ("USD",),
    "percent": ("%",),
    "kilo": ("kg",),
    "kg": ("kg",),
    "元": ("元",),
}
_DATED = 1.0  # about the rarity of a word that a third of the tables have
# What a table is called after its format or place says nothing about its rows.
_NO_TITLE_WORDS = "csv xlsx docx pptx pdf md html txt 2024 2025 2026 q1 q2 q3 q4 report"
_NO_TITLE = frozenset(_NO_TITLE_WORDS.split())

# Names of tables and columns come again with every question: taking them apart was most of the time.
_stems = lru_cache(maxsize=16_384)(stems)

Kind = Literal["value", "column", "title", "unit"]


@dataclass(frozen=True, slots=True)
class Mention:
    """Words of the question that name something of a table."""

    kind: Kind
    first: int  # of the content words
    last: int  # the one after
    weight: float  # 0..1: how much of the name is there
    column: SqlColumn | None = None
    value: str | None = None

    def overlaps(self, other: "Mention") -> bool:
        """Whether the two claim a word in common."""
        return self.first < other.last and other.first < self.last


@dataclass(frozen=True, slots=True)
class Linked:
    """A table with what of the question names parts of it."""

    profile: TableProfile
    mentions: tuple[Mention, ...]
    score: float  # the rarity of the words that are explained
    covered: float  # 0..1: their share in that of all words


def content_of(question_words: Sequence[Word]) -> Sequence[Word]:
    """The words of the question that say something."""
    return [word for word in question_words if not word.is_closed]


def link(
    question_words: Sequence[Word], profiles: Sequence[TableProfile], ignored: frozenset[int], is_dated: bool
) -> Sequence[Linked]:
    """The tables that the question names parts of, the likeliest first.

    `ignored` are content words (by place) that say what is asked, not of what: cues, numbers, dates. `is_dated`: the
    question speaks of a time, so a table with dates is likelier.
    """
    content = content_of(question_words)
    found = [(profile, _of_something(_mentions(content, profile), ignored)) for profile in profiles]
    explaining: list[set[int]] = [
        {place for mention in mentions for place in range(mention.first, mention.last)} for _, mentions in found
    ]
    rarity = {
        place: _weight(word) * math.log(1 + len(profiles) / max(1, sum(place in places for places in explaining)))
        for place, word in enumerate(content)
    }
    linked = []
    for profile, mentions in found:
        kept = _chosen(mentions)
        best: dict[int, float] = {}
        for mention in kept:
            for place in range(mention.first, mention.last):
                best[place] = max(best.get(place, 0.0), _strength(mention))
        score = sum(rarity[place] * strength for place, strength in best.items() if place not in ignored)
        score += _DATED if is_dated and any(column.type == "date" for column in profile.table.columns) else 0.0
        left_over = sum(
            _missed(content[place], profile) * rarity[place] for place in rarity if place not in {*best, *ignored}
        )
        explained = sum(rarity[place] for place in best if place not in ignored)
        covered = explained / ((explained + left_over) or 1.0)
        if any(mention.kind in {"value", "column"} or mention.weight == 1.0 for mention in kept):
            linked.append(Linked(profile, tuple(kept), score, covered))
    return sorted(linked, key=lambda item: -item.score)


def _of_something(mentions: Iterator[Mention], ignored: frozenset[int]) -> Sequence[Mention]:
    """The mentions but for values that are nothing but a word of a cue, a number or a date of the question."""
    return [
        item for item in mentions if item.kind != "value" or item.last - item.first > 1 or item.first not in ignored
    ]


def _missed(word: Word, profile: TableProfile) -> float:
    """How much it counts that a table has no such name: little for a Chinese word where all its names are Latin."""
    return 1.0 if profile.has_cjk or not _is_cjk(word.stem) else 0.2


def _weight(word: Word) -> float:
    """A Chinese word has some two characters."""
    return 0.5 if _is_cjk(word.stem) else 1.0


def _strength(mention: Mention) -> float:
    factor = {"value": 1.0, "column": 0.9, "title": 0.6, "unit": 0.3}[mention.kind]
    return factor * (0.5 + 0.5 * mention.weight)


def _chosen(mentions: Sequence[Mention]) -> Sequence[Mention]:
    """Of mentions that claim the same words the longest, and of equally long ones the most complete.

    A title or a unit claims nothing: "items in stock" names a table, and its column too.
    """
    claiming = sorted(
        (mention for mention in mentions if mention.kind in {"value", "column"}),
        key=lambda mention: (mention.first - mention.last, -mention.weight, mention.kind != "value"),
    )
    kept: list[Mention] = []
    for mention in claiming:
        # Several columns may go by the same words: which of them is meant is decided with the rest of the question.
        rivals = [other for other in kept if other.overlaps(mention)]
        if all(
            (other.first, other.last, other.weight) == (mention.first, mention.last, mention.weight) for other in rivals
        ):
            kept.append(mention)
    kept += [mention for mention in mentions if mention.kind in {"title", "unit"}]
    return sorted(kept, key=lambda mention: mention.first)


def _mentions(content: Sequence[Word], profile: TableProfile) -> Iterator[Mention]:
    said = [word.stem for word in content]
    for first, stem in enumerate(said):
        for name, value in profile.values.get(stem, ()):
            if tuple(said[first : first + len(name)]) == name:
                yield Mention("value", first, first + len(name), value.share, value.column, value.value)
        for column in profile.table.columns:
            if column.unit and column.unit in _UNIT_WORDS.get(stem, ()):
                yield Mention("unit", first, first + 1, 1.0, column)
    for column in profile.table.columns:
        for name in dict.fromkeys((_stems(column.header), _stems(column.name.rstrip("_")))):
            yield from _of_column(said, column, name)
    title = set(_stems(profile.table.title))
    document = {*_stems(profile.table.document)} - _NO_TITLE
    for first, stem in enumerate(said):
        if stem in title | document:
            yield Mention("title", first, first + 1, 1 / len(title) if stem in title else 0.0)


def _of_column(said: Sequence[str], column: SqlColumn, name: Name) -> Iterator[Mention]:
    """Where words of the column's name stand together, in their order or not."""
    if not name:
        return
    essential = set(name) - {"eur", "gbp", "usd", "percent"} or set(name)
    place = 0
    while place < len(said):
        last = place
        seen: set[str] = set()
        while last < len(said) and (meant := _meant(said[last], essential, seen)):
            seen.add(meant)
            last += 1
        if last > place:
            exact = len(seen & set(said[place:last])) / len(essential)
            share = 0.8 * len(seen) / len(essential) + 0.2 * exact
            if not _is_cjk(said[place]) or last - place >= min(2, len(name)) or said[place] in _CHARACTER_STANDS_FOR:
                yield Mention("column", place, last, share, column)
        place = max(last, place + 1)


def _meant(said: str, essential: set[str], seen: set[str]) -> str | None:
    """The word of a name that a word of the question is, or stands for."""
    if said in essential:
        return said if said not in seen else None
    others: list[str] = [*_STANDS_FOR.get(said, ()), *_CHARACTER_STANDS_FOR.get(said, "")]
    for other in others:
        if other in essential and other not in seen:
            return other
    return None


def _is_cjk(stem: str) -> bool:
    return len(stem) == 1 and "\u3040" <= stem <= "\u9fff"
