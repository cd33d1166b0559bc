from generation.adapter_judging import Written, ask, worth
from generation.adapter_lessons import Asked, Lesson
from generation.prompts import ENGLISH, tuned_messages
from tests.fakes_generation import ScriptedModel

LESSON = Lesson(
    ["The Rhine is long.", "The Elbe is short."],
    [
        Asked("Which is long?", (), "The Rhine [1]"),
        Asked("Which is short?", (), "The Elbe [2]"),
        Asked("Which is deep?", (), ENGLISH.refusal),
    ],
)


def test_answers_citations_and_refusals_are_counted_apart() -> None:
    found = worth(
        [
            Written("rhine [1]", "The Rhine [1]"),
            Written("the long Elbe [1]", "The Elbe [2]"),
            Written(ENGLISH.refusal, "The Oder [3]"),
            Written(ENGLISH.refusal, ENGLISH.refusal),
            Written("The Main [1]", ENGLISH.refusal),
        ]
    )
    assert (found.answerable, found.unanswerable) == (3, 2)
    assert found.exact == 1 / 3
    assert found.f1 == (1 + 2 / 3) / 3
    assert found.cited == 1 / 3
    assert (found.refused_wrongly, found.refused_rightly) == (1 / 3, 1 / 2)


def test_every_question_is_put_alone_with_the_passages_of_its_lesson() -> None:
    model = ScriptedModel("The Rhine [1]", "The Elbe [2]")
    written = ask(model, [LESSON], 2)
    assert [one.text for one in written] == ["The Rhine [1]", "The Elbe [2]"]
    assert [one.right for one in written] == ["The Rhine [1]", "The Elbe [2]"]
    assert model.prompts[1] == tuned_messages("Which is short?", (), LESSON.passages)


def test_nothing_asked_is_worth_nothing() -> None:
    assert worth([]).f1 == 0
