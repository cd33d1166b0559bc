"""Which entity, document or relation the words of a question mean; nothing where two fit, or only something like it.

A name is linked whole: what a question calls by three words is not the entity that goes by one of them. A misspelt name
is taken for the one that is nearly the same, if there is one, and the trace says so.
"""

import difflib
import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from retrieval.construction.words import stems
from retrieval.graph.names import is_short_for, normal_name
from retrieval.graph.resolution import Entity

# How alike a misspelt name must be, and how many names are compared for it.
_NEARLY = 0.87
_MOST_COMPARED = 20_000
_SHORTEST_MISSPELT = 5
# A word that more relations have says too little of which is meant; and a statement has room for no more.
_MOST_RELATIONS = 30
# Words beside a name that say what kind of thing it names.
_KIND_WORDS = re.compile(
    r"^(?:company|firm|organi[sz]ation|supplier|customer|person|project|document|file|item|part|product|play|production|"
    r"station|team|town|city|place|term|word|phrase|order|code|fault|error|version|公司|文件|文档)\s+",
    re.IGNORECASE,
)
_AROUND = re.compile(r"^[\s\"“”'‘’《》「」?？。.!,，:：]+|[\s\"“”'‘’《》「」?？。.!,，:：]+$")
_ARTICLE = re.compile(r"^(?:the|a|an|our|this|that)\s+", re.IGNORECASE)
_FILE_WORDS = re.compile(r"[-_]+")

# What questions ask by, and the relations that it may be called.
_SAME_RELATION: Mapping[str, tuple[str, ...]] = {
    "boss": ("head", "manager", "director"),
    "in charge": ("head", "manager", "owner"),
    "responsible": ("owner", "person", "head"),
    "write": ("author", "writer", "written"),
    "design": ("designer", "designed"),
    "build": ("contractor", "main contractor", "built"),
    "own": ("owner",),
    "chair": ("chair",),
    "lead": ("head", "leader", "lead", "manager"),
    "run": ("head", "manager", "managing director"),
    "manage": ("manager", "managing director", "project manager"),
    "direct": ("director",),
    "supply": ("supplier",),
    "audit": ("auditor",),
    "prepare": ("prepared",),
    "find": ("found",),
    "give": ("giver",),
    "donate": ("giver",),
    "teach": ("teacher", "tutor"),
    "edit": ("editor",),
    "rent out": ("landlord",),
    "let": ("landlord",),
    "sell": ("sales rep", "supplier"),
    "buy": ("customer",),
    "order": ("customer",),
    "price": ("price", "unit price eur", "unit cost eur", "ticket price", "参考价格"),
    "cost": ("price", "unit cost eur"),
    "location": ("city", "shelf"),
    "phone": ("extension", "telephone"),
    "负责": ("负责人",),
    "领导": ("主席", "负责人", "馆长"),
    "价格": ("参考价格",),
}


@dataclass(frozen=True, slots=True)
class Linked:
    """What words of a question mean; `repaired` where they had to be read as something nearly the same."""

    text: str
    key: int
    name: str
    repaired: bool = False


