import pytest

from generation.asked_form import asked_form

ASKED = [
    ("What is the phone number of the canteen?", "Canteen: 020 7946 0018.", "Canteen: a hot meal at £3.20."),
    ("Which number do I call after five?", "After five call 5512.", "After five nobody is there."),
    ("食堂的电话是多少？", "食堂电话：021-5566。", "食堂中午供应热菜。"),
    ("What is Ann's email address?", "Write to ann.lee@example.com.", "Ann answers on Mondays."),
    ("客服邮箱是什么？", "请写信至 help@example.cn。", "客服周一至周五在岗。"),
    ("What is the URL of the status page?", "See https://status.example/all.", "The status page is public."),
    ("公司的网址是什么？", "详见 www.example.cn。", "公司成立于1998年。"),
]


@pytest.mark.parametrize(("question", "answer", "other"), ASKED)
def test_what_is_asked_for_by_its_form_is_told_from_what_is_near_it(question: str, answer: str, other: str) -> None:
    form = asked_form(question)
    assert form is not None
    assert form.search(answer)
    assert not form.search(other)


@pytest.mark.parametrize(
    "question",
    [
        "Who pays for the phone?",
        "How many numbers are on the list?",
        "Can I send the form by email?",
        "What does the website cost?",
        "手机可以带进车间吗？",
        "What is the part number of the filter?",
    ],
)
def test_questions_about_such_things_are_not_questions_for_them(question: str) -> None:
    assert asked_form(question) is None
