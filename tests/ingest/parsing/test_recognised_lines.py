"""Recognised text becomes lines as those of a PDF's own text: in points, y upwards, with sizes that mean something."""

import random

import pytest

from ingest.parsing.recognised_lines import RecognisedPage, recognised_lines
from ingest.parsing.recognition import Recognised
from tests.ingest.parsing.scripted_recogniser import NOTHING, page_of, piece

_POINTS = 0.36


def test_places_are_in_points_from_the_lower_edge() -> None:
    (line,) = recognised_lines({1: RecognisedPage(page_of("a line of text"), _POINTS)})[1]

    assert (line.top, line.bottom) == pytest.approx((900 * _POINTS, 870 * _POINTS))
    assert line.left == pytest.approx(100 * _POINTS)


def test_cells_at_one_height_form_one_line() -> None:
    found = Recognised([piece("left cell", 100, 100), piece("right cell", 900, 104)], 1000)
    (line,) = recognised_lines({1: RecognisedPage(found, _POINTS)})[1]

    assert [cell.text for cell in line.cells] == ["left cell", "right cell"]


def test_boxes_of_uneven_height_have_one_size_and_a_title_has_another() -> None:
    draw = random.Random(1)
    body = [piece(f"line {row} of the text", 100, 300 + 40 * row, height=draw.uniform(25, 35)) for row in range(20)]
    titles = [piece("A title", 100, 100, height=58), piece("Another title", 100, 200, height=61)]
    lines = recognised_lines({1: RecognisedPage(Recognised([*titles, *body], 2000), _POINTS)})[1]

    assert len({line.size for line in lines[2:]}) == 1
    assert lines[0].size == lines[1].size > 1.5 * lines[2].size


def test_the_usual_size_is_that_of_the_whole_document() -> None:
    cover = RecognisedPage(Recognised([piece("Cover", height=120)], 2000), _POINTS)
    pages = recognised_lines({1: cover, 2: RecognisedPage(page_of(*["the text of the document"] * 9), _POINTS)})

    assert pages[1][0].size > 2 * pages[2][0].size


def test_a_page_on_which_nothing_was_found_has_no_lines() -> None:
    assert recognised_lines({3: RecognisedPage(NOTHING, _POINTS)}) == {3: []}
