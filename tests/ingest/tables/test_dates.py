"""The order of a date is decided by its column; where nothing tells, there is no date."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.tables.dates import evident_order, read_dates


@pytest.mark.parametrize(
    ("cells", "dates"),
    [
        (["2024-03-05", "2024-3-5"], ["2024-03-05", "2024-03-05"]),
        (["2024/03/05"], ["2024-03-05"]),
        (["2024.03.05"], ["2024-03-05"]),
        (["5.3.2024", "05. 03. 2024"], ["2024-03-05", "2024-03-05"]),
        (["5.3.24", "31.12.99"], ["2024-03-05", "1999-12-31"]),
        (["03/04/2024", "13/05/2024"], ["2024-04-03", "2024-05-13"]),
        (["03/04/2024", "05/23/2024"], ["2024-03-04", "2024-05-23"]),
        (["03-04-24", "13-05-24"], ["2024-04-03", "2024-05-13"]),
        (["5. März 2024", "1. Mai 2023", "3 Jan 2020"], ["2024-03-05", "2023-05-01", "2020-01-03"]),
        (["March 5, 2024", "Dec. 1st, 2020", "2 June 2019"], ["2024-03-05", "2020-12-01", "2019-06-02"]),
        (["5-Mar-24"], ["2024-03-05"]),
        (["2024年3月5日", "2023 年 12 月 31 日", "2024年3月5号"], ["2024-03-05", "2023-12-31", "2024-03-05"]),
        (["2024年3月"], ["2024-03"]),
        (["Oktober 2023", "May 2024"], ["2023-10", "2024-05"]),
        (["2024-03-05 9:05", "2024-03-05T13:05:07"], ["2024-03-05T09:05:00", "2024-03-05T13:05:07"]),
    ],
)
def test_a_column_is_read_in_one_order(cells: list[str], dates: list[str]) -> None:
    assert read_dates(cells, None) == dates


@pytest.mark.parametrize(
    "cells",
    [
        ["2024-02-30"],
        ["5.13.2024"],
        ["13/05/2024", "05/13/2024"],
        ["5.3.2024", "2024-03-05"],
        ["1.2"],
        ["2024-03-05 25:00"],
    ],
)
def test_what_is_no_date_stays_text(cells: list[str]) -> None:
    assert read_dates(cells, None) is None


def test_what_may_be_either_order_is_settled_by_the_neighbours_or_stays_text() -> None:
    cells = ["03/04/2024", "05/06/2024"]
    assert read_dates(cells, None) is None
    assert read_dates(cells, "day first") == ["2024-04-03", "2024-06-05"]
    assert read_dates(cells, "month first") == ["2024-03-04", "2024-05-06"]
    assert evident_order(cells) is None
    assert evident_order(["13/05/2024"]) == "day first"
    assert evident_order(["05/13/2024"]) == "month first"


@given(st.dates(date(1000, 1, 1)), st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%Y年%m月%d日", "%B %d, %Y", "%d %b %Y"]))
def test_every_day_comes_back(day: date, way: str) -> None:
    assert read_dates([day.strftime(way)], None) == [day.isoformat()]


@given(st.text())
def test_no_cell_breaks_the_reading(cell: str) -> None:
    read_dates([cell], None)
