import datetime
import zipfile
from pathlib import Path

import openpyxl
from openpyxl.chart import BarChart, Reference
from openpyxl.chartsheet import Chartsheet
from openpyxl.comments import Comment
from openpyxl.worksheet.worksheet import Worksheet

from ingest.parsing.types import ParsedDocument
from ingest.parsing.xlsx import parse
from tests.ingest.parsing.soundness import assert_sound, contents, outline, rejection_code


def _parsed(folder: Path, *sheets: tuple[str, list[list[object]]]) -> ParsedDocument:
    workbook = openpyxl.Workbook()
    assert isinstance(workbook.active, Worksheet | Chartsheet)
    workbook.remove(workbook.active)
    for name, rows in sheets:
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(row)
    workbook.save(folder / "a.xlsx")
    document = parse(folder / "a.xlsx")
    assert_sound(document)
    return document


def test_sheets_are_pages_under_their_names(tmp_path: Path) -> None:
    document = _parsed(
        tmp_path,
        ("Sales", [["Month", "Sum"], ["May", 3]]),
        ("Empty", []),
        ("人员", [["姓名", "城市"], ["张三", "北京"]]),
    )

    assert outline(document) == [(1, "Sales"), (1, "人员")]
    assert contents(document, "table") == ["Month | Sum\nMay | 3", "姓名 | 城市\n张三 | 北京"]
    assert [block.page for block in document.blocks] == [1, 1, 3, 3]


def test_cells_read_as_a_person_would_write_them(tmp_path: Path) -> None:
    row: list[object] = [3.0, 0.1 + 0.2, True, datetime.date(2024, 5, 1), datetime.datetime(2024, 5, 1, 13, 30), " x "]
    document = _parsed(tmp_path, ("S", [["a", "b", "c", "d", "e", "f"], row]))

    assert document.text.endswith("3 | 0.3 | TRUE | 2024-05-01 | 2024-05-01 13:30:00 | x")


def test_a_title_above_a_table_is_a_paragraph_and_empty_rows_part_tables(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["Sales by month"],
        ["Month", "Sum"],
        ["May", 3],
        [],
        [None, "Note"],
        [],
        ["x", "y"],
        [1, 2],
    ]
    document = _parsed(tmp_path, ("S", rows))

    assert contents(document, "paragraph") == ["Sales by month", "Note"]
    assert contents(document, "table") == ["Month | Sum\nMay | 3", "x | y\n1 | 2"]


def test_a_long_sheet_becomes_blocks_with_the_header_each(tmp_path: Path) -> None:
    rows: list[list[object]] = [["number", "square"], *[[number, number**2] for number in range(300)]]
    tables = contents(_parsed(tmp_path, ("S", rows)), "table")

    assert len(tables) > 3
    assert all(table.startswith("number | square\n") and table.count("\n") < 50 for table in tables)
    assert sum(table.count("\n") for table in tables) == 300


def test_a_workbook_without_text_is_rejected(tmp_path: Path) -> None:
    assert rejection_code(lambda: _parsed(tmp_path, ("S", []))) == "no_text"


def _chart(figures: Worksheet, title: str) -> BarChart:
    chart = BarChart()
    chart.title = title
    chart.add_data(Reference(figures, min_col=2, min_row=1, max_row=3), titles_from_data=True)
    chart.set_categories(Reference(figures, min_col=1, min_row=2, max_row=3))
    return chart


def test_comments_and_titles_of_charts_stand_under_their_sheet(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.create_sheet("Ducks", 0)
    for row in (["Year", "Ducks"], ["2024", 310], ["2025", 290]):
        sheet.append(row)
    sheet["B2"].comment = Comment("Counted twice.", "Ada")
    sheet.add_chart(_chart(sheet, "Ducks by year"), "D2")
    workbook.save(tmp_path / "a.xlsx")
    document = parse(tmp_path / "a.xlsx")

    assert_sound(document)
    assert contents(document, "table") == ["Year | Ducks\n2024 | 310\n2025 | 290"]
    assert contents(document, "caption") == ["Ducks by year"]
    assert contents(document, "footnote") == ["Comment on B2 (Ada): Counted twice."]
    assert document.blocks[-1].headings == ("Ducks",)


def test_a_sheet_that_is_a_chart_keeps_its_title(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.create_sheet("Figures", 0)
    for row in (["Year", "Ducks"], ["2024", 310], ["2025", 290]):
        sheet.append(row)
    shown = workbook.create_chartsheet("Picture")
    shown.add_chart(_chart(sheet, "Ducks by year"))
    workbook.save(tmp_path / "a.xlsx")
    document = parse(tmp_path / "a.xlsx")

    assert_sound(document)
    assert outline(document) == [(1, "Figures"), (1, "Picture")]
    assert contents(document, "caption") == ["Ducks by year"]


def test_broken_comments_are_left_out_with_a_warning(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.create_sheet("Ducks", 0)
    sheet.append(["a", "b"])
    sheet["A1"].comment = Comment("x", "Ada")
    workbook.save(tmp_path / "a.xlsx")
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(tmp_path / "b.xlsx", "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, b"<not xml" if "comments" in name and name.endswith(".xml") else content)

    document = parse(tmp_path / "b.xlsx")

    assert contents(document, "table") == ["a | b"]
    assert document.warnings == ("The comments and charts of the workbook are damaged and were left out.",)
