"""Makes a question stand on its own where it leans on what was asked before: "Is it treatable?" needs to know what.

Deterministic, in English and Chinese: pronouns give way to the topic of the conversation, and a question that lacks a
subject gets it. The topic is followed through the user's own questions, since answers may be wrong. A question that
leans on nothing stays as it is, which matters most: a rewrite that was not needed only spoils the search.
"""

import re
from collections.abc import Sequence

from generation.alignment import content
from generation.types import Message


def _words(line: str) -> frozenset[str]:
    return frozenset(line.split())


# Questions looked back at; the topic of older ones has been left long ago.
_REACH = 12
_LONGEST_TOPIC = 6  # words
_LONGEST_CHINESE_TOPIC = 12  # characters

_CHINESE = re.compile(r"[\u3400-\u9fff]")
_WORD = re.compile(r"[^\W_]+(?:[-'’.&][^\W_]+)*")

_POSSESSIVE = re.compile(r"(?i)\b(?:its|their|his|her(?=\s+[a-z]))\b(?!\s+own\b)")
_BE = (
    r"(?:is|are|was|were|be|been|do|does|did|has|have|had|can|could|will|would|should|may|might|must|mean|work|happen)"
)
_PRONOUN = re.compile(
    r"(?i)\b(?:it|they|them|he|him|she|her)\b"
    rf"|\b(?:this|these|those|that)\b(?=\s*[?.!,]|\s*$|\s+{_BE}\b)"
)
# "It" that stands for nothing.
_EXPLETIVE = re.compile(
    r"(?i)\bit\s+(?:is|was|possible|true|safe|take|takes|took|cost|costs)\b.*\b(?:to|that)\b"
    r"|\bis it (?:possible|true|safe|legal|normal)\b"
)
_ELLIPSIS = re.compile(
    r"(?i)^\s*(?:and\b|or\b|but\b|(?:so\s+)?(?:what|how) about\b|what else\b|why(?: not)?\s*\?|how so\b|any others?\b)"
)
# "What are the symptoms?": a definite noun that belongs to something unsaid.
_UNOWNED = re.compile(
    r"(?i)^(?:what|which|who|where|when|how|describe|list|name|explain|tell me)\b.*\b(?:the|other|different|main)\s+"
    r"[a-z]+(?:\s+[a-z]+)?\s*[?.]?\s*$"
)
_FIRST_ASKED = re.compile(
    r"(?i)^\s*(?:tell me about|describe|explain|what (?:is|are|was|were|causes?|does it mean)|who (?:is|was|are|were))"
    r"\s+(?!the\b|there\b|other\b|some\b|any\b|different\b|main\b|good\b|similar\b|when\b)"
)
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][\w'’-]+")
# Words of questions that name nothing.
_STARTS = _words(
    "what which who whom whose when where why how is are was were do does did can could will would should has have "
    "had tell me about describe explain give list name please show find know need want think mean means called cause "
    "causes caused happen happened happens work works use used make made get got become became affect affects help "
    "helps there some any many much more most other different main common best good popular known famous important "
    "types type kind kinds examples difference differences between compare comparison like long old often far first"
)

_CHINESE_PRONOUN = re.compile(
    r"它们|他们|她们|它|(?<!其)他(?!人)|她|这个(?!月|星期|周)|那个|这种|那种|此(?=事|人|书|片)|其(?![他实中余])"
)
_CHINESE_GAP = re.compile(r"^(?:那|那么)?.{0,6}呢[？?]?$|^(?:那|那么|还有|为什么|怎么|多少|什么时候|哪里|在哪|谁|几)")
_CHINESE_EMPTY = re.compile(
    r"什么时候|为什么|怎么样|是不是|有没有|什么|怎么|多少|哪[里个些年位]?|如何|是否|[我你您咱]们?|请问|知道|告诉|介绍|一下"
    r"|觉得|听说|喜欢|可以|应该|以及|还有|现在|今天"
    r"|[的了吗呢吧啊呀哦嗯是在有不没也都很还就要会能想看说和与及或给把被让对从到去来过着得地个位年几谁啥么]"
    r"|[？?！!，,。.、：:；;\s“”\"'《》]"
)
_SHORT_CHINESE = 6  # characters: a question so short hardly names what it is about


def standalone(question: str, history: Sequence[Message]) -> str | None:
    """The question with what it leans on put in; None where it leans on nothing, or nothing is known to put in."""
    topic = ""
    for asked in [turn.content for turn in history if turn.role == "user"][-_REACH:]:
        if not topic or (_introduces(asked) and _rewritten(asked, topic) is None):
            topic = _topic_of(asked) or topic
    return _rewritten(question, topic)


def _rewritten(question: str, topic: str) -> str | None:
    if not topic or content(topic) <= content(question):
        return None
    return (_chinese if _CHINESE.search(question) else _english)(question.strip(), topic)


def _english(question: str, topic: str) -> str | None:
    if not _EXPLETIVE.search(question):
        owner = topic if topic.endswith("'s") else f"{topic}'" if topic.endswith("s") else f"{topic}'s"
        for pattern, instead in ((_POSSESSIVE, owner), (_PRONOUN, topic)):
            if found := pattern.search(question):
                return question[: found.start()] + instead + question[found.end() :]
    ending = re.search(r"[\s?.!]*$", question)
    stem, mark = (question[: ending.start()], ending.group()) if ending else (question, "")
    if _ELLIPSIS.search(question):
        return f"{stem} ({topic}){mark}"
    named = any(word[0].isupper() for word in _WORD.findall(question)[1:])
    if _UNOWNED.search(question) and not named and " of " not in question and len(content(question)) <= 2:
        return f"{stem} of {topic}{mark}"
    return None


def _chinese(question: str, topic: str) -> str | None:
    if found := _CHINESE_PRONOUN.search(question):
        return question[: found.start()] + topic + question[found.end() :]
    if _CHINESE_GAP.search(question) or len(_CHINESE_EMPTY.sub("", question)) <= _SHORT_CHINESE // 2:
        return f"{topic}{question}"
    return None


def _introduces(question: str) -> bool:
    """Whether a question speaks of something new: by name, or as one asks of something for the first time."""
    return bool(_CHINESE.search(question) or _FIRST_ASKED.search(question) or _NAME.search(question))


def _topic_of(question: str) -> str:
    """What a question that stands on its own is about: a name, else its last noun phrase; empty if it has neither."""
    if _CHINESE.search(question):
        runs = [run for run in _CHINESE_EMPTY.split(question) if run]
        return max(runs, key=len, default="")[:_LONGEST_CHINESE_TOPIC]
    phrases: list[list[str]] = [[]]
    end = 0
    for match in _WORD.finditer(question):
        word = match.group()
        apart = question[end : match.start()].strip()
        end = match.end()
        if apart:
            phrases.append([])
        if word.lower() in _STARTS or not content(word):
            phrases.append([])
        else:
            phrases[-1].append(word)
    kept = [phrase[-_LONGEST_TOPIC:] for phrase in phrases if phrase]
    names = [phrase for phrase in map(_up_to_last_capital, kept) if phrase]
    return " ".join((names or kept or [[]])[-1])


def _up_to_last_capital(phrase: Sequence[str]) -> Sequence[str]:
    """The phrase without what follows its name, often a verb; empty without a name."""
    last = max((place for place, word in enumerate(phrase, 1) if word[0].isupper()), default=0)
    return phrase[:last]
