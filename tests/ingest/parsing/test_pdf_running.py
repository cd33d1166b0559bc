from collections.abc import Sequence
from pathlib import Path

import pytest

from ingest.parsing.pdf import parse
from tests.ingest.parsing.pdf_files import write_strings
from tests.ingest.parsing.soundness import assert_sound

_WORDS = ["amber", "birch", "cedar", "dogwood", "elder", "fir", "ginkgo", "hazel", "ivy", "juniper"]


def _body(page: int) -> list[tuple[float, float, str]]:
    """Lines of text that no other page has."""
    return [(72.0, 700.0 - 14 * row, f"{_WORDS[page]} {_WORDS[row]} grows by the river.") for row in range(5)]


def _text(path: Path, pages: Sequence[Sequence[tuple[float, float, str]]], size: int = 11) -> str:
    document = parse(write_strings(path / "a.pdf", pages, size))
    assert_sound(document)
    return document.text


def test_running_lines_are_kept_once_and_page_numbers_go(tmp_path: Path) -> None:
    pages = [
        [(72.0, 800.0, "Annual report of the Arboretum"), *_body(page), (72.0, 40.0, f"Page {page + 3} of 12")]
        for page in range(6)
    ]
    text = _text(tmp_path, pages)

    assert text.count("Annual report of the Arboretum") == 1
    assert "Page" not in text
    assert all(
        f"{_WORDS[page]} {_WORDS[row]} grows by the river." in text.replace("\n", " ")
        for page in range(6)
        for row in range(5)
    )


def test_left_and_right_pages_may_have_headers_of_their_own(tmp_path: Path) -> None:
    pages = [
        [(72.0, 800.0, ("On the care of trees", "Ada Lovelace, gardener")[page % 2]), *_body(page)] for page in range(8)
    ]
    text = _text(tmp_path, pages)

    assert text.count("On the care of trees") == text.count("Ada Lovelace, gardener") == 1


def test_a_footer_that_follows_the_text_wherever_it_ends_is_running_too(tmp_path: Path) -> None:
    pages = [
        [*_body(page)[: 3 + page % 3], (72.0, 660.0 - 14 * (page % 3) - 30, f"Arboretum Inc. | Q3 | {page + 1}")]
        for page in range(5)
    ]

    assert _text(tmp_path, pages).count("Arboretum Inc.") == 1


@pytest.mark.parametrize(
    "line",
    [
        "Invoice {number} of the nursery",  # numbers that do not count pages
        "Report for the {word} season of this year",
    ],
)
def test_lines_that_differ_from_page_to_page_stay(line: str, tmp_path: Path) -> None:
    pages = [
        [(72.0, 800.0, line.format(number=(7919 * page) % 1000, word=_WORDS[page])), *_body(page)] for page in range(5)
    ]
    text = _text(tmp_path, pages)

    assert all(line.format(number=(7919 * page) % 1000, word=_WORDS[page]) in text for page in range(5))


def test_nothing_is_taken_from_two_pages_from_sparse_ones_or_from_few_of_many(tmp_path: Path) -> None:
    header = (72.0, 800.0, "Annual report of the Arboretum")
    two = [[header, *_body(page)] for page in range(2)]
    sparse = [[header, _body(page)[0]] for page in range(5)]
    few = [[*([header] if page < 3 else []), *_body(page)] for page in range(9)]

    assert _text(tmp_path, two).count("Annual report") == 2
    assert _text(tmp_path, sparse).count("Annual report") == 5
    assert _text(tmp_path, few).count("Annual report") == 3


def test_the_header_of_a_table_that_goes_on_stays(tmp_path: Path) -> None:
    columns = (72.0, 180.0, 290.0, 400.0)
    pages = []
    for page in range(4):
        rows = [("tree", "height", "age", "place")] + [
            (f"{_WORDS[page]} {row}", f"{row + page} m", f"{page}{row} years", f"bed {row}") for row in range(6)
        ]
        pages.append(
            [
                (x, 800.0 - 16 * row, cell)
                for row, cells in enumerate(rows)
                for x, cell in zip(columns, cells, strict=True)
            ]
        )

    assert _text(tmp_path, pages).count("tree | height | age | place") == 4
