"""The words by which a question says what it wants of a table: a count, a sum, the largest, a list, in what order."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_CUES: Mapping[str, str] = {
    "count": r"\bhow many\b|\bnumber of\b|\bcount (?:of|the)\b|多少[个条种名次项张笔家位]|有多少|[有是共]几[个条种名次项张家位]|数量|个数",
    "sum": r"\btotals?\b|\bsum\b|\baltogether\b|\bin all\b|\bcombined\b|总和|总共|一共|共计|总计|总额|总数|之和",
    "average": r"\baverages?\b|\bmean\b|\bon average\b|平均",
    "most": r"\bmost\b|最多",
    "fewest": r"\bfewest\b|\bleast\b|最少",
    "highest": r"\bhighest\b|\blargest\b|\bbiggest\b|\bmaximum\b|\bmax\b|\bgreatest\b|\blongest\b|\boldest\b|\bheaviest\b|\bmost expensive\b|\bbest\b|\blatest\b|\bnewest\b|最高|最大|最长|最贵|最久|最晚|最新",
    "lowest": r"\blowest\b|\bsmallest\b|\bminimum\b|\bmin\b|\bshortest\b|\bcheapest\b|\blightest\b|\bearliest\b|最低|最小|最短|最便宜|最早",
    "first": r"\b(?:the|was|is) first\b(?! \d| night| two| three| four| five| ten)|第一[个次笔]",
    "percentage": r"\b(?:what|which) (?:percentage|share|proportion|fraction|percent)\b|\bpercentage of\b|百分之几|占比|百分比",
    "ratio": r"\bratio\b|比值|之比",
    "difference": r"\bdifference\b|\bhow (?:many|much) (?:more|less|fewer|longer|higher|lower|larger|cheaper)\b|\bexceeds?\b|\bby how much\b|相差|差多少|[多贵高长少低][多]少|差额",
    "order": r"\b(?:ordered|sorted|ranked|sort|order) by\b",
    "arranged": r"\bfrom (?:highest|lowest|largest|smallest) to\b|从[高大多长]到[低小少短]|从[低小少短]到[高大多长]|排序|排列",
    "descending": r"\bdescending\b|\bfrom (?:highest|largest) to\b|从[高大多长]到[低小少短]|降序",
    "distinct": r"\bdifferent\b|\bdistinct\b|\bunique\b|不同的?",
    "or": r"\bor\b|还是|哪[个种一]更|更[高多大长贵]的",
    "more": r"\b(?:more|longer|higher|larger|bigger|greater|later|older|heavier|more expensive)\b|更[高多大长贵久]",
    "less": r"\b(?:less|fewer|shorter|lower|smaller|cheaper|earlier|lighter)\b|更[低少小短]|更便宜",
    "single": r"\bsingle\b|单笔|单个",
    "when": r"\bwhen\b|\bwhat date\b|\bwhich date\b|什么时候|何时|哪天",
    "list": r"\bwhich\b|\bwhat are\b|\bwhat were\b|\blist\b|\bshow\b|\bname\b|\bwho\b|哪些|哪[个种]|列出",
    "not": r"\b(?:not|except|excluding|other than|without|isn't|aren't)\b|不是|除了|没有|不含|未",
}
CUES = {name: re.compile(pattern) for name, pattern in _CUES.items()}
# Questions that ask for what tables do not say.
_NO_TABLE = re.compile(
    r"^(?:why|how (?:do|does|did|can|to|should|would)\b|explain|describe|summari[sz]e|tell me|give me a summary|what does .* (?:say|mean))"
    r"|\bsummary of\b|为什么|怎么|如何|怎样|总结|概括|介绍一下"
)
_COUNTS = {
    word: number
    for number, word in enumerate(["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"], 1)
}
_COUNTS |= {sign: number for number, sign in enumerate("一二三四五六七八九十", 1)} | {"两": 2}
_COUNT = r"(?P<count>\d{1,3}|" + "|".join(_COUNTS) + ")"
_SUPERLATIVE = (
    r"(?:highest|lowest|largest|smallest|biggest|longest|shortest|most|cheapest|latest|earliest|best|newest|oldest)"
)
_TOP = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b(?:top|first|last) {_COUNT}\b",
        rf"\b{_COUNT} {_SUPERLATIVE}\b",
        rf"\b{_COUNT} (?:[\w-]+ ){{1,4}}(?:with|by) the {_SUPERLATIVE}\b",
        rf"\b{_COUNT} (?:[\w-]+ ){{1,2}}(?:have|had|has) the {_SUPERLATIVE}\b",
        rf"前{_COUNT}",
        rf"{_COUNT}[个种条名](?:最|.{{0,8}}最)",
    )
)
_EACH = re.compile(
    r"\b(?:per|(?<!ed )by|for (?:each|every)|in (?:each|every)|of each|each|every) (?:the )?|每[个种天月名家]?|按照?|各个?"
)


@dataclass(frozen=True, slots=True)
class Cue:
    """Where a question says what it wants."""

    name: str
    start: int
    end: int


def cues(text: str) -> Sequence[Cue]:
    """All cues of a normalised question."""
    return [Cue(name, *match.span()) for name, pattern in CUES.items() for match in pattern.finditer(text)]


def asks_no_table(text: str) -> bool:
    """Whether a normalised question asks how or why, or for a text."""
    return _NO_TABLE.search(text) is not None


def top_count(text: str) -> tuple[int, tuple[int, int]] | None:
    """How many rows a normalised question wants, and where it says so; None if it does not."""
    for pattern in _TOP:
        if match := pattern.search(text):
            return _COUNTS.get(match["count"]) or int(match["count"]), match.span("count")
    return None


def group_places(text: str) -> Sequence[tuple[int, int]]:
    """Where a normalised question says that something is wanted for each of what follows."""
    return [match.span() for match in _EACH.finditer(text)]
