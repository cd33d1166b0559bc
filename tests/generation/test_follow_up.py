import pytest

from generation.follow_up import standalone
from generation.types import Message


def asked(*questions: str) -> list[Message]:
    turns = [[Message("user", question), Message("assistant", "The moon.")] for question in questions]
    return [message for turn in turns for message in turn]


@pytest.mark.parametrize(
    ("question", "before", "expected"),
    [
        ("Is it treatable?", ["What is throat cancer?"], "Is throat cancer treatable?"),
        ("What are its symptoms?", ["Tell me about lung cancer."], "What are lung cancer's symptoms?"),
        ("Who built it?", ["When did the Forth Bridge open?"], "Who built Forth Bridge?"),
        ("How long are they?", ["What are blue whales?"], "How long are blue whales?"),
        ("What are the symptoms?", ["What is throat cancer?"], "What are the symptoms of throat cancer?"),
        ("What about children?", ["What is throat cancer?"], "What about children (throat cancer)?"),
        ("Why?", ["When did the Forth Bridge close?"], "Why (Forth Bridge)?"),
        ("它的作者是谁？", ["你知道《红楼梦》吗？"], "红楼梦的作者是谁？"),
        ("为什么？", ["差旅报销制度是什么？"], "差旅报销制度为什么？"),
    ],
)
def test_what_a_question_leans_on_is_put_in(question: str, before: list[str], expected: str) -> None:
    assert standalone(question, asked(*before)) == expected


@pytest.mark.parametrize(
    "question",
    [
        "What is the annual leave at Quillfeather?",
        "Is it possible to carry leave over to the next year?",
        "When was the bridge over the Eddle finished?",
        "How many countries does the Danube pass through?",
        "多瑙河流经几个国家？",
        "出差回来以后，要在多长时间内提交报销单？",
        "其他国家有哪些？",
    ],
)
def test_a_question_that_stands_on_its_own_stays_as_it_is(question: str) -> None:
    assert standalone(question, asked("What is throat cancer?")) is None


def test_nothing_is_rewritten_without_a_history_or_a_topic() -> None:
    assert standalone("Is it treatable?", []) is None
    assert standalone("Is it treatable?", asked("?", "Why?")) is None
    assert standalone("Is it treatable?", [Message("assistant", "Throat cancer is rare.")]) is None


def test_the_topic_stays_through_follow_ups_and_changes_with_a_new_one() -> None:
    before = asked("What is throat cancer?", "Is it treatable?", "Can it spread to the lungs?")
    assert standalone("How common is it?", before) == "How common is throat cancer?"
    assert (
        standalone("How common is it?", [*before, *asked("Tell me about lung cancer.")]) == "How common is lung cancer?"
    )


@pytest.mark.parametrize("question", ["", " ", "?", "🙂", "it" * 5000, "\n", "它" * 3000])
def test_odd_questions_break_nothing(question: str) -> None:
    standalone(question, asked("What is throat cancer?", question, "多瑙河？"))
