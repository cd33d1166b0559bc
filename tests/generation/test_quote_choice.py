import hashlib
import json
import random
import re

import numpy as np
import pytest

from generation.quote_choice import CALIBRATION, QUOTE_MODEL, Calibration, QuoteChooser, shares
from generation.quote_features import FEATURES
from generation.reader_weights import SHIPPED
from retrieval import tree_ensemble
from retrieval.errors import ModelUnavailable
from tests.fakes import HashEmbedder
from tests.fakes_generation import MarkingReader, passage

DANUBE = passage("The Danube passes through ten countries. It ends in the Black Sea.", start=40, number=1)
RHINE = passage("The Rhine is long. It flows into the North Sea near Rotterdam.", start=400, number=2, heading="Rivers")
PASSAGES = [DANUBE, RHINE]
QUESTION = "Where does the Rhine end?"


def chooser(chance: float, marked: str = "the North Sea") -> QuoteChooser:
    return QuoteChooser(MarkingReader({marked: chance}))


def test_the_sentence_that_the_reader_finds_the_answer_in_is_quoted_with_its_place() -> None:
    quote = chooser(0.95).quote(HashEmbedder(), QUESTION, PASSAGES, 0.9)
    assert quote is not None
    assert quote.by == "reader"
    assert quote.citation.quote == "It flows into the North Sea near Rotterdam."
    assert (quote.citation.n, quote.citation.start) == (2, 400 + RHINE.chunk.text.index("It flows"))


def test_in_a_row_of_a_table_nothing_is_marked_however_sure_the_reader_is_of_one_cell() -> None:
    rivers = passage("River | Ends in | Length\nRhine | the North Sea | 1,230 km", number=1)
    quote = chooser(0.99).quote(HashEmbedder(), QUESTION, [rivers], 0.9)
    assert quote is not None
    assert quote.citation.quote == "Rhine | the North Sea | 1,230 km"
    assert quote.span is None


def test_the_surer_the_reader_is_the_likelier_is_the_quote() -> None:
    chances = []
    for chance in (0.05, 0.5, 0.95):
        quote = chooser(chance).quote(HashEmbedder(), QUESTION, PASSAGES, 0.9)
        assert quote is not None
        assert quote.chance is not None
        chances.append(quote.chance)
    assert chances == sorted(chances)
    assert 0 < chances[0] < chances[-1] < 1


@pytest.mark.parametrize(("log_odds", "quoted"), [(-3.0, 3), (-0.5, 2), (3.0, 1)])
def test_the_less_likely_a_quote_is_the_more_stand_beside_it(log_odds: float, quoted: int) -> None:
    always = QuoteChooser(MarkingReader({"the North Sea": 0.6}), None, Calibration(0.0, 0.0, 0.0, log_odds, 0.0))
    quote = always.quote(HashEmbedder(), QUESTION, PASSAGES, 0.9)
    assert quote is not None
    assert quote.unsure == (quoted == 3)
    assert len({quote.citation, *quote.further}) == 1 + len(quote.further) == quoted


@pytest.mark.parametrize(("best", "is_answer"), [(0.39, False), (0.41, True)])
def test_where_no_passage_is_likely_to_answer_what_is_quoted_is_no_answer(best: float, is_answer: bool) -> None:
    reader = MarkingReader({"the North Sea": best, "ten countries": 0.2})
    quote = QuoteChooser(reader, None, Calibration(0.0, 0.0, 0.0, 3.0, 0.4)).quote(
        HashEmbedder(), QUESTION, PASSAGES, 0.9
    )
    assert quote is not None
    assert not quote.unsure
    assert quote.is_answer == is_answer
    assert (len(quote.further) == 2) == (not is_answer)


def test_in_the_sentence_that_is_quoted_the_readers_span_is_marked() -> None:
    likely = QuoteChooser(MarkingReader({"the North Sea": 0.6}), None, Calibration(0.0, 0.0, 0.0, 1.0, 0.0))
    quote = likely.quote(HashEmbedder(), QUESTION, PASSAGES, 0.9)
    assert quote is not None
    assert quote.span is not None
    assert quote.citation.quote[slice(*quote.span)] == "the North Sea"


def test_nothing_is_marked_in_a_sentence_that_is_not_likely_to_answer() -> None:
    unsure = QuoteChooser(MarkingReader({"the North Sea": 0.6}), None, Calibration(0.0, 0.0, 0.0, -3.0, 0.0))
    quote = unsure.quote(HashEmbedder(), QUESTION, PASSAGES, 0.9)
    assert quote is not None
    assert quote.span is None


