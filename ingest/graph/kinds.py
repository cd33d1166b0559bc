"""What kind of thing a name names, by its last word, by what stands around it, or by the column it stands in."""

import re

from retrieval.graph.types import Kind


def _words(line: str) -> frozenset[str]:
    return frozenset(line.split())


# A company is often called after what it makes: the last word of its name is a trade in the plural.
_ORGANISATION_WORDS = _words(
    "ltd limited inc gmbh plc llc corp corporation company co-operative cooperative council committee trust society "
    "association foundation institute university college school bank board agency ministry department commission "
    "union club group team partners brothers sons daughters engineers engineering structures works fabrications "
    "roasters instruments systems components tyres lighting tools saddlery supplies foods motors logistics services "
    "solutions technologies laboratories industries holdings press theatre museum library hospital church parliament "
    "federation authority office bureau fund network joinery bakery pottery cycles"
)
_PLACE_WORDS = _words(
    "street road lane avenue square hill park river bridge harbour harbor lock canal station row wharf docks quay "
    "island bay lake valley mountain county city town village airport market moor court house estate gardens yard end reach quarter"
)
_PRODUCT = re.compile(r"(?:^|[\s-])[A-Z]{0,6}-?\d{2,5}[A-Za-z]?(?:-\d+)?$|^[A-Z]{1,4}-\d+(?:-[A-Z0-9]+)*$")
_FORM = re.compile(r"\b(?:Ltd|Limited|Inc|GmbH|PLC|plc|LLC|Corp|AG|S\.A|B\.V)\b\.?")
_CHINESE_ORGANISATION = re.compile(
    r"(?:公司|集团|大学|学院|研究所|研究院|银行|委员会|医院|协会|出版社|博物馆|图书馆|学校|中学|小学|工厂|法院|合作社|基金会|部|局|中心)$"
)
_CHINESE_PLACE = re.compile(r"(?:省|市|县|区|镇|乡|村|路|街|河|湖|山|岛)$")
HONORIFIC = re.compile(r"^(?:Mr|Mrs|Ms|Miss|Dr|Prof|Professor|Sir|Dame|Captain)\.?\s")
_PLACE_BEFORE = re.compile(r"\b(?:in|at|from|near|to|via|of)\s+(?:the\s+)?$")
_ARTICLE_BEFORE = re.compile(r"\b[Tt]he\s+(?:\w+\s+)?$")
# What people do, and things seldom.
_PERSON_AFTER = re.compile(
    r"^(?:'s)?\s+(?:who|says?|said|writes?|wrote|leads?|led|presented|proposed|covers?|covered|plans?|planned|showed|"
    r"asked|thanked|joined|left|offered|offers|teaches|taught|married|works|worked|lives|lived|knows|keeps|found|gave)\b"
)
_PERSON_SHAPE = re.compile(
    r"^[A-Z][\w'’.-]*(?:\s+(?:(?:van|von|de|der|den|del|di|da|la|le|bin|al)\s+){0,2}[A-Z][\w'’.-]*){1,3}$"
)

_COLUMNS: tuple[tuple[re.Pattern[str], Kind], ...] = (
    (
        re.compile(
            r"\b(?:contact|person|director|owner|by|rep|representative|author|giver|manager|name of person|employee|"
            r"teacher|tutor|chair|assignee|responsible)\b|负责人|联系人|姓名|审批人|作者",
            re.IGNORECASE,
        ),
        "person",
    ),
    (
        re.compile(
            r"\b(?:supplier|customer|company|client|vendor|manufacturer|organi[sz]ation|employer|bank|contractor)\b"
            r"|供应商|公司|客户|单位|部门",
            re.IGNORECASE,
        ),
        "organisation",
    ),
    (
        re.compile(
            r"\b(?:city|country|place|town|district|station|location|region)\b|城市|国家|地区|地点", re.IGNORECASE
        ),
        "place",
    ),
    (
        re.compile(r"\b(?:item|product|material|sku|model|part|article|firing)\b|产品|型号|名称|滤芯", re.IGNORECASE),
        "product",
    ),
    (re.compile(r"\b(?:date|released|until|when)\b|日期|时间", re.IGNORECASE), "date"),
)


def kind_of_column(header: str) -> Kind | None:
    """The kind of what a column of this name holds; None where the name does not say."""
    words = header.replace("_", " ")
    return next((kind for pattern, kind in _COLUMNS if pattern.search(words)), None)


def kind_of_name(name: str, before: str, after: str) -> Kind:
    """The kind of a name, given the text before and after it."""
    if HONORIFIC.match(name):
        return "person"
    if _FORM.search(name) or _CHINESE_ORGANISATION.search(name):
        return "organisation"
    words = name.split()
    last = words[-1].casefold()
    for vocabulary, kind in ((_ORGANISATION_WORDS, "organisation"), (_PLACE_WORDS, "place")):
        if last in vocabulary and len(words) > 1:
            return kind  # type: ignore[return-value]  # both are kinds
    if words[0] == "River" or _CHINESE_PLACE.search(name):
        return "place"
    if _PRODUCT.search(name):
        return "product"
    return _by_surroundings(name, before, after)


def _by_surroundings(name: str, before: str, after: str) -> Kind:
    if _PERSON_SHAPE.match(name) and not _ARTICLE_BEFORE.search(before) and not name.isupper():
        return "person"
    if _PERSON_AFTER.match(after) and not _ARTICLE_BEFORE.search(before):
        return "person"
    if _PLACE_BEFORE.search(before) and " " not in name and not name.isupper():
        return "place"
    return "thing"
