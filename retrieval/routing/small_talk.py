"""Greetings, thanks and the like, in English and Chinese: nothing that any document answers."""

import re

from retrieval.construction.words import normal

_PHRASES = (
    r"h(?:i|ello|ey)(?: there)?",
    r"good (?:morning|afternoon|evening|day|night)",
    r"(?:many )?thanks?(?: you)?(?: (?:so|very) much| a lot)?",
    r"(?:ok(?:ay)?|great|perfect|cool|nice|got it|i see|bye|goodbye|see you|cheers|yes|no|please|sorry)",
    r"how are you(?: doing)?(?: today)?",
    r"(?:who|what) are you",
    r"what(?: is|'s) your name",
    r"nice to meet you",
    r"tell me a joke",
    r"test(?:ing)?",
    r"你好|您好|嗨|哈喽|早上好|下午好|晚上好|早安|晚安|谢谢(?:你|您)?|多谢|再见|拜拜|好的|知道了|明白了",
    r"你是谁|你叫什么(?:名字)?|讲个笑话|你好吗|在吗",
)
_ONE = "|".join(f"(?:{phrase})" for phrase in _PHRASES)
_SMALL_TALK = re.compile(rf"(?:(?:{_ONE})[\s,.!?~，。！？、]*)+")
_LONGEST = 60  # characters


def is_small_talk(question: str) -> bool:
    """Whether the text is nothing but that."""
    return len(question) <= _LONGEST and _SMALL_TALK.fullmatch(normal(question).strip()) is not None
