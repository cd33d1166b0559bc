"""Relations that sentences state between the entities they name: patterns of English and Chinese, no model.

`X, the ROLE of Y`, `ROLE: X`, `the ROLE X`, `X (ROLE)`, `X is the NOUN of Y`, `X VERB PREPOSITION Y`, `X 是 Y 的 NOUN`.
What two entities of a sentence have to do with each other otherwise is that it names both.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest.graph.mentions import MAX_IN_SENTENCE, Mention
from retrieval.graph.types import MENTIONED_WITH, RELATION_LENGTH

_ROLE_HEADS = (
    "head|heads|manager|director|treasurer|chair|chairman|chairwoman|chairperson|secretary|owner|founder|co-founder|"
    "author|engineer|archaeologist|architect|designer|keeper|professor|judge|editor|auditor|minister|president|"
    "vice-president|ceo|cto|cfo|coo|captain|skipper|doctor|lawyer|landlord|landlady|tenant|client|contractor|"
    "ecologist|interviewer|transcriber|lead|leader|officer|chief|principal|partner|teacher|tutor|curator|mayor|"
    "governor|king|queen|wife|husband|father|mother|son|daughter|brother|sister|uncle|aunt|coach|spokesperson|"
    "spokeswoman|spokesman|representative|inventor|composer|painter|writer|poet|singer|actor|actress|scientist|"
    "chemist|physicist|mathematician|librarian|clerk|cook|chef|nurse|pilot|producer|supplier|manufacturer|publisher|"
    "subsidiary|capital|member|chancellor|administrator|coordinator|supervisor|trustee|technician|plumber|carpenter"
)
_HEAD = re.compile(rf"\b(?:{_ROLE_HEADS})s?\b", re.IGNORECASE)
_NOUNS = r"[A-Za-z][\w'’-]*(?:[ \t]+[a-z][\w'’-]*){0,4}"
# after the name: ", head of people" / ", the managing director of" / " (treasurer)"
_AFTER = re.compile(rf"^\s*(?:,\s*(?:(?:the|a|an|our|its)\s+)?|\(\s*)(?P<role>{_NOUNS})")
_IS_THE = re.compile(
    rf"^\s+(?:is|was|are|were|became|remains|has been)\s+(?:the|a|an|our|its|also the)\s+(?P<role>{_NOUNS}?)\s+(?:of|at|for|in|to)\s+(?:the\s+)?$"
)
# before the name: "The county archaeologist, " / "head of roastery: " / "by managing director "
_BEFORE = re.compile(rf"(?:\b(?:[Tt]he|[Aa]|[Oo]ur|[Ii]ts|[Nn]ew|[Ff]ormer)\s+)(?P<role>{_NOUNS}),?\s+$")
_LABEL = re.compile(r"(?:^|[.;|•-]\s*|\s{2,}|\n\s*)(?P<label>[A-Z][a-z]+(?:[ \t][a-z]+){0,2})\s*[:|]\s*$")
_CHINESE_LABEL = re.compile(r"(?P<label>[\u4e00-\u9fff]{2,6})[：:]\s*$")
# "prepared by X": X did it to what the document is about
_DONE_BY = re.compile(
    r"\b(?P<verb>prepared|written|compiled|reviewed|approved|transcribed|signed|found|reported|recorded|issued|published|"
    r"designed|built|made|edited|translated|commissioned|photographed|illustrated)\s+by\s+$",
    re.IGNORECASE,
)


def _words(line: str) -> frozenset[str]:
    return frozenset(line.split())


_AND = re.compile(r"^\s*(?:,|and|&|,\s*and|和|、)\s*$")
_AFFILIATION = re.compile(r"^\s*\(\s*$")
_LINE_LABEL = re.compile(
    r"^[\s*•–-]*(?P<label>[A-Z][\w]*(?:[ \t][\w]+){0,3}|[^\n：:]{0,40}[\u4e00-\u9fff]{2,6})\s*[:：]"
)
_NO_LABEL = re.compile(r"\b(?:notes?|warning|new|example|signs|date|place|present|action|table|see|tip|remark)\b", re.I)
_OF = re.compile(r"^\s+(?:of|at|for|in)\s+(?:the\s+)?$")
_CONNECTION = re.compile(
    r"^\s*,?\s*(?:(?:who|which|that)\s+)?(?:(?:has|have|had|will|would|is|was|are|were|be|been|being|now|also|then|first)\s+)*"
    r"(?P<verb>[a-z]{3,}(?:-[a-z]+)?)(?:\s+(?P<object>[a-z]{3,}))?"
    r"(?:\s+(?P<preposition>by|in|of|for|to|from|with|at|on|into|as|near|under|over))?"
    r"(?:\s+(?:the|a|an|his|her|their|its|our))?\s*$"
)
_PREPOSITION = re.compile(r"^\s+(?P<preposition>of|in|at|from|near|for|by)\s+(?:the\s+)?$")
_CHINESE_OF = re.compile(r"^(?:是|为|，|,)\s*$")
_CHINESE_NOUN = re.compile(r"^的(?P<role>[\u4e00-\u9fff]{2,6})(?=[，。、；：,.;]|$)")
_NO_VERB = _words(
    "and the for but not with than that this these those from into over under when where while after before about "
    "between through during both each all any some more most only very well until since because although"
)
_WEAK = frozenset(["who", "which", "that", "and", "or"])


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation from one entity of the sentence to another, or to what the document is about (no target)."""

    source: Mention
    relation: str
    target: Mention | None


