"""What an answer must look like where a question asks for something with a form: a phone number, an address on the net.

A sentence on the same matter without one is no answer, however near it is: "Canteen: a hot meal at £3.20" says nothing
of the canteen's phone number. A small reader does not see that; the form is certain.
"""

import re
from collections.abc import Sequence

# Only questions that ask for the thing itself: "Who pays for the phone?" has an answer without a number.
_PHONE_ASKED = re.compile(
    r"(?i)\b(?:(?:tele)?phone|fax|mobile|cell|hotline|contact) numbers?\b|\bnumber\b.{1,30}\b(?:call|dial|ring)\b"
    r"|(?:电话|手机|传真|热线)(?:号码?|是多少|多少)|打(?:什么|哪个)电话"
)
_PHONE = re.compile(
    r"(?i)\d(?:[ ()/.-]{0,2}\d){5,}"
    r"|\b(?:call|dial|ring|phone|telephone|tel|hotline|ext|extension)\b\D{0,20}\d{2,}"
    r"|(?:拨打?|电话|热线|分机)\D{0,6}\d{2,}"
)
_MAIL_ASKED = re.compile(r"(?i)\be-?mail address\b|\bwhat\b.{1,20}\be-?mail\s*\?|(?:邮箱|电子邮件)(?:地址|是)")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.\w")
_SITE_ASKED = re.compile(r"(?i)\b(?:url|web address)\b|\bwhat\b.{1,20}\bweb ?site\s*\?|网址")
_SITE = re.compile(r"(?i)https?://|\bwww\.|\b[\w-]+\.(?:com|org|net|io|edu|gov|eu|de|fr|uk|cn|example)\b")

_FORMS: Sequence[tuple[re.Pattern[str], re.Pattern[str]]] = (
    (_PHONE_ASKED, _PHONE),
    (_MAIL_ASKED, _MAIL),
    (_SITE_ASKED, _SITE),
)


def asked_form(question: str) -> re.Pattern[str] | None:
    """What a sentence must hold to answer; None where the question asks for nothing that has a form."""
    return next((form for asked, form in _FORMS if asked.search(question)), None)
