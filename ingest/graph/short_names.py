"""Which names of one document are one entity: short forms, initials and acronyms of a name that it gives in full.

Only within a document, and only where one full name fits: `Gannet` is Gannet Civil Works where no other name begins
with Gannet. What other documents call the same is decided when the graph is laid out.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from retrieval.graph.names import acronym, is_short_for, normal_name
from retrieval.graph.types import Kind

# `Active Routes Fund (ARF)`, `人力资源和社会保障部（人社部）`
_IN_BRACKETS = re.compile(
    r"(?P<full>[A-Z][\w'’&.-]*(?:[ \t](?:of|and|for|the|[A-Z][\w'’&.-]*)){1,8})[ \t]?\((?:the )?[\"“]?(?P<short>[A-Z][\w&.-]{1,12})[\"”]?\)"
    r"|(?P<chinese_full>[\u4e00-\u9fff]{4,24})（以下简称[：:]?[“「]?(?P<chinese_short>[\u4e00-\u9fffA-Za-z]{1,12})[”」]?）"
)
# A first name or a surname alone stands for a person; other words alone stand for other things.
_SHORTENED: frozenset[Kind] = frozenset({"person", "organisation", "thing", "place"})


def aliases_in_brackets(text: str) -> Mapping[str, str]:
    """Normal forms of full names by those of the short ones that brackets give them."""
    found: dict[str, str] = {}
    for match in _IN_BRACKETS.finditer(text):
        if match["chinese_full"]:
            found[normal_name(match["chinese_short"])] = normal_name(match["chinese_full"])
            continue
        full, short = normal_name(match["full"]), normal_name(match["short"])
        words = full.split()
        # The brackets explain as many words before them as the acronym has letters.
        for first in range(len(words)):
            rest = normal_name(" ".join(words[first:]))
            if short in {acronym(rest), words[first]} and short != rest:
                found[short] = rest
                break
    return found


def full_names(kinds: Mapping[str, Kind], brackets: Mapping[str, str]) -> Mapping[str, str]:
    """For each short name of a document the full one that it stands for; names by their normal forms."""
    known = {short: full for short, full in brackets.items() if full in kinds}
    by_word: dict[str, list[str]] = defaultdict(list)
    for name, kind in kinds.items():
        if kind in _SHORTENED and " " in name:
            for word in set(_ends(name)):
                by_word[word].append(name)
    for name, kind in kinds.items():
        if name in known or kind not in _SHORTENED:
            continue
        full = _only(
            item for word in _ends(name)[-1:] for item in by_word[word] if _fits(name, kind, item, kinds[item])
        )
        if full is not None:
            known[name] = full
    return {short: _followed(full, known) for short, full in known.items()}


def _ends(name: str) -> list[str]:
    words = name.split()
    return [words[0], words[-1]]


def _fits(name: str, kind: Kind, full: str, full_kind: Kind) -> bool:
    """Whether a short name may stand for a full one of its kind; only people are called by their last name."""
    if full == name or not is_short_for(name, full):
        return False
    by_surname = full.split()[: len(name.split())] != name.split()
    if by_surname:
        return full_kind == "person" and kind in {"person", "thing"}
    return kind in {full_kind, "thing"} or (kind == "place" and full_kind == "organisation")


def _only(names: Iterable[str]) -> str | None:
    """The name if there is one, or if all others are short for it."""
    found = sorted(set(names), key=lambda name: (-len(name.split()), name))
    return found[0] if found and all(is_short_for(name, found[0]) for name in found[1:]) else None


def _followed(full: str, known: Mapping[str, str]) -> str:
    seen = {full}
    while (further := known.get(full)) is not None and further not in seen:
        full = further
        seen.add(full)
    return full
