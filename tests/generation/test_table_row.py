import pytest

from generation.prompts import CHINESE, ENGLISH
from generation.table_row import with_columns

HEAD = "Full years | Days of leave | Buying | Notice"
ROW = "5 to 9 | 27 | 5 | 3 weeks"
TABLE = f"Leave grows with the years.\n{HEAD}\n0 to 1 | 25 | 5 | 1 week\n{ROW}"
NAMED = "Full years: 5 to 9; Days of leave: 27; Buying: 5; Notice: 3 weeks"


def said(passage: str, stretch: str, *headings: str) -> str:
    start = passage.index(stretch)
    return with_columns(passage, start, start + len(stretch), headings, ENGLISH)


def test_cells_stand_after_the_names_of_their_columns() -> None:
    assert said(TABLE, ROW) == NAMED


def test_a_table_that_goes_on_has_its_columns_in_the_innermost_heading() -> None:
    assert said(f"2 to 4 | 26 | 5 | 2 weeks\n{ROW}", ROW, "Leave", HEAD) == NAMED
    assert said(TABLE, ROW, "Leave", "Part | Shelf | In stock | Supplier") == NAMED  # a table of its own comes first


def test_cells_without_text_are_left_out_and_one_without_a_name_has_none() -> None:
    passage = "| 2024 | 2025 | Remark\nPottery course | £195 | £235 |\nNotice |  | 3 weeks | Saturdays"
    assert said(passage, "Pottery course | £195 | £235 |") == "Pottery course; 2024: £195; 2025: £235"
    assert said(passage, "Notice |  | 3 weeks | Saturdays") == "Notice; 2025: 3 weeks; Remark: Saturdays"


def test_a_chinese_answer_has_chinese_marks() -> None:
    passage = "职级 | 一线城市 | 其他城市\n其他员工 | 450 | 280"
    row = passage.split("\n")[1]
    start = passage.index(row)
    assert with_columns(passage, start, len(passage), (), CHINESE) == "职级：其他员工；一线城市：450；其他城市：280"


@pytest.mark.parametrize(
    ("passage", "stretch"),
    [
        (TABLE, "Leave grows with the years."),  # no row
        (TABLE, HEAD),  # the names themselves
        (TABLE, "27 | 5"),  # a part of a row
        ("Landlord | Ann Ash\nTenant | Bob Birch", "Tenant | Bob Birch"),  # two columns: names and values
        ("Ann | sales | 4711\nBob | repairs | 4712", "Bob | repairs | 4712"),  # a table without a head
        ("Ann | sales | £4.50\nBob | repairs | £6", "Bob | repairs | £6"),
        ("Ann | sales | 3 weeks\nBob | repairs | 4 weeks", "Bob | repairs | 4 weeks"),
        ("Part | Shelf | Shelf\nHub | B04 | C01", "Hub | B04 | C01"),  # names that name nothing
        ("Part | | Price\nHub | B04 | 12", "Hub | B04 | 12"),
    ],
)
def test_whatever_has_no_names_of_columns_stays_as_it_stands(passage: str, stretch: str) -> None:
    assert said(passage, stretch) == stretch
