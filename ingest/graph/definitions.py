"""Terms that a text defines: `"X" means ...`, `X is defined as ...`, `“X”是指……`, and names it gives (`(the "X")`)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_MEANS = re.compile(
    r"(?P<open>[\"“‘])(?P<term>[^\"“”‘’\n]{2,60})[\"”’]\s*(?:,\s*)?(?:\([^)]{0,40}\)\s*)?"
    r"(?:means|refers to|is defined as|stands for|shall mean)\s+(?P<meaning>[^\n]{3,380})"
)
_PLAIN = re.compile(
    r"(?:^|(?<=[.;:]\s))(?:An?\s|The\s)?(?P<term>[A-Z][\w-]*(?:\s[\w-]+){0,3})\s(?:means|is defined as|stands for)\s"
    r"(?P<meaning>[^\n]{3,380})"
)
_CHINESE = re.compile(
    r"(?:本(?:办法|制度|规定|须知|合同|协议)所称(?:的)?)?[“「](?P<term>[^”」\n]{2,30})[”」](?:，)?(?:是指|指的是|系指|指)"
    r"(?P<meaning>[^\n。]{2,380})"
)
_CHINESE_PLAIN = re.compile(
    r"本(?:办法|制度|规定|须知|合同|协议)所称(?:的)?(?P<term>[\u4e00-\u9fffA-Za-z]{2,12}?)，?(?:是指|指的是|系指|指)"
    r"(?P<meaning>[^\n。]{2,380})"
)


@dataclass(frozen=True, slots=True)
class Definition:
    """A term, where it stands, and what it is said to mean."""

    term: str
    start: int
    end: int
    meaning: str


def definitions(text: str) -> Iterator[Definition]:
    """The definitions of a sentence; a term once."""
    seen = set()
    for pattern in (_MEANS, _PLAIN, _CHINESE, _CHINESE_PLAIN):
        for match in pattern.finditer(text):
            term = match["term"].strip()
            if term not in seen:
                seen.add(term)
                yield Definition(
                    term, match.start("term"), match.end("term"), match["meaning"].strip().rstrip(".。;；")
                )
