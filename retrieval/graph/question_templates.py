"""Questions as patterns with slots, and the Cypher that each is: who is X's R, how are X and Y connected, list all ...

A pattern fits only a whole question, and its slots must name something of the graph, or nothing is written. Statements
are made of keys and of names that the graph itself has, so no word of a question gets into them.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from retrieval.graph.linking import Linked, Linker
from retrieval.graph.types import IS_A, MENTIONED_WITH

_ROWS = 200
_PATHS = 3
_MAX_HOPS = 5


@dataclass(frozen=True, slots=True)
class Reading:
    """A question that a pattern fits: its slots, and what links them."""

    slots: Mapping[str, str]
    linker: Linker


@dataclass(frozen=True, slots=True)
class Draft:
    """Statements that say what a question asks, the first that gives rows being the answer; and what was linked."""

    statements: tuple[str, ...]
    linked: tuple[Linked, ...] = ()
    relations: tuple[str, ...] = ()


Template = Callable[[Reading], Draft | None]

_KINDS: Mapping[str, str] = {
    "person": "person",
    "people": "person",
    "persons": "person",
    "organisation": "organisation",
    "organization": "organisation",
    "company": "organisation",
    "companies": "organisation",
    "firms": "organisation",
    "place": "place",
    "product": "product",
    "term": "term",
    "date": "date",
    "人": "person",
    "人物": "person",
    "人员": "person",
    "组织": "organisation",
    "公司": "organisation",
    "机构": "organisation",
    "地点": "place",
    "产品": "product",
    "日期": "date",
    "术语": "term",
}
_ANYTHING = frozenset({"thing", "entity", "entities", "name", "item", "row", "东西", "实体", "事物"})


def role_of(reading: Reading) -> Draft | None:
    """Who is the R of X? Also through another: the R of the S of X."""
    readings = _splits(reading.slots)
    for relation, name in readings:
        entity = reading.linker.entity(name)
        draft = _role(reading.linker, relation, entity) if entity is not None else None
        if draft is not None:
            return draft
    for relation, name in readings:
        inner = re.fullmatch(r"(?:the\s+)?(?P<second>.+?)\s+of\s+(?P<entity>.+)", name) or re.fullmatch(
            r"(?P<entity>.+?)的(?P<second>.+)", name
        )
        draft = _role_of_role(reading.linker, relation, inner["second"], inner["entity"]) if inner else None
        if draft is not None:
            return draft
    return None


def _splits(slots: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    """What may be the relation and the entity in `head of people at Quillfeather`, the shortest name first."""
    whole = slots.get("whole", "")
    if not whole:
        return [(slots["relation"], slots["entity"])]
    places = [match.span() for match in re.finditer(r"\s+(?:of|at|for|in|on|with)\s+", whole)]
    return [(whole[:start], whole[end:]) for start, end in reversed(places)]


def _role(linker: Linker, relation: str, entity: Linked) -> Draft | None:
    relations, names = linker.relation(relation), linker.value_name(relation)
    statements = []
    if relations:
        statements.append(
            f"MATCH (x:Entity {{key: {entity.key}}})-[r:RELATED]-(a:Entity) WHERE r.relation IN {_list(relations)} "
            f"RETURN DISTINCT a.name AS name, r.relation AS relation ORDER BY name LIMIT {_ROWS}"
        )
    if names:
        statements.append(
            f"MATCH (x:Entity {{key: {entity.key}}})-[h:HAS]->(v:Value) WHERE h.name IN {_list(names)} "
            f"RETURN DISTINCT v.value AS value, h.name AS name LIMIT {_ROWS}"
        )
    return Draft(tuple(statements), (entity,), (*relations, *names)) if statements else None


def _role_of_role(linker: Linker, relation: str, second: str, name: str) -> Draft | None:
    entity, through = linker.entity(name), linker.relation(second)
    relations, names = linker.relation(relation), linker.value_name(relation)
    if entity is None or not through or not (relations or names):
        return None
    first = f"MATCH (x:Entity {{key: {entity.key}}})-[s:RELATED]-(m:Entity)"
    statements = []
    if relations:
        statements.append(
            f"{first}-[r:RELATED]-(a:Entity) WHERE s.relation IN {_list(through)} AND r.relation IN {_list(relations)} "
            f"AND a.key <> x.key RETURN DISTINCT a.name AS name, m.name AS through ORDER BY name LIMIT {_ROWS}"
        )
    if names:
        statements.append(
            f"{first}-[h:HAS]->(v:Value) WHERE s.relation IN {_list(through)} AND h.name IN {_list(names)} "
            f"RETURN DISTINCT v.value AS value, m.name AS through LIMIT {_ROWS}"
        )
    return Draft(tuple(statements), (entity,), (*through, *relations, *names))


def holder(reading: Reading) -> Draft | None:
    """Who is the R? Where a question names nobody whose R it is."""
    relations = reading.linker.relation(reading.slots["relation"])
    if not relations:
        return None
    return Draft(
        (
            f"MATCH (a:Entity)-[r:RELATED]->(x:Entity) WHERE r.relation IN {_list(relations)} AND a.kind = 'person' "
            f"RETURN DISTINCT a.name AS name, r.relation AS relation, x.name AS whose ORDER BY name LIMIT {_ROWS}",
        ),
        (),
        tuple(relations),
    )


def having(reading: Reading) -> Draft | None:
    """Which rows or entities have X as their R?"""
    entity = reading.linker.entity(reading.slots["entity"])
    relations = reading.linker.relation(reading.slots["relation"])
    if entity is None or not relations:
        return None
    return Draft((_having(entity, relations, "DISTINCT a.name AS name ORDER BY name"),), (entity,), tuple(relations))


def count_having(reading: Reading) -> Draft | None:
    """How many have X as their R?"""
    entity = reading.linker.entity(reading.slots["entity"])
    relations = reading.linker.relation(reading.slots["relation"])
    if entity is None or not relations:
        return None
    return Draft((_having(entity, relations, "count(DISTINCT a.key) AS count"),), (entity,), tuple(relations))


def _having(entity: Linked, relations: Sequence[str], returned: str) -> str:
    return (
        f"MATCH (a:Entity)-[r:RELATED]->(x:Entity {{key: {entity.key}}}) WHERE r.relation IN {_list(relations)} "
        f"RETURN {returned} LIMIT {_ROWS}"
    )


def roles_held(reading: Reading) -> Draft | None:
    """Who is X? What does X do?"""
    entity = reading.linker.entity(reading.slots["entity"])
    if entity is None:
        return None
    return Draft(
        (
            f"MATCH (x:Entity {{key: {entity.key}}})-[r:RELATED]->(a:Entity) WHERE r.relation <> '{MENTIONED_WITH}' "
            f"RETURN DISTINCT r.relation AS relation, a.name AS name ORDER BY relation, name LIMIT {_ROWS}",
        ),
        (entity,),
    )


def related(reading: Reading) -> Draft | None:
    """What is X connected with? Of one kind, where the question names it."""
    entity = reading.linker.entity(reading.slots["entity"])
    kind = _kind(reading.slots.get("kind", ""))
    if entity is None or kind is None:
        return None
    return Draft(
        (
            f"MATCH (x:Entity {{key: {entity.key}}})-[r:RELATED]-(a:Entity){_where(kind)} "
            f"RETURN DISTINCT a.name AS name, r.relation AS relation ORDER BY name, relation LIMIT {_ROWS}",
        ),
        (entity,),
    )


def path(reading: Reading) -> Draft | None:
    """How are X and Y connected? By the shortest paths, not through dates; else by documents that name both."""
    first, second = reading.linker.entity(reading.slots["entity"]), reading.linker.entity(reading.slots["other"])
    if first is None or second is None or first.key == second.key:
        return None
    return Draft(
        (
            f"MATCH p = (x:Entity {{key: {first.key}}})-[e:RELATED* ALL SHORTEST 1..{_MAX_HOPS} "
            f"(r, n | WHERE n.kind <> 'date')]-(y:Entity {{key: {second.key}}}) RETURN p LIMIT {_PATHS}",
            f"MATCH (x:Entity {{key: {first.key}}})-[m:MENTIONED_IN]->(d:Document)<-[o:MENTIONED_IN]-"
            f"(y:Entity {{key: {second.key}}}) RETURN DISTINCT d.name AS document ORDER BY document LIMIT {_ROWS}",
        ),
        (first, second),
    )


def documents_about(reading: Reading) -> Draft | None:
    """Which documents mention X, or X and Y?"""
    return _documents(reading, "DISTINCT d.name AS document ORDER BY document")


def count_documents_about(reading: Reading) -> Draft | None:
    """How many documents mention X?"""
    return _documents(reading, "count(DISTINCT d.key) AS count")


def _documents(reading: Reading, returned: str) -> Draft | None:
    entity = reading.linker.entity(reading.slots["entity"])
    if entity is not None:
        pattern = f"(x:Entity {{key: {entity.key}}})-[m:MENTIONED_IN]->(d:Document)"
        return Draft((f"MATCH {pattern} RETURN {returned} LIMIT {_ROWS}",), (entity,))
    both = re.fullmatch(r"(?P<first>.+?)\s*(?:\band\b|和|与)\s*(?P<second>.+)", reading.slots["entity"])
    if both is None:
        return None
    first, second = reading.linker.entity(both["first"]), reading.linker.entity(both["second"])
    if first is None or second is None:
        return None
    pattern = (
        f"(x:Entity {{key: {first.key}}})-[m:MENTIONED_IN]->(d:Document)<-[o:MENTIONED_IN]-"
        f"(y:Entity {{key: {second.key}}})"
    )
    return Draft((f"MATCH {pattern} RETURN {returned} LIMIT {_ROWS}",), (first, second))


def listed(reading: Reading) -> Draft | None:
    """Which people does document D mention? Which are there at all?"""
    return _listed(reading, "DISTINCT a.name AS name ORDER BY name")


def counted(reading: Reading) -> Draft | None:
    """How many people does document D mention? How many are there?"""
    return _listed(reading, "count(DISTINCT a.key) AS count")


def _listed(reading: Reading, returned: str) -> Draft | None:
    kind = _kind(reading.slots["kind"])
    categories = reading.linker.category(reading.slots["kind"]) if kind is None else ()
    if kind is None and not categories:
        return None
    called = f"(a:Entity)-[h:HAS]->(v:Value) WHERE h.name = '{IS_A}' AND v.value IN {_list(categories)}"
    if not (name := reading.slots.get("document", "")):
        pattern = called if categories else f"(a:Entity)-[m:MENTIONED_IN]->(d:Document){_where(kind or '')}"
        return Draft((f"MATCH {pattern} RETURN {returned} LIMIT {_ROWS}",), (), tuple(categories))
    document = reading.linker.document(name)
    if document is None or kind is None:
        return None
    pattern = f"(a:Entity)-[m:MENTIONED_IN]->(d:Document {{key: {document.key}}})"
    return Draft((f"MATCH {pattern}{_where(kind)} RETURN {returned} LIMIT {_ROWS}",), (document,))


def beside(reading: Reading) -> Draft | None:
    """Which suppliers, customers, stations ... have to do with X? Directly, or by a row that names both."""
    return _beside(reading, "DISTINCT a.name AS name ORDER BY name")


def count_beside(reading: Reading) -> Draft | None:
    """How many of them have to do with X?"""
    return _beside(reading, "count(DISTINCT a.key) AS count")


def _beside(reading: Reading, returned: str) -> Draft | None:
    entity = reading.linker.entity(reading.slots["entity"])
    categories = reading.linker.category(reading.slots["kind"])
    if entity is None or not categories:
        return None
    called = f"h.name = '{IS_A}' AND v.value IN {_list(categories)} AND a.key <> x.key"
    value = "(a)-[h:HAS]->(v:Value)"
    name = f"(x:Entity {{key: {entity.key}}})"
    stated = f"r.relation <> '{MENTIONED_WITH}'"
    return Draft(
        (
            f"MATCH {name}-[r:RELATED]-(a:Entity), {value} WHERE {called} AND {stated} RETURN {returned} LIMIT {_ROWS}",
            f"MATCH {name}<-[r:RELATED]-(row:Entity)-[s:RELATED]->(a:Entity), {value} WHERE {called} AND {stated} "
            f"AND s.relation IN {_list(categories)} RETURN {returned} LIMIT {_ROWS}",
        ),
        (entity,),
        tuple(categories),
    )


def most_mentioned(reading: Reading) -> Draft | None:
    """Which person do most documents mention?"""
    kind = _kind(reading.slots["kind"])
    if kind is None:
        return None
    return Draft(
        (
            f"MATCH (a:Entity)-[m:MENTIONED_IN]->(d:Document){_where(kind)} "
            "RETURN a.name AS name, count(DISTINCT d.key) AS documents ORDER BY documents DESC, name LIMIT 1",
        )
    )


def meaning(reading: Reading) -> Draft | None:
    """What does X mean?"""
    entity = reading.linker.entity(reading.slots["entity"])
    if entity is None:
        return None
    names = [name for name in ("means", "meaning", "含义") if name in reading.linker.value_names]
    if not names:
        return None
    statement = (
        f"MATCH (x:Entity {{key: {entity.key}}})-[h:HAS]->(v:Value) WHERE h.name IN {_list(names)} "
        f"RETURN DISTINCT v.value AS value LIMIT {_ROWS}"
    )
    # A table may have the meaning of a code as a name of its own.
    other = (
        f"MATCH (x:Entity {{key: {entity.key}}})-[r:RELATED]->(a:Entity) WHERE r.relation IN {_list(names)} "
        f"RETURN DISTINCT a.name AS value LIMIT {_ROWS}"
    )
    return Draft((statement, other), (entity,))


def known_about(reading: Reading) -> Draft | None:
    """What is known about X?"""
    entity = reading.linker.entity(reading.slots["entity"])
    if entity is None:
        return None
    values = (
        f"MATCH (x:Entity {{key: {entity.key}}})-[h:HAS]->(v:Value) "
        f"RETURN DISTINCT h.name AS name, v.value AS value ORDER BY name LIMIT {_ROWS}"
    )
    held = roles_held(reading)
    return Draft((values, *(held.statements if held else ())), (entity,))


def references(reading: Reading) -> Draft | None:
    """Which documents refer to document D?"""
    document = reading.linker.document(reading.slots["document"])
    if document is None:
        return None
    return Draft(
        (
            f"MATCH (d:Document)-[r:REFERS_TO]->(x:Document {{key: {document.key}}}) "
            f"RETURN DISTINCT d.name AS document ORDER BY document LIMIT {_ROWS}",
        ),
        (document,),
    )


def _kind(word: str) -> str | None:
    """The kind that a word asks for; "" for any, None where it is no kind."""
    lowered = word.casefold().strip()
    if not lowered or lowered in _ANYTHING or lowered.removesuffix("s") in _ANYTHING:
        return ""
    return _KINDS.get(lowered) or _KINDS.get(lowered.removesuffix("s"))


def _where(kind: str) -> str:
    return f" WHERE a.kind = '{kind}'" if kind else ""


def _list(names: Sequence[str]) -> str:
    """Names of relations as a list of strings; one that no quotes can hold is left out."""
    plain = [name for name in names if "\\" not in name and not ("'" in name and '"' in name)]
    return "[" + ", ".join(f'"{name}"' if "'" in name else f"'{name}'" for name in plain) + "]"


TEMPLATES: Mapping[str, Template] = {
    "path": path,
    "references": references,
    "count documents": count_documents_about,
    "documents": documents_about,
    "most mentioned": most_mentioned,
    "count having": count_having,
    "count": counted,
    "list": listed,
    "meaning": meaning,
    "related": related,
    "having": having,
    "beside": beside,
    "count beside": count_beside,
    "role of": role_of,
    "roles held": roles_held,
    "known about": known_about,
    "holder": holder,
}