class Linker:
    """Holds the names of a graph as questions look them up."""

    def __init__(
        self,
        entities: Mapping[int, Entity],
        documents: Sequence[tuple[int, str]],
        relations: Collection[str],
        value_names: Collection[str],
        categories: Collection[str] = (),
    ) -> None:
        self.entities = entities
        self.relations = relations
        self.value_names = value_names
        self.categories = categories
        self._own: dict[str, list[int]] = defaultdict(list)
        self._other: dict[str, list[int]] = defaultdict(list)
        for entity in entities.values():
            self._own[normal_name(entity.name)].append(entity.key)
            for alias in entity.aliases:
                self._other[normal_name(alias)].append(entity.key)
        self._documents: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for key, name in documents:
            stem = _FILE_WORDS.sub(" ", PurePath(name).stem)
            for title in {normal_name(name), normal_name(stem)}:
                self._documents[title].append((key, name))
        self._document_names = documents

    def entity(self, text: str) -> Linked | None:
        """The entity that the words name; None where they name none, or several."""
        for wanted in _readings(text):
            found = self._own.get(wanted) or sorted(set(self._other.get(wanted, ())))
            if len(found) == 1:
                return Linked(text, found[0], self.entities[found[0]].name)
            if found:
                return None  # several go by it
        return self._short(text) or self._misspelt(text)

    def document(self, text: str) -> Linked | None:
        """The document that the words name: by its file name, with or without ending, or all words of one title."""
        for wanted in _readings(text):
            found = self._documents.get(wanted, [])
            if len(found) == 1:
                return Linked(text, *found[0])
        asked = set(stems(_FILE_WORDS.sub(" ", text)))
        fitting = [
            (key, name)
            for key, name in self._document_names
            if len(asked) > 1 and asked <= set(stems(_FILE_WORDS.sub(" ", PurePath(name).stem)))
        ]
        return Linked(text, *fitting[0]) if len(fitting) == 1 else None

    def relation(self, text: str) -> Sequence[str]:
        """The relations that the words name: those of just these words, else those that are called so otherwise."""
        return _names_meant(text, self.relations)

    def value_name(self, text: str) -> Sequence[str]:
        """What the words name of that which is said of entities."""
        return _names_meant(text, self.value_names)

    def category(self, text: str) -> Sequence[str]:
        """What tables call the entities that the words ask for: `suppliers` of a column Supplier."""
        asked = frozenset(stems(text))
        return sorted(name for name in self.categories if asked and frozenset(stems(name)) == asked)

    def _short(self, text: str) -> Linked | None:
        """A name that only one full name goes on from: Quillfeather, where there is one Quillfeather Instruments."""
        wanted = _readings(text)[-1]
        if len(wanted) < 4:  # noqa: PLR2004 - characters; shorter ones begin too many names
            return None
        found = [name for name in self._own if is_short_for(wanted, name) and name.startswith(wanted + " ")]
        people = [
            name
            for name in self._own
            if is_short_for(wanted, name) and self.entities[self._own[name][0]].kind == "person"
        ]
        fitting = found or people
        if len(fitting) == 1 and len(self._own[fitting[0]]) == 1 and text[:1].isupper():
            key = self._own[fitting[0]][0]
            if self.entities[key].kind in {"organisation", "person"}:
                return Linked(text, key, self.entities[key].name)
        return None

    def _misspelt(self, text: str) -> Linked | None:
        wanted = _readings(text)[-1]
        if len(wanted) < _SHORTEST_MISSPELT or len(self._own) > _MOST_COMPARED or any(map(str.isdigit, wanted)):
            return None
        near = difflib.get_close_matches(wanted, list(self._own), n=2, cutoff=_NEARLY)
        if len(near) == 1 and len(self._own[near[0]]) == 1:
            key = self._own[near[0]][0]
            return Linked(text, key, self.entities[key].name, repaired=True)
        return None


def _readings(text: str) -> Sequence[str]:
    """Normal forms under which the words may be known: as they stand, and without a word for their kind."""
    plain = _AROUND.sub("", text)
    bare = _KIND_WORDS.sub("", _ARTICLE.sub("", plain))
    return list(dict.fromkeys(form for form in (normal_name(plain), normal_name(bare)) if form)) or [""]


def _names_meant(text: str, names: Collection[str]) -> Sequence[str]:
    asked = frozenset(stems(text))
    by_stems: dict[frozenset[str], list[str]] = defaultdict(list)
    for name in names:
        by_stems[frozenset(stems(name))].append(name)
    if asked in by_stems:
        return sorted(by_stems[asked])
    for word, others in _SAME_RELATION.items():
        if frozenset(stems(word)) == asked and (found := [name for name in others if name in names]):
            return found
    # "director" asks for the managing director, and the unit of a column is seldom said
    wider = [name for held, found in by_stems.items() if asked < held for name in found]
    return sorted(wider)[:_MOST_RELATIONS] if asked else []
