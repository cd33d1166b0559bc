import pytest

from generation.prompts import ENGLISH
from generation.quote_wording import in_their_words
from generation.quoting import Quote
from generation.types import Citation
from retrieval.sentences import on_one_line
from tests.fakes_generation import passage

SENTENCE = "It flows into the North Sea near Rotterdam."


def marked(sentence: str, words: str) -> tuple[str, str | None]:
    """The text of an answer that quotes the sentence, and what of it stands out where the reader found these words."""
    found = passage(sentence, start=7, number=1)
    start = sentence.rindex(words)
    cited = Citation.of_passage([found], 0, 0, len(sentence))
    quote = Quote(cited, 0.5, "reader", span=(start, start + len(words)))
    said = in_their_words(ENGLISH, quote, [found])
    return said.text, None if said.short is None else said.text[slice(*said.short)]


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        (SENTENCE, "the North Sea"),
        ("- It flows into the North\n  Sea near Rotterdam.", "the North\n  Sea"),
        ("莱茵河流入\n北海。", "入\n北海"),
    ],
)
def test_the_words_that_answer_are_found_again_in_the_text_of_the_answer(sentence: str, words: str) -> None:
    text, short = marked(sentence, words)
    assert short == on_one_line(words)
    assert text != short


def test_of_words_that_are_there_twice_those_are_marked_that_the_reader_found() -> None:
    sentence = "- Sea air: it flows into the North Sea."
    found = passage(sentence, start=7, number=1)
    for start in (sentence.index("Sea"), sentence.rindex("Sea")):
        cited = Citation.of_passage([found], 0, 0, len(sentence))
        quote = Quote(cited, 0.5, "reader", span=(start, start + 3))
        said = in_their_words(ENGLISH, quote, [found])
        assert said.short is not None
        assert said.text[said.short[0] :].startswith(sentence[start : start + 7])


def test_a_quote_in_which_the_reader_marks_nothing_has_no_short_answer() -> None:
    found = passage(SENTENCE, start=7, number=1)
    quote = Quote(Citation.of_passage([found], 0, 0, len(SENTENCE)), 0.5, "reader")
    assert in_their_words(ENGLISH, quote, [found]).short is None
