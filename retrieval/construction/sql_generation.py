"""SQL from a question: the table it is about, the question as that table reads it, the first template that fits.

Deterministic, so it is quick, explains itself and never invents a name. Where it gives up it says why; a language
model that writes SQL under the grammar of these tables belongs behind `write`, for the reasons that it can do better.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from retrieval.construction.question_cues import asks_no_table
from retrieval.construction.question_reading import Chooser, Reading, read, said
from retrieval.construction.schema_linking import Linked, link
from retrieval.construction.sql_schema import SqlColumn
from retrieval.construction.sql_templates import TEMPLATES
from retrieval.construction.table_profiles import TableProfile
from retrieval.construction.words import words
from retrieval.types import Embedder

# Share of the question's words, rare ones counting more, that must name something of the table.
MIN_COVERED = 0.5
# Tables whose score comes this near to the best are told apart by the embedder.
_NEAR = 0.9
_COMPARED = 4
_READ = 1_000  # characters: what is longer is no question to a table

Reason = Literal["not about tables", "no table", "words left over", "no template"]


@dataclass(frozen=True, slots=True)
class Written:
    """A statement for a question, and how it came about."""

    sql: str
    template: str
    linked: Linked
    reading: Reading
    guesses: int  # columns that the embedder chose among several that fit equally well


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Why there is no statement; `linked` are the tables that came nearest."""

    reason: Reason
    linked: Sequence[Linked]


def write(
    question: str,
    profiles: Sequence[TableProfile],
    embedder: Embedder | None,
    today: date,
    min_covered: float = MIN_COVERED,
) -> Written | GivenUp:
    """A statement over one of the tables that answers the question, unchecked and not yet run.

    Without an embedder the first of tables and columns that fit equally well is taken: enough to see whether one fits.
    """
    parts = said(question[:_READ], today)
    if len(question) > _READ or asks_no_table(parts.text):
        return GivenUp("not about tables", ())
    ranked = link(words(question), profiles, parts.asking, bool(parts.periods))
    if not ranked:
        return GivenUp("no table", ())
    near = _by_meaning(
        question, [item for item in ranked[:_COMPARED] if item.score >= _NEAR * ranked[0].score], embedder
    )
    if near[0].covered < min_covered:
        return GivenUp("words left over", near)
    guessed: list[SqlColumn] = []
    reading = read(parts, near[0], _chooser(question, embedder, guessed))
    for name, template in TEMPLATES.items():
        if (sql := template(reading)) is not None:
            return Written(sql, name, near[0], reading, len(guessed))
    return GivenUp("no template", near)


def _by_meaning(question: str, linked: Sequence[Linked], embedder: Embedder | None) -> Sequence[Linked]:
    """Equally likely tables, the one whose description is nearest to the question first."""
    if len(linked) < 2 or embedder is None:
        return linked
    cosines = embedder.embed_passages([_description(item.profile) for item in linked]) @ embedder.embed_query(question)
    return [linked[place] for place in sorted(range(len(linked)), key=lambda place: -cosines[place])]


def _description(profile: TableProfile) -> str:
    table = profile.table
    return f"{table.title} ({table.document}): {', '.join(column.header or column.name for column in table.columns)}"


def _chooser(question: str, embedder: Embedder | None, guessed: list[SqlColumn]) -> Chooser:
    """Chooses by meaning, and notes what it chose."""

    def choose(columns: Sequence[SqlColumn]) -> SqlColumn:
        if embedder is None:
            guessed.append(columns[0])
            return columns[0]
        headers = [(column.header or column.name).replace("_", " ") for column in columns]
        cosines = embedder.embed_passages(headers) @ embedder.embed_query(question)
        guessed.append(columns[int(cosines.argmax())])
        return guessed[-1]

    return choose
