"""Translates the question of one search by the strategies it asks for, within its time and its calls of the model."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from retrieval.analysis import terms
from retrieval.deadline import OUT_OF_TIME
from retrieval.translation import gate
from retrieval.translation.gate import FirstPass
from retrieval.translation.looking import Link, Look, Rewrite, Translation
from retrieval.translation.strategies import AUTO, STRATEGIES
from retrieval.translation.writing import Writer, WriterFailed
from retrieval.types import CompletionModel, Json

# Rewrites of one search at most: each is embedded and searched for.
MAX_REWRITES = 8


@dataclass(frozen=True, slots=True)
class QueryWriter:
    """A language model that writes queries, and where it does so because that was measured to pay."""

    model: CompletionModel
    languages: frozenset[str]  # that it writes, as ISO 639-1
    strategies: frozenset[str]  # in the others the passages themselves stand in for it


@dataclass(frozen=True, slots=True)
class Translated:
    """What all strategies of a search gave, without repeats, and what there is to say about it in the trace."""

    rewrites: Sequence[Rewrite] = ()
    links: Sequence[Link] = ()
    facts: Mapping[str, Json] = field(default_factory=dict)


class Translator:
    """Runs strategies; holds the model that writes, if there is one."""

    def __init__(self, writer: QueryWriter | None) -> None:
        self._writer = writer
        self._chances = gate.read()

    def translate(
        self, names: Sequence[str], seen: FirstPass, max_llm_calls: int, milliseconds_left: Callable[[], float]
    ) -> Translated:
        """What the strategies of these names make of the question, or those that the gate chooses for `auto`."""
        facts: dict[str, Json] = {}
        if tuple(names) == (AUTO,):
            found = gate.signals(seen)
            names, likely = gate.choose(found, self._chances)
            facts["gate"] = {"chosen": list(names), "chances": likely, "signals": found}
        writer = None
        if self._writer is not None:
            writer = Writer(self._writer.model, self._writer.languages, max_llm_calls, lambda: milliseconds_left() <= 0)
        rewrites: dict[str, Rewrite] = {}
        links: dict[Link, None] = {}
        told: list[Json] = []
        for name in names:
            if milliseconds_left() <= 0:
                told.append({"strategy": name, "skipped": OUT_OF_TIME})
                continue
            writes = self._writer is not None and name in self._writer.strategies
            made, done = _run(name, seen.look, writer if writes else None)
            for rewrite in made.rewrites[: MAX_REWRITES - len(rewrites)]:
                rewrites.setdefault(_key(rewrite), rewrite)
            links |= dict.fromkeys(made.links)
            told.append(done)
        facts |= {"strategies": told, "llm_calls": writer.calls if writer else 0}
        return Translated(list(rewrites.values()), list(links), facts)


def _run(name: str, look: Look, writer: Writer | None) -> tuple[Translation, Mapping[str, Json]]:
    started, calls = time.perf_counter(), writer.calls if writer else 0
    by, unwritten = "model", None
    try:
        made = STRATEGIES[name](look, writer)
    except WriterFailed as reason:
        by, unwritten = "passages", str(reason)
        made = STRATEGIES[name](look, None)
    facts: dict[str, Json] = {
        "strategy": name,
        "by": by if writer else "passages",
        "queries": [rewrite.text for rewrite in made.rewrites],
        "calls": (writer.calls if writer else 0) - calls,
        "milliseconds": round(1000 * (time.perf_counter() - started), 2),
    }
    if made.links:
        facts["links"] = len(made.links)
    if made.rounds:
        facts["rounds"] = list(made.rounds)
    if unwritten:
        facts["not_written"] = unwritten
    if made.skipped:
        facts["skipped"] = made.skipped
    return made, facts


def _key(rewrite: Rewrite) -> str:
    """Equal for rewrites that find the same."""
    return f"{' '.join(terms(rewrite.text))} {'' if rewrite.vector is None else rewrite.vector.tobytes().hex()}"
