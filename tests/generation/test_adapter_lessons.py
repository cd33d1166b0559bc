"""Lessons: what stands in the prompt, which questions are asked of it, and what the right words are."""

from collections import Counter

import pytest

from generation.adapter_lessons import FEWEST_ASKED, MOST_ASKED, Lesson, Lessons
from generation.prompts import ENGLISH
from generation.reader_examples import LabelledQuestion, LabelledSet

RIVERS = ["Rhine", "Danube", "Volga", "Elbe", "Oder", "Rhone", "Loire", "Tagus"]


def rivers(*, unanswerable: int = 0, language: str = "en") -> LabelledSet:
    """Passages alike but for their river and its length; two questions about each, and some that none answers."""
    passages = {
        name: ("", f"The {name} is a river. It has {number}00 km in all.") for number, name in enumerate(RIVERS, 1)
    }
    asked = "How long is the {name}?" if language == "en" else "河流{name}有多长？"
    questions = [
        LabelledQuestion(f"{name}-{again}", asked.format(name=name), name, [f"{number}00 km", f"{number}00"])
        for number, name in enumerate(RIVERS, 1)
        for again in range(2)
    ]
    questions += [
        LabelledQuestion(f"{name}-no{again}", f"Who owns the {name}?", name, [])
        for name in RIVERS
        for again in range(unanswerable)
    ]
    return LabelledSet(passages, questions)


def lessons(found: LabelledSet, seed: int = 0, epochs: int = 20) -> list[Lesson]:
    made = Lessons({"rivers": found}, seed)
    return [lesson for number in range(epochs) for lesson in made.epoch(number)]


def test_an_answer_is_what_the_set_accepts_with_the_number_of_the_passage_that_holds_it() -> None:
    numbers = Counter[int]()
    for lesson in lessons(rivers()):
        for one in lesson.asked:
            if one.answer != ENGLISH.refusal:
                said, _, marker = one.answer.partition(" [")
                number = int(marker.rstrip("]"))
                numbers[number] += 1
                assert said in lesson.passages[number - 1]
                assert one.question.removeprefix("How long is the ").rstrip("?") in lesson.passages[number - 1]
    assert len(numbers) == 5  # it stands at any place


def test_what_no_passage_answers_is_refused_and_not_more_than_a_third() -> None:
    made = lessons(rivers(unanswerable=4))
    asked = [(lesson, one) for lesson in made for one in lesson.asked]
    refused = [(lesson, one) for lesson, one in asked if one.answer == ENGLISH.refusal]
    assert 0.15 < len(refused) / len(asked) <= 1 / 3
    for lesson, one in refused:
        name = one.question.rstrip("?").rpartition(" ")[2]
        assert one.question.startswith("Who owns") or not any(f"The {name} " in text for text in lesson.passages)


def test_a_prompt_is_read_for_several_questions_but_not_too_many() -> None:
    made = lessons(rivers(unanswerable=3))
    assert {len(lesson.passages) for lesson in made} == {1, 2, 3, 4, 5}
    assert all(FEWEST_ASKED <= len(lesson.asked) <= MOST_ASKED for lesson in made)


def test_some_questions_come_with_an_earlier_one_of_the_same_passages() -> None:
    asked = [one for lesson in lessons(rivers()) for one in lesson.asked]
    with_history = [one for one in asked if one.history]
    assert 0.05 < len(with_history) / len(asked) < 0.2
    assert all([turn.role for turn in one.history] == ["user", "assistant"] for one in with_history)


def test_nearly_every_question_is_asked_in_an_epoch() -> None:
    found = rivers()
    asked = Counter(one.question for lesson in Lessons({"rivers": found}, 0).epoch(0) for one in lesson.asked)
    assert set(asked) == {question.text for question in found.questions}


def test_epochs_differ_and_a_seed_repeats_them() -> None:
    first, again = Lessons({"rivers": rivers()}, 0), Lessons({"rivers": rivers()}, 0)
    assert first.epoch(0) == again.epoch(0)
    assert first.epoch(0) != first.epoch(1)
    assert first.epoch(0) != Lessons({"rivers": rivers()}, 1).epoch(0)


def test_a_share_takes_as_many_of_the_passages() -> None:
    assert not Lessons({"rivers": rivers()}, 0, {"rivers": 0.0}).epoch(0)


def test_questions_in_a_language_that_has_no_such_prompt_are_left_out() -> None:
    assert not lessons(rivers(language="zh"))


@pytest.mark.parametrize("answer", [".", "  ", "“”"])
def test_an_answer_without_a_word_is_none(answer: str) -> None:
    found = rivers()
    empty = [LabelledQuestion(one.id, one.text, one.passage, [answer]) for one in found.questions]
    assert not [
        one for lesson in lessons(LabelledSet(found.passages, empty)) for one in lesson.asked if "[" in one.answer
    ]
