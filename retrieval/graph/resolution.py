"""Which entities of a collection are one, beyond their normal forms: by initials, and by short names once explained.

Decided anew whenever the graph is laid out, from all that is there, so that it depends on no order and nothing of it
outlives the document that it was learnt from. Where two full names fit, none is taken.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from retrieval.graph.names import is_short_for, normal_name


@dataclass(frozen=True, slots=True)
class Named:
    """How often an entity goes by a name, as what kind."""

    node_key: int
    normal: str
    name: str
    kind: str  # one of KINDS
    times: int


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity as the graph shows it."""

    key: int
    name: str
    kind: str  # one of KINDS
    aliases: tuple[str, ...]  # the other names that it goes by


def resolve(named: Sequence[Named]) -> tuple[Sequence[Entity], Mapping[int, int]]:
    """The entities, and for every node the key of the entity that it is part of."""
    normals = {item.node_key: item.normal for item in named}
    kinds = {key: _kind(found) for key, found in _grouped(named).items()}
    same = _same(named, normals, kinds)
    of_entity: dict[int, list[Named]] = defaultdict(list)
    for item in named:
        of_entity[same.get(item.node_key, item.node_key)].append(item)
    entities = [_entity(key, normals[key], items) for key, items in sorted(of_entity.items())]
    return entities, {key: same.get(key, key) for key in normals}


def _grouped(named: Sequence[Named]) -> Mapping[int, list[Named]]:
    found: dict[int, list[Named]] = defaultdict(list)
    for item in named:
        found[item.node_key].append(item)
    return found


def _kind(items: Sequence[Named]) -> str:
    """The kind that an entity is most often taken for; one that says something wins over `thing`."""
    votes: Counter[str] = Counter()
    for item in items:
        votes[item.kind] += item.times
    return max(votes, key=lambda kind: (kind != "thing", votes[kind], kind))


def _same(named: Sequence[Named], normals: Mapping[int, str], kinds: Mapping[int, str]) -> Mapping[int, int]:
    """The node that stands for each of those that are part of another."""
    full_of: dict[str, set[int]] = defaultdict(set)  # nodes by other names that documents gave them
    people: dict[str, list[int]] = defaultdict(list)  # by surname
    for item in named:
        short = normal_name(item.name)
        if short != item.normal and _may_stand_alone(short, item):
            full_of[short].add(item.node_key)
    for key, normal in normals.items():
        if kinds[key] == "person" and " " in normal:
            people[normal.split()[-1]].append(key)
    same: dict[int, int] = {}
    for key, normal in normals.items():
        fitting = full_of[normal] - {key}
        if not fitting and kinds[key] in {"person", "thing"} and " " in normal:
            others = people[normal.split()[-1]]
            fitting = {other for other in others if other != key and _is_initialled(normal, normals[other])}
        if len(fitting) == 1:
            same[key] = fitting.pop()
    return {key: _end(same, key) for key in same}


def _may_stand_alone(short: str, item: Named) -> bool:
    """Whether a short name means the same in other documents; a first name or a surname may be anybody's."""
    return item.kind != "person" or " " in short


def _is_initialled(short: str, full: str) -> bool:
    return len(short.split()) == len(full.split()) and is_short_for(short, full)


def _end(same: Mapping[int, int], key: int) -> int:
    seen = {key}
    while (further := same.get(key)) is not None and further not in seen:
        key = further
        seen.add(key)
    return key


def _entity(key: int, normal: str, items: Sequence[Named]) -> Entity:
    names: Counter[str] = Counter()
    for item in items:
        names[item.name] += item.times
    own = [name for name in names if normal_name(name) == normal] or list(names)
    shown = max(own, key=lambda name: (names[name], not name.isupper(), name))
    return Entity(key, shown, _kind(items), tuple(sorted(set(names) - {shown})))
