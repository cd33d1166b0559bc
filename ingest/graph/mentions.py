"""Entities where a text names them, with what kind they are: by how they are written, in English and Chinese."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from ingest.entities import BEFORE, DATE, NAME, OPENERS, ORGANISATION, TITLE
from ingest.graph.kinds import HONORIFIC, kind_of_name
from retrieval.graph.names import normal_name
from retrieval.graph.types import NAME_LENGTH, Kind


def _words(line: str) -> frozenset[str]:
    return frozenset(line.split())


# More in one sentence is a list, which relates nothing.
MAX_IN_SENTENCE = 12
# Lines of so many characters go on in the next one.
_WRAPPED = 40
_HONORIFIC_NAME = re.compile(
    r"\b(?:Mr|Mrs|Ms|Miss|Dr|Prof|Professor|Sir|Dame)\.?[ \t]+[A-Z][\w'’-]*(?:[ \t]+[A-Z][\w'’-]*){0,2}"
)
_CODE = re.compile(r"\b[A-Z]{1,5}-?\d[\w.-]*\b(?<![.-])")
SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖"
    "邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文商"
)
_CHINESE_ROLE = (
    r"负责人|联系人|馆长|院长|校长|厂长|所长|处长|科长|部长|局长|市长|省长|社长|店长|队长|站长|主任|主席|总监|总经理|经理|董事长|总裁|"
    r"干事|书记|秘书|教授|博士|医生|老师|先生|女士|工程师|设计师|作者|编辑|会计|出纳|主编"
)
_CHINESE_PERSON = re.compile(
    rf"(?P<role>(?:工会|财务|人事|技术|志愿者|项目|行政|部门|副)?(?:{_CHINESE_ROLE}))[：:\s]{{0,2}}(?P<name>[{SURNAMES}][\u4e00-\u9fff]{{1,2}})"
)
_NOT_IN_NAME = re.compile(r"[的是在和与及或为由等将应须可并不对从经按把被也都已批负同以]")
_NO_ORGANISATION = _words(
    "公司 本公司 集团 大学 学院 银行 委员会 医院 协会 出版社 博物馆 研究所 研究院 总公司 分公司 图书馆 学校 中学 小学 工厂 法院 社区图书馆"
)
# Beyond those of `ingest.entities`
_CHINESE_PLACE_OF_WORK = re.compile(
    r"[\u4e00-\u9fff]{2,12}?(?:图书馆|学校|中学|小学|幼儿园|工厂|法院|合作社|基金会|俱乐部)"
)
_QUOTED = re.compile(r"^[\"“”'‘’《》「」]+|[\"“”'‘’《》「」]+$")
# "Later the ARF": only the sentence begins with a capital there
_BEFORE_ARTICLE = re.compile(r"[A-Z]\w*\s+(?:[a-z]+\s+)?the\s+(?=[A-Z])")
_BARE_NUMBER = re.compile(r"^[\d\s.,/-]+$")
_CALENDAR = _words(
    "monday tuesday wednesday thursday friday saturday sunday mon tue wed thu fri sat sun saturdays sundays year "
    "good new january february march april may june july august september october november december christmas "
    "easter spring summer autumn winter"
)
_LIST_WORDS = _words("section chapter table figure page annex appendix part step case item note notes edition")


@dataclass(frozen=True, slots=True)
class Mention:
    """An entity where a text names it."""

    start: int
    end: int
    name: str
    normal: str
    kind: Kind
    role: str = ""  # that the name stands under: 馆长沈砚秋
    is_weak: bool = False  # a single word that opens a sentence: a name only if it stands elsewhere, too


def mentions(text: str) -> Sequence[Mention]:
    """The entities that a sentence names, in order and without overlap; the longer of two that do."""
    named = (item for item in _all(text) if item.normal)  # a name without a letter or figure is none
    found = sorted(named, key=lambda item: (item.start - item.end, item.start))
    kept: list[Mention] = []
    for item in found:
        if all(item.end <= other.start or other.end <= item.start for other in kept):
            kept.append(item)
    return sorted(kept, key=lambda item: item.start)


def _all(text: str) -> Iterator[Mention]:
    for match in DATE.finditer(text):
        yield _mention(match.start(), match.end(), match.group(), "date")
    for match in TITLE.finditer(text):
        name = _QUOTED.sub("", match.group())
        kind: Kind = "document" if match.group()[0] == "《" else "term"
        if normal_name(name):
            yield _mention(match.start(), match.end(), name, kind)
    for match in _HONORIFIC_NAME.finditer(text):
        yield _mention(match.start(), match.end(), match.group(), "person")
    for match in NAME.finditer(text):
        yield from _name(match, text)
    for match in _CODE.finditer(text):
        yield _mention(match.start(), match.end(), match.group(), "product")
    for match in chain(ORGANISATION.finditer(text), _CHINESE_PLACE_OF_WORK.finditer(text)):
        name = BEFORE.sub("", match.group())
        if name not in _NO_ORGANISATION:
            yield _mention(match.end() - len(name), match.end(), name, "organisation")
    for match in _CHINESE_PERSON.finditer(text):
        name = _chinese_name(match["name"])
        if name:
            item = _mention(match.start("name"), match.start("name") + len(name), name, "person")
            yield replace(item, role=match["role"])


def _name(match: re.Match[str], text: str) -> Iterator[Mention]:
    """The name of a run of capitalised words, without what only opens the sentence."""
    start, end = match.span()
    words = text[start:end]
    while words and _opens_only(words.split()[0], start, text):
        first = words.split(maxsplit=1)
        if len(first) == 1:
            return
        start, words = end - len(first[1]), first[1]
    if (opening := _BEFORE_ARTICLE.match(words)) and _begins(start, text):
        start, words = start + opening.end(), words[opening.end() :]
    stripped = re.sub(r"['’]s?$", "", words)
    end -= len(words) - len(stripped)
    lowered = [word.casefold().strip(".") for word in stripped.split()]
    if not lowered or _BARE_NUMBER.match(stripped) or all(word in _CALENDAR | _LIST_WORDS for word in lowered):
        return
    is_listed = lowered[0] in _LIST_WORDS and len(lowered) <= 2  # noqa: PLR2004 - Section 5, Table 4
    if len(lowered) == 1 and lowered[0] in OPENERS:
        return
    if len(lowered) == 1 and re.match(r"\s+by\s", text[end:]):  # "Prepared by X", whatever stands before it
        return
    if is_listed or DATE.search(stripped) or not 2 <= len(stripped) <= NAME_LENGTH:  # noqa: PLR2004 - characters
        return
    kind = kind_of_name(stripped, text[max(0, start - 40) : start], text[end : end + 40])
    if stripped.isupper() and len(lowered) > 1 and kind != "organisation":
        return  # a heading
    is_weak = len(lowered) == 1 and _begins(start, text) and not _stands_inside(stripped, text)
    yield replace(_mention(start, end, stripped, kind), is_weak=is_weak)


def _opens_only(word: str, start: int, text: str) -> bool:
    """Whether a capital stands there because a sentence, or an item of a list, begins."""
    plain = re.split(r"['’]", word.casefold())[0]
    if plain in OPENERS:
        return word in {"The", "A", "An", "I"} or plain != word.casefold() or _begins(start, text)
    return re.fullmatch(r"[A-Z]\.", word) is not None and _begins(start, text)  # A. of a list, not initials


def _begins(start: int, text: str) -> bool:
    """Whether a sentence, an item of a list or what follows a colon begins there."""
    before = text[:start].rstrip(" \t\"“‘'*_([")
    line = before.rstrip("\n").rpartition("\n")[2]
    starts_line = before.endswith("\n") and len(line) < _WRAPPED
    return starts_line or not any(letter.isalnum() for letter in before) or before[-1] in ":.!?–-|•"


def _stands_inside(word: str, text: str) -> bool:
    """Whether a word that opens the text is a name all the same: a capital or figure inside it, or stands within."""
    return any(letter.isupper() or letter.isdigit() for letter in word[1:]) or (
        re.search(rf"[a-z,;] {re.escape(word)}\b", text) is not None
    )


def _chinese_name(name: str) -> str:
    """The name without what follows it; "" where it is none."""
    cut = _NOT_IN_NAME.search(name, 1)
    found = name[: cut.start()] if cut else name
    return found if len(found) >= 2 else ""  # noqa: PLR2004 - a surname and a given name


def _mention(start: int, end: int, name: str, kind: Kind) -> Mention:
    shown = " ".join(name.split())
    if shown.isupper() and shown.isascii() and len(shown) > 12:  # noqa: PLR2004 - a heading, not an acronym
        shown = shown.title()
    if HONORIFIC.match(shown):
        kind = "person"
    return Mention(start, end, shown[:NAME_LENGTH], normal_name(shown), kind)