def relations(text: str, found: Sequence[Mention], is_labelled: bool = False) -> Sequence[Relation]:
    """The relations that a sentence states between the entities it names; each pair that has none is named together.

    `is_labelled`: it stands in a line that begins with a label, so that labels in it are about the document.
    """
    stated = [*_roles(text, found, is_labelled), *_connections(text, found), *_chinese(text, found)]
    related = {frozenset((item.source.normal, item.target.normal)) for item in stated if item.target is not None}
    if len(found) <= MAX_IN_SENTENCE:
        stated += _together(found, related)
    return list(
        dict.fromkeys(item for item in stated if item.target is None or item.source.normal != item.target.normal)
    )


def _roles(text: str, found: Sequence[Mention], is_labelled: bool) -> Iterator[Relation]:
    shared = ""  # of the names before, where it is one of several people: "the auditors, X and Y"
    for place, item in enumerate(found):
        if item.kind in {"date", "place", "term"}:
            shared = ""
            continue
        following = found[place + 1] if place + 1 < len(found) else None
        if role := _role_after(text[item.end : _end(text, following)]):
            yield Relation(item, role, following if following and _joined(text, item, following, role) else None)
        before = text[found[place - 1].end if place else 0 : item.start]
        if role := _role_before(before, is_labelled) or (shared if _AND.match(before) else ""):
            shared = role
            yield Relation(item, _singular(role), _owner(text, found, place))
        else:
            shared = ""
        if item.role:
            yield Relation(item, item.role, None)


def _singular(role: str) -> str:
    """`tenants` of one of them."""
    head = _HEAD.search(role)
    return role[:-1] if head and head.end() == len(role) and role.endswith("s") and not role.endswith("ss") else role


def _end(text: str, following: Mention | None) -> int:
    return following.start if following else len(text)


def _role_after(gap: str) -> str:
    """The role of `, the managing director of`, once an entity was named."""
    match = _AFTER.match(gap)
    return _noun_phrase(match["role"]) if match else ""


def _noun_phrase(words: str) -> str:
    """The words up to a role's head and what it is head of; "" where there is no role among the first of them."""
    head = _HEAD.search(words)
    if head is None or len(words[: head.start()].split()) > 3:  # noqa: PLR2004 - words that describe a role
        return ""
    of = re.match(r"\s+of\s+(?:the\s+)?[a-z][\w-]*(?:\s+(?:and\s+)?[a-z][\w-]*)?", words[head.end() :])
    return _clean(words[: head.end()] + (_trimmed(of.group()) if of else ""))


def _trimmed(words: str) -> str:
    """`of people who` without what no longer belongs to it."""
    kept: list[str] = []
    for word in words.split():
        if word in _WEAK and len(kept) > 1:
            break
        kept.append(word)
    while kept and kept[-1] in {"of", "the", "in", "at", "and", "on", "since"}:
        kept.pop()
    return " " + " ".join(kept) if kept else ""


def _joined(text: str, item: Mention, following: Mention, role: str) -> bool:
    """Whether the next entity is the one that the role is of."""
    gap = text[item.end : following.start].casefold()
    after_role = gap.rpartition(role.rsplit(maxsplit=1)[-1])[2] if role else gap
    return _OF.match(after_role) is not None


def begins_with_label(line: str) -> bool:
    """Whether a line begins with a label, as `Chair: ...` does."""
    match = _LINE_LABEL.match(line)
    return match is not None and not _NO_LABEL.search(match["label"])


def _role_before(gap: str, is_labelled: bool) -> str:
    for pattern in (_LABEL, _CHINESE_LABEL):
        if (match := pattern.search(gap)) and not _NO_LABEL.search(match["label"]):
            return _clean(match["label"]) if is_labelled else ""
    if match := _DONE_BY.search(gap):
        return match["verb"].casefold()
    match = _BEFORE.search(gap)
    role = _noun_phrase(match["role"]) if match else ""
    # The role must be all there is between the article and the name.
    return role if match and role == _clean(match["role"]) else ""


def _owner(text: str, found: Sequence[Mention], place: int) -> Mention | None:
    """The entity whose role it is: `Fernhill's director, X`."""
    if place and re.match(r"['’]s\s", text[found[place - 1].end :]):
        return found[place - 1]
    return None


def _connections(text: str, found: Sequence[Mention]) -> Iterator[Relation]:
    """Relations by the few words between two neighbours."""
    for first, second in zip(found, found[1:], strict=False):
        gap = text[first.end : second.start]
        if match := _IS_THE.match(gap):
            yield Relation(first, _clean(match["role"]), second)
        elif (match := _CONNECTION.match(gap)) and match["verb"] not in _NO_VERB:
            words = [match["verb"], match["object"], match["preposition"]]
            yield Relation(first, _clean(" ".join(word for word in words if word)), second)
        elif match := _PREPOSITION.match(gap):
            yield Relation(first, match["preposition"], second)
        elif _AFFILIATION.match(gap) and (first.kind, second.kind) == ("person", "organisation"):
            yield Relation(first, "of", second)


def _chinese(text: str, found: Sequence[Mention]) -> Iterator[Relation]:
    """`X 是 Y 的 NOUN`."""
    for first, second in zip(found, found[1:], strict=False):
        noun = _CHINESE_NOUN.match(text[second.end :])
        if noun and _CHINESE_OF.match(text[first.end : second.start]):
            yield Relation(first, noun["role"], second)


def _together(found: Sequence[Mention], related: set[frozenset[str]]) -> Iterator[Relation]:
    """Neighbours and the next but one: what stands further apart has less to do with each other."""
    seen = set(related)
    for place, first in enumerate(found):
        for second in found[place + 1 : place + 3]:
            pair = frozenset((first.normal, second.normal))
            if pair not in seen and not (first.kind == second.kind == "date"):
                seen.add(pair)
                yield Relation(first, MENTIONED_WITH, second)


def _clean(words: str) -> str:
    return " ".join(words.casefold().split())[:RELATION_LENGTH]
