"""The graph of a document, read from its chunks: `document_graph` is the whole of it.

Two passes: what is named where and which names are one (`short_names.py`), then what is said of it, sentence by
sentence (`relations.py`, `definitions.py`) and row by row (`table_facts.py`). It knows no other document.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from ingest.graph.definitions import definitions
from ingest.graph.mentions import Mention, mentions
from ingest.graph.relations import begins_with_label, relations
from ingest.graph.short_names import aliases_in_brackets, full_names
from ingest.graph.table_facts import NamedCell, RowFacts, is_row, row_starts, table_facts
from retrieval.graph.names import normal_name
from retrieval.graph.types import (
    IS_A,
    DocumentGraph,
    Kind,
    NewEdge,
    NewMention,
    NewValue,
    Place,
)
from retrieval.sentences import sentence_spans
from retrieval.store.graph import GraphChunk

# Higher: every document is read again, in the background.
VERSION = 1
# Of one chunk; what comes after them is left out. The densest pages of prose have some 60.
MAX_EDGES = 200
MAX_VALUES = 400
# Chunks between two calls of `go_on`: some 50 ms.
_STRIDE = 32
# Characters of the first chunk in which a document says whose it is.
_OPENING = 120
_TITLE_LENGTH = 80


@dataclass(frozen=True, slots=True)
class _Sentence:
    chunk_key: int
    start: int
    text: str
    mentions: Sequence[Mention]
    is_labelled: bool  # its line begins with a label, as `Chair: ...` does


@dataclass(slots=True)
class _Gathered:
    """What the passes over a document add up."""

    named: Counter[tuple[str, str, Kind, int]] = field(default_factory=Counter)  # normal, name, kind, chunk
    edges: dict[NewEdge, None] = field(default_factory=dict)
    values: dict[NewValue, None] = field(default_factory=dict)
    per_chunk: Counter[int] = field(default_factory=Counter)
    values_per_chunk: Counter[int] = field(default_factory=Counter)
    called: set[tuple[str, str, int]] = field(default_factory=set)

    def name(self, normal: str, name: str, kind: Kind, chunk_key: int) -> None:
        self.named[normal, name, kind, chunk_key] += 1

    def relate(self, source: str, relation: str, target: str, place: Place) -> None:
        if source != target and self.per_chunk[place.chunk_key] < MAX_EDGES:
            self.per_chunk[place.chunk_key] += 1
            self.edges[NewEdge(source, relation, target, place)] = None

    def call(self, normal: str, column: str, place: Place) -> None:
        """Notes what a column calls an entity, once a chunk."""
        if column and (normal, column, place.chunk_key) not in self.called:
            self.called.add((normal, column, place.chunk_key))
            self.say(NewValue(normal, IS_A, column, None, place))

    def say(self, value: NewValue) -> None:
        if self.values_per_chunk[value.place.chunk_key] < MAX_VALUES:
            self.values_per_chunk[value.place.chunk_key] += 1
            self.values[value] = None


def document_graph(
    document: str, chunks: Sequence[GraphChunk], go_on: Callable[[], None] = lambda: None
) -> DocumentGraph:
    """What the chunks of a document name and say; `go_on` is called now and then and may raise to end it."""
    sentences: list[_Sentence] = []
    for place, chunk in enumerate(chunks):
        if place % _STRIDE == 0:
            go_on()
        sentences += _sentences(chunk)
    sentences = _without_weak(sentences)
    facts = list(table_facts(chunks))
    cells = [cell for fact in facts for cell in (fact.entity, *(item for _, item in fact.relations))]
    kinds = _kinds(sentences, cells)
    brackets: dict[str, str] = {}
    for chunk in chunks:
        brackets |= aliases_in_brackets(chunk.text)
    apart = {cell.normal for cell in cells}  # cells are different things, however alike their names
    found = full_names(kinds, brackets)
    resolved = {short: full for short, full in found.items() if not {short, full} <= apart}
    subject = _subject(document, chunks, sentences, resolved)
    gathered = _Gathered()

    def known(mention: Mention) -> Mention:
        normal = resolved.get(mention.normal, mention.normal)
        return replace(mention, normal=normal, kind=kinds.get(normal, mention.kind))

    for place, sentence in enumerate(sentences):
        if place % (8 * _STRIDE) == 0:
            go_on()
        _read(replace(sentence, mentions=[known(item) for item in sentence.mentions]), subject, gathered)
    for fact in facts:
        _read_row(fact.row.chunk_key, fact, resolved, gathered)
    return DocumentGraph(_mentions(gathered), list(gathered.edges), list(gathered.values))


def _sentences(chunk: GraphChunk) -> Iterator[_Sentence]:
    """The sentences of a chunk that are no rows of tables, with what they name."""
    rows = row_starts(chunk)
    for start, end in sentence_spans(chunk.text):
        text = chunk.text[start:end]
        line = chunk.text.rfind("\n", 0, start) + 1
        if line not in rows:
            is_labelled = begins_with_label(chunk.text[line:].partition("\n")[0])
            yield _Sentence(chunk.key, start, text, mentions(text), is_labelled)


def _without_weak(sentences: Sequence[_Sentence]) -> list[_Sentence]:
    """The sentences without single words that only ever open one."""
    strong = {item.normal for sentence in sentences for item in sentence.mentions if not item.is_weak}
    parts = strong | {word for name in strong for word in name.split()}
    return [
        replace(sentence, mentions=[item for item in sentence.mentions if not item.is_weak or item.normal in parts])
        for sentence in sentences
    ]


def _kinds(sentences: Sequence[_Sentence], cells: Sequence[NamedCell]) -> Mapping[str, Kind]:
    """The kind that each name has most often in the document; one that says something wins over `thing`."""
    votes: dict[str, Counter[Kind]] = defaultdict(Counter)
    for sentence in sentences:
        for item in sentence.mentions:
            votes[item.normal][item.kind] += 1
    for cell in cells:
        votes[cell.normal][cell.kind] += 1
    return {
        name: max(counted, key=lambda kind: (kind != "thing", counted[kind], kind)) for name, counted in votes.items()
    }


def _subject(
    document: str, chunks: Sequence[GraphChunk], sentences: Sequence[_Sentence], resolved: Mapping[str, str]
) -> Mention:
    """Whose document it is: the first organisation that its opening names, or what it is called."""
    headings = chunks[0].headings if chunks else ()
    for heading in headings:
        for item in mentions(heading):
            if item.kind == "organisation":
                return replace(item, normal=resolved.get(item.normal, item.normal))
    if chunks:
        for sentence in sentences:
            if sentence.chunk_key != chunks[0].key or sentence.start > _OPENING:
                break
            for item in sentence.mentions:
                if item.kind == "organisation":
                    return replace(item, normal=resolved.get(item.normal, item.normal))
    name = _title(document, chunks)
    return Mention(0, 0, name[:120], normal_name(name[:120]), "document")


def _title(document: str, chunks: Sequence[GraphChunk]) -> str:
    """What a document is called: its first heading or line, where that is short; else its file."""
    if chunks:
        first = chunks[0].headings[0] if chunks[0].headings else chunks[0].text.strip().split("\n")[0]
        if first and len(first) <= _TITLE_LENGTH and not is_row(first) and first[-1] not in ".。;；,，":
            return first
    return re.sub(r"[-_]+", " ", PurePath(document).stem) or document


def _read(sentence: _Sentence, subject: Mention, gathered: _Gathered) -> None:
    """What a sentence names, relates and defines."""
    place = Place(sentence.chunk_key, sentence.start, sentence.start + len(sentence.text))
    for item in sentence.mentions:
        gathered.name(item.normal, item.name, item.kind, place.chunk_key)
    for relation in relations(sentence.text, sentence.mentions, sentence.is_labelled):
        target = relation.target or subject
        if not target.normal:
            continue
        gathered.name(target.normal, target.name, target.kind, place.chunk_key)
        gathered.relate(relation.source.normal, relation.relation, target.normal, place)
    for definition in definitions(sentence.text):
        if normal := normal_name(definition.term):
            gathered.name(normal, definition.term, "term", place.chunk_key)
            gathered.say(NewValue(normal, "means", definition.meaning, None, place))


def _read_row(chunk_key: int, fact: RowFacts, resolved: Mapping[str, str], gathered: _Gathered) -> None:
    place = Place(chunk_key, fact.row.start, fact.row.end)
    normal = resolved.get(fact.entity.normal, fact.entity.normal)
    gathered.name(normal, fact.entity.name, fact.entity.kind, chunk_key)
    gathered.call(normal, fact.column, place)
    for relation, other in fact.relations:
        target = resolved.get(other.normal, other.normal)
        gathered.name(target, other.name, other.kind, chunk_key)
        gathered.call(target, relation, place)
        gathered.relate(normal, relation, target, place)
    for person, role in fact.roles:
        gathered.relate(resolved.get(person.normal, person.normal), role, normal, place)
    for name, value, number in fact.values:
        gathered.say(NewValue(normal, name, value, number, place))


def _mentions(gathered: _Gathered) -> Sequence[NewMention]:
    """Each name of each entity in each chunk once, with the kind that it has there most often."""
    counted: dict[tuple[str, str, int], Counter[Kind]] = defaultdict(Counter)
    for (normal, name, kind, chunk_key), times in gathered.named.items():
        counted[normal, name, chunk_key][kind] += times
    return [
        NewMention(normal, name, kinds.most_common(1)[0][0], chunk_key, kinds.total())
        for (normal, name, chunk_key), kinds in counted.items()
    ]
