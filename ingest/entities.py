"""Names of people, places, organisations and products, titles, dates and amounts, found by how they are written.

Patterns of English and Chinese, no model: capitals inside a sentence, marks of titles, units, endings of organisations.
"""

import re
from collections import Counter
from collections.abc import Iterator

from retrieval.sentences import sentence_spans

# Most of what a chunk names; beyond it the rest is lists.
COUNT = 12


def _words(line: str) -> frozenset[str]:
    return frozenset(line.split())


_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|"
    r"Nov(?:ember)?|Dec(?:ember)?)"
)
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
DATE = re.compile(
    rf"\b(?:{_DAY}\s+{_MONTH}(?:,?\s+\d{{4}})?|{_MONTH}\s+{_DAY}(?:,?\s+\d{{4}})?|{_MONTH}\s+\d{{4}}"
    r"|\d{4}-\d{2}-\d{2}|(?:1\d|20)\d{2}(?![\d.,]*\d))(?!\w)"
    r"|\d{2,4}年(?:\d{1,2}月(?:\d{1,2}[日号])?)?|\d{1,2}月\d{1,2}[日号]"
)
_NUMBER = r"\d+(?:[.,]\d+)*"
_UNITS = (
    "km cm mm kg mg GB MB TB kW kWh MW GHz MHz Hz euros? dollars? pounds? miles? met(?:re|er)s? kilomet(?:re|er)s? "
    "hectares? acres? tonnes? tons? lit(?:re|er)s? people inhabitants percent"
).replace(" ", "|")
AMOUNT = re.compile(
    rf"(?:US\$|[$€£¥￥])\s?{_NUMBER}(?:\s?(?:thousand|million|billion|trillion|[kKmM]))?(?!\w)"
    rf"|\b{_NUMBER}\s?(?:%|per cent\b|°C|°F|(?:{_UNITS})\b)"
    rf"|{_NUMBER}\s?[万亿]?(?:元|美元|人民币|公里|千米|平方米|平方公里|公斤|千克|吨|人)"
)
TITLE = re.compile(r"《[^《》\n]{1,40}》|「[^「」\n]{2,30}」|“[^“”\n]{2,40}”|(?<!\w)\"[A-Z][^\"\n()]{1,40}\"")
_CAPITALISED = r"(?:[A-Z][^\W_]*(?:['’.-][^\W_]+)*|[a-z]+[A-Z][^\W_]*)"
_LINK = r"(?:of|de|del|der|den|von|van|la|le|du|da|di|al|bin|for|the|&)"
# New York, University of Oslo, Ludwig van Beethoven, Mr. Smith, RTX 4090, ISO 9001
NAME = re.compile(
    rf"(?<![\w'’]){_CAPITALISED}"
    rf"(?:\.?[ \t](?:{_LINK}[ \t]){{0,2}}{_CAPITALISED}|[ \t]\d+(?![\w.,]*\w))*"
)
_POSSESSIVE = re.compile(r"['’]s?$")
ORGANISATION = re.compile(
    r"[\u4e00-\u9fff]{2,10}?(?:股份有限公司|有限责任公司|有限公司|公司|集团|大学|学院|研究所|研究院|银行|委员会|医院|协会|"
    r"出版社|博物馆)"
)
# What stands before an organisation and is not part of it.
BEFORE = re.compile(r"^.*[在由和与是的了于为对从到向被及或将把给]")
# They open sentences and are no names.
OPENERS = _words(
    "a an and are as at because but by did do does each every few for from had has have he her here his how however i "
    "if in is it its many may more most no nor not of on one only or other our she since so some such than that the "
    "their then there these they this those though thus to under until we what when where which while who whose why "
    "will with yet you your also although among after before during both between another all"
)


def entities(text: str) -> list[str]:
    """What the text names, as it is written there, the most frequent first; at most COUNT."""
    found = Counter(entity for _, entity in sorted(_occurrences(text)))
    # a part of a longer entity says nothing more: 2024 in "5 March 2024"
    whole = [entity for entity in found if not any(entity in other for other in found if entity != other)]
    return sorted(whole, key=lambda entity: -found[entity])[:COUNT]


def _occurrences(text: str) -> Iterator[tuple[int, str]]:
    """Every entity where it stands."""
    for start, end in sentence_spans(text):
        sentence = text[start:end]
        for pattern in (DATE, AMOUNT, TITLE):
            yield from (
                (start + match.start(), " ".join(match.group().split())) for match in pattern.finditer(sentence)
            )
        for match in NAME.finditer(sentence):
            if len(name := _name(match, text)) > 1:
                yield start + match.start(), name
        for match in ORGANISATION.finditer(sentence):
            yield start + match.start(), BEFORE.sub("", match.group())


def _name(run: re.Match[str], text: str) -> str:
    """The run of capitalised words as a name; "" where a single one only opens the sentence."""
    words = _POSSESSIVE.sub("", run.group()).split()
    opens = run.start() <= 1  # perhaps after a quotation mark
    if opens and words[0].casefold() in OPENERS:
        words, opens = words[1:], False
    if opens and len(words) == 1 and not _is_name(words[0], text):
        return ""
    return " ".join(words)


def _is_name(word: str, text: str) -> bool:
    """Whether the word has a capital or figure inside, or stands capitalised within a sentence."""
    inside = any(character.isupper() or character.isdigit() for character in word[1:])
    return inside or re.search(rf"[a-z,;] {re.escape(word)}\b", text) is not None
