"""What the graph is made of, as it is read from a document: entities, relations between them, and values."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

# thing: a name of which nothing says what it names; document: a title, or what a document without a name of its own
# for its subject is about.
Kind = Literal["person", "organisation", "place", "product", "term", "date", "document", "thing"]
KINDS: tuple[Kind, ...] = get_args(Kind)
# The relation of entities that one sentence names without saying how they hang together.
MENTIONED_WITH = "mentioned with"
# What the columns of tables call the entities in them: a value, so that no path leads through it.
IS_A = "is a"
NAME_LENGTH = 200
RELATION_LENGTH = 80
VALUE_LENGTH = 400


@dataclass(frozen=True, slots=True)
class Place:
    """Where a chunk says something: offsets in its text."""

    chunk_key: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class NewMention:
    """An entity, by its normal form, in a chunk under one of its names."""

    normal: str
    name: str
    kind: Kind
    chunk_key: int
    times: int


@dataclass(frozen=True, slots=True)
class NewEdge:
    """A relation between two entities, by their normal forms."""

    source: str
    relation: str
    target: str
    place: Place


@dataclass(frozen=True, slots=True)
class NewValue:
    """Something that is said of an entity."""

    normal: str
    name: str
    value: str
    number: float | None
    place: Place


@dataclass(frozen=True, slots=True)
class DocumentGraph:
    """All that a document gives to the graph of its collection."""

    mentions: Sequence[NewMention]
    edges: Sequence[NewEdge]
    values: Sequence[NewValue]
