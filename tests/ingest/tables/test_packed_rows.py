"""Rows that cross from the parser process come out as they went in, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.tables.packed_rows import packed, unpacked

_VALUE = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()


@given(st.lists(st.lists(_VALUE, min_size=3, max_size=3)))
def test_rows_come_back_as_they_were(rows: list[list[object]]) -> None:
    found = unpacked(packed(rows), width=3)  # type: ignore[arg-type]
    assert len(found) == len(rows)
    assert list(found) == list(found) == rows


@pytest.mark.parametrize(
    "lines", [b"[1]\n", b"[1,2,3]\n", b"[1,[2]]\n", b'[1,{"a":1}]\n', b"{}\n", b"[1,NaN]\n", b"[1,Infinity]\n", b"[1,2"]
)
def test_rows_that_do_not_fit_are_refused(lines: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        unpacked(b"[1,2]\n" + lines, width=2)