def test_where_a_phone_number_is_asked_for_a_sentence_without_one_is_no_answer() -> None:
    likely = QuoteChooser(MarkingReader({"£3.20": 0.99}), None, Calibration(0.0, 0.0, 0.0, 3.0, 0.0))
    asked, price = (
        "What is the phone number of the canteen?",
        passage("The canteen serves a hot meal at £3.20.", number=1),
    )
    number = passage("Whoever wants to book a table there dials extension 5512.", number=2)
    without = likely.quote(HashEmbedder(), asked, [price], 0.9)
    found = likely.quote(HashEmbedder(), asked, [price, number], 0.9)
    assert without is not None
    assert found is not None
    assert (without.is_answer, found.is_answer) == (False, True)
    assert found.citation.quote == number.chunk.text


def test_what_several_passages_say_is_quoted_once() -> None:
    footer = "Confidential: do not copy this page."
    copies = [passage(f"{footer} Sheet {number} of the set is here.", number=number) for number in range(3)]
    unsure = QuoteChooser(MarkingReader({}), None, Calibration(0.0, 0.0, 0.0, -3.0, 0.0))
    quote = unsure.quote(HashEmbedder(), "Who may copy the page?", copies, 0.9)
    assert quote is not None
    shown = [also.quote for also in (quote.citation, *quote.further)]
    assert len(set(shown)) == len(shown) == 3


@pytest.mark.parametrize("seed", range(20))
def test_a_quote_is_always_the_document_s_to_the_letter(seed: int) -> None:
    generator = random.Random(seed)
    words = re.findall(r"\S+", DANUBE.chunk.text + " " + RHINE.chunk.text + " 多瑙河注入黑海。 [3] | a\nb\n\n- c")
    passages = [
        passage(" ".join(generator.choices(words, k=generator.randrange(60))), start=1000 * number, number=number)
        for number in range(4)
    ]
    quote = chooser(generator.random(), generator.choice(words)).quote(HashEmbedder(), QUESTION, passages, 0.5)
    if quote is None:
        assert not any(len(hit.chunk.text) > 100 for hit in passages)
        return
    chunk = passages[quote.citation.n - 1].chunk
    assert chunk.text[quote.citation.start - chunk.start : quote.citation.end - chunk.start] == quote.citation.quote
    if quote.span is not None:
        assert 0 <= quote.span[0] < quote.span[1] <= len(quote.citation.quote)


def test_where_nothing_can_be_quoted_there_is_no_quote() -> None:
    assert chooser(0.9).quote(HashEmbedder(), QUESTION, [], 0.9) is None
    assert chooser(0.9).quote(HashEmbedder(), QUESTION, [passage("Page 2")], 0.9) is None


def test_the_chances_that_ship_were_fitted_with_the_reader_that_ships() -> None:
    fitted_with = json.loads(CALIBRATION.read_text())["reader"]
    assert len(fitted_with) == 12
    assert hashlib.sha256(SHIPPED.read_bytes()).hexdigest().startswith(fitted_with), (
        "run `python -m bench.train_quotes`"
    )


def test_chances_rise_with_the_score_with_how_far_it_stands_out_and_with_what_the_reader_says() -> None:
    calibration = Calibration(1.5, 1.0, 0.5, -0.7, 0.3)
    assert calibration.chance(-3, 0.5, 0) < calibration.chance(0, 0.5, 0) < calibration.chance(3, 0.5, 0)
    assert calibration.chance(0, 0.1, 0) < calibration.chance(0, 0.9, 0)
    assert calibration.chance(0, 0.5, -1) < calibration.chance(0, 0.5, 1)
    assert calibration.chance(0, 0.5, 0.4) == 0.5


def test_a_sentence_that_stands_alone_has_the_whole_share_and_equals_have_the_same() -> None:
    assert shares(np.array([-7.0])).tolist() == [1.0]
    assert shares(np.array([2.0, 2.0, 900.0, 900.0])).tolist() == [0.0, 0.0, 0.5, 0.5]


def test_the_model_that_ships_knows_features_that_exist_and_no_other_text_is_a_model() -> None:
    assert set(tree_ensemble.read(QUOTE_MODEL.read_text()).features) <= FEATURES.keys()
    with pytest.raises(ModelUnavailable):
        QuoteChooser(MarkingReader({}), "no trees")
