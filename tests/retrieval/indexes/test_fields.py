"""Fields: each counts its own words, with statistics of its own over the rows that are alive."""

from collections.abc import Sequence

import numpy as np
import pytest

from retrieval.indexes import fields, segment
from retrieval.indexes.segment import Segment
from retrieval.store.chunks import IndexRows
from retrieval.store.trees import TreeRows

NONE = np.zeros(0, dtype=np.int64)


def rows_of(headings: Sequence[tuple[str, ...]], names: Sequence[str] = (), keywords: Sequence[str] = ()) -> IndexRows:
    count = len(headings)
    return IndexRows(
        np.arange(count),
        np.arange(count),
        ["text"] * count,
        headings,
        np.zeros((0, 0), dtype=np.float32),
        NONE,
        np.zeros(0, dtype=np.uint8),
        TreeRows(NONE, NONE, np.zeros((0, 0), np.float32), NONE, NONE, NONE),
        names or ["note.txt"] * count,
        keywords or [""] * count,
    )


def scored(part: Segment, field: str, *query: str) -> list[float]:
    rows = np.arange(len(part.chunk_keys))
    return fields.scores([part.fields[field]], [np.ones(len(rows), dtype=bool)], query, [rows])[0].tolist()


@pytest.mark.parametrize("field", fields.FIELDS)
def test_a_word_counts_in_the_field_that_it_stands_in_and_in_no_other(field: str) -> None:
    where = {
        "headings": rows_of([("Harbours", "Cranes"), ()]),
        "title": rows_of([(), ()], names=["crane-rules.pdf", "note.txt"]),
        "keywords": rows_of([(), ()], keywords=["cranes, hoists", ""]),
    }[field]
    built = segment.from_rows(where)
    for other in fields.FIELDS:
        first, second = scored(built, other, "crane")
        assert (first > 0) == (other == field)
        assert second == 0


def test_the_end_of_a_file_name_is_no_word_of_its_title() -> None:
    assert scored(segment.from_rows(rows_of([()], names=["crane.pdf"])), "title", "pdf") == [0]


def test_rows_that_nobody_named_have_empty_fields() -> None:
    built = segment.from_rows(rows_of([(), ()]))
    assert scored(built, "keywords", "text", "") == [0, 0]


def test_fields_survive_being_written_and_read() -> None:
    built = segment.from_rows(rows_of([("Harbours",), ("Cranes",)], ["a.txt", "b.txt"], ["ship", "hoist"]))
    read = segment.from_files(built.to_files())
    for field, word in {"headings": "crane", "title": "b", "keywords": "hoist"}.items():
        assert scored(read, field, word) == scored(built, field, word) != [0, 0]


def test_a_row_that_is_gone_does_not_count_and_segments_share_their_statistics() -> None:
    names = ["harbour.txt", "crane.txt", "crane.txt"]
    whole = segment.from_rows(rows_of([(), (), ()], names)).fields["title"]
    parts = [segment.from_rows(rows_of([()] * len(part), part)).fields["title"] for part in (names[:1], names[1:])]
    alive = np.array([True, True, False])
    row = np.array([1])
    (expected,) = fields.scores([whole], [alive], ["crane"], [row])
    (_, found) = fields.scores(parts, [alive[:1], alive[1:]], ["crane"], [NONE, row - 1])
    np.testing.assert_allclose(found, expected)
    (with_the_dead,) = fields.scores([whole], [np.ones(3, dtype=bool)], ["crane"], [row])
    assert expected[0] > with_the_dead[0]
