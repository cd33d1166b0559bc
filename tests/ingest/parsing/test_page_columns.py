"""Recognised text comes in any order and is read in that of the page."""

import random

from ingest.parsing.page_columns import in_reading_order
from ingest.parsing.recognition import Piece
from tests.ingest.parsing.scripted_recogniser import piece

_LEFT = [piece(f"left column, line {row:02} of text", 50, 200 + 40 * row) for row in range(12)]
_RIGHT = [piece(f"right column, line {row:02} of it", 600, 212 + 43 * row) for row in range(11)]


def _read(pieces: list[Piece]) -> list[str]:
    shuffled = pieces.copy()
    random.Random(7).shuffle(shuffled)
    return [one.text for one in in_reading_order(shuffled)]


def test_columns_are_read_one_after_the_other() -> None:
    assert _read([*_LEFT, *_RIGHT]) == [one.text for one in (*_LEFT, *_RIGHT)]


def test_what_lies_across_columns_parts_what_stands_above_from_what_stands_below() -> None:
    title = piece("A title that reaches over both of the columns of the page", 100, 100)
    middle = piece("A figure's caption that reaches over both columns as well", 100, 200 + 40 * 6 - 4, height=8)
    above = [*[one for one in _LEFT if one.place.bottom < 440], *[one for one in _RIGHT if one.place.bottom < 440]]
    below = [*[one for one in _LEFT if one.place.top >= 440], *[one for one in _RIGHT if one.place.top >= 440]]

    assert _read([title, *above, *below])[0] == title.text
    wide = Piece(middle.text, 1, middle.place.__class__(100, 440, 900, 448))
    assert _read([title, *above, wide, *below]) == [one.text for one in (title, *above, wide, *below)]


def test_three_columns_are_read_one_after_the_other() -> None:
    third = [piece(f"third column, line {row:02} as well", 1150, 190 + 39 * row) for row in range(12)]

    assert _read([*_LEFT, *_RIGHT, *third]) == [one.text for one in (*_LEFT, *_RIGHT, *third)]


def test_chinese_columns_need_half_as_many_characters() -> None:
    left = [piece(f"左栏第{row:02}行的文字内容在此", 50, 200 + 40 * row) for row in range(8)]
    right = [piece(f"右栏第{row:02}行的文字内容在此", 600, 215 + 40 * row) for row in range(8)]

    assert _read([*left, *right]) == [one.text for one in (*left, *right)]


def test_a_table_is_read_row_by_row() -> None:
    rows = [
        [piece(f"item {row}", 50, 200 + 40 * row), piece(f"{row * 10} EUR", 600, 203 + 40 * row)] for row in range(9)
    ]

    assert _read([cell for row in rows for cell in row]) == [cell.text for row in rows for cell in row]


def test_no_piece_is_lost_or_doubled_on_a_page_of_scattered_words() -> None:
    draw = random.Random(3)
    pieces = [
        piece(f"word {number} " * draw.randint(1, 5), draw.uniform(0, 1500), draw.uniform(0, 2000), draw.uniform(8, 60))
        for number in range(900)
    ]

    assert sorted(_read(pieces)) == sorted(one.text for one in pieces)
    assert sorted(_read(pieces[:400])) == sorted(one.text for one in pieces[:400])
