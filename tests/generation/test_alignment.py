from generation.alignment import Alignment, Support
from retrieval.types import Hit
from tests.fakes_generation import passage

CRISIS = passage(
    "The 1973 oil crisis began in October 1973 when Arab producers proclaimed an embargo. "
    "By the end of the embargo in March 1974, the price of oil had risen from $3 to nearly $12 a barrel."
)
CARS = passage("American cars became smaller after the crisis. Japanese makers gained from their economical engines.")
ZH = passage("范廷颂枢机是越南罗马天主教枢机。1963年被任为主教；1990年被擢升为总教区宗座署理。他于2009年2月离世。")


def quote(support: Support, hit: Hit) -> str:
    return hit.chunk.text[support.start : support.end]


def test_the_passage_and_the_sentence_that_carry_the_claim_are_found() -> None:
    alignment = Alignment("When did the oil crisis begin?", [CARS, CRISIS])
    support = alignment.best("The oil crisis began in October 1973.")
    assert support is not None
    assert support.sufficient
    assert support.passage == 1
    assert quote(support, CRISIS).startswith("The 1973 oil crisis began")
    assert quote(support, CRISIS).endswith("embargo.")


def test_a_number_that_differs_takes_all_support_away() -> None:
    alignment = Alignment("When did the oil crisis begin?", [CARS, CRISIS])
    support = alignment.best("The oil crisis began in October 1979.")
    assert support is not None
    assert support.score == 0.0


def test_a_name_that_the_passage_does_not_hold_takes_all_support_away() -> None:
    alignment = Alignment("Who proclaimed the embargo?", [CRISIS])
    assert alignment.support("Arab producers proclaimed an embargo.", 0).sufficient
    assert not alignment.support("The Soviet producers proclaimed an embargo.", 0).sufficient


def test_thousands_separators_and_number_words_do_not_make_numbers_differ() -> None:
    hit = passage("The bridge cost 1,300 dollars and has three arches.")
    alignment = Alignment("What about the bridge?", [hit])
    assert alignment.support("The bridge cost 1300 dollars and has 3 arches.", 0).sufficient


def test_a_number_of_the_question_need_not_stand_beside_the_answer() -> None:
    hit = passage("Victor Hugo wrote it in exile.", heading="Les Miserables")
    alignment = Alignment("Who wrote the 1862 novel Les Miserables?", [hit])
    assert alignment.support("Victor Hugo wrote the 1862 novel Les Miserables in exile.", 0).sufficient


def test_words_of_the_question_alone_support_less_than_the_answer_itself() -> None:
    hit = passage("The capital of Freedonia has old walls. Its mayor is a painter.")
    alignment = Alignment("What is the capital of Freedonia famous for?", [hit])
    true = alignment.support("The capital of Freedonia has old walls.", 0)
    invented = alignment.support("The capital of Freedonia makes cheese.", 0)
    assert true.score > 0.9
    assert not invented.sufficient


def test_two_neighbouring_sentences_are_quoted_where_the_claim_needs_both() -> None:
    hit = passage("Marie Curie was born in Warsaw. She won the Nobel Prize for physics in 1903. Her daughter won too.")
    alignment = Alignment("Who was she?", [hit])
    support = alignment.support("Born in Warsaw, she won the Nobel Prize for physics in 1903.", 0)
    assert quote(support, hit) == "Marie Curie was born in Warsaw. She won the Nobel Prize for physics in 1903."


def test_chinese_claims_are_aligned_by_character_pairs() -> None:
    alignment = Alignment("范廷颂是什么时候被任为主教的？", [CARS, ZH])
    support = alignment.best("范廷颂于1963年被任为主教。")
    assert support is not None
    assert support.sufficient
    assert "1963年被任为主教" in quote(support, ZH)
    wrong = alignment.best("范廷颂于1964年被任为主教。")
    assert wrong is not None
    assert wrong.score == 0.0


def test_a_claim_of_function_words_has_no_support() -> None:
    support = Alignment("Is it?", [CRISIS]).best("Yes, it is.")
    assert support is not None
    assert not support.sufficient


def test_without_passages_nothing_supports_a_claim() -> None:
    assert Alignment("Is it?", []).best("It is so.") is None


def test_the_number_of_a_list_item_is_no_number_of_the_claim() -> None:
    alignment = Alignment("What happened?", [CRISIS])
    assert alignment.support("7. Arab producers proclaimed an embargo.", 0).sufficient
