from copy import deepcopy
from pathlib import Path

from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.oxml.shapes.shared import BaseShapeElement
from pptx.slide import SlideLayout
from pptx.util import Inches

from ingest.parsing.pptx import parse
from tests.ingest.parsing.office_archives import write_encrypted
from tests.ingest.parsing.soundness import assert_sound, contents, outline, rejection_code


def _deck(path: Path) -> Path:
    """Three slides: text with notes, a table and text boxes, a chart."""
    deck = Presentation()
    first = deck.slides.add_slide(deck.slide_layouts[1])
    first.shapes.title.text = "Opening"
    first.placeholders[1].text_frame.text = "one point"
    first.placeholders[1].text_frame.add_paragraph().text = "another point"
    first.notes_slide.notes_text_frame.text = "say hello"
    second = deck.slides.add_slide(deck.slide_layouts[6])
    second.shapes.add_textbox(Inches(1), Inches(5), Inches(3), Inches(1)).text_frame.text = "below"
    second.shapes.add_textbox(Inches(5), Inches(1), Inches(3), Inches(1)).text_frame.text = "above right"
    second.shapes.add_textbox(Inches(1), Inches(1.1), Inches(3), Inches(1)).text_frame.text = "above left"
    table = second.shapes.add_table(2, 2, Inches(1), Inches(3), Inches(4), Inches(1)).table
    for cell, text in zip(table.iter_cells(), ["Item", "Price", "nut", "3"], strict=True):
        cell.text = text
    third = deck.slides.add_slide(deck.slide_layouts[5])
    third.shapes.title.text = "Figures"
    data = CategoryChartData()
    data.categories = ["Q1", "Q2"]
    data.add_series("North", (1.5, 0.1 + 0.2))
    data.add_series("South", (3, None))
    third.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, Inches(1), Inches(2), Inches(4), Inches(3), data)
    deck.save(str(path))
    return path


def _slide_number(layout: SlideLayout) -> BaseShapeElement:
    """A copy of the layout's number, as PowerPoint puts one on a slide."""
    (number,) = (item for item in layout.placeholders if item.placeholder_format.type == PP_PLACEHOLDER.SLIDE_NUMBER)
    number.text_frame.text = "12"
    return deepcopy(number._element)


def test_slides_are_pages_with_their_titles_as_headings(tmp_path: Path) -> None:
    document = parse(_deck(tmp_path / "a.pptx"))

    assert_sound(document)
    assert document.pages == 3
    assert outline(document) == [(1, "Opening"), (1, "Figures")]
    assert [block.page for block in document.blocks] == [1] * 4 + [2] * 4 + [3] * 2
    assert document.title in ("Opening", "PowerPoint Presentation")


def test_a_slide_without_title_stands_under_no_heading(tmp_path: Path) -> None:
    document = parse(_deck(tmp_path / "a.pptx"))

    assert {block.headings for block in document.blocks if block.page == 2} == {()}


def test_shapes_are_read_from_top_to_bottom_and_left_to_right(tmp_path: Path) -> None:
    document = parse(_deck(tmp_path / "a.pptx"))

    assert [document.text[block.start : block.end] for block in document.blocks if block.page == 2] == [
        "above left",
        "above right",
        "Item | Price\nnut | 3",
        "below",
    ]


def test_body_text_is_a_list_and_notes_are_kept(tmp_path: Path) -> None:
    document = parse(_deck(tmp_path / "a.pptx"))

    assert contents(document, "list_item") == ["- one point", "- another point"]
    assert "Speaker notes: say hello" in contents(document, "paragraph")


def test_the_figures_of_a_chart_are_a_table(tmp_path: Path) -> None:
    assert contents(parse(_deck(tmp_path / "a.pptx")), "table")[-1] == "| North | South\nQ1 | 1.5 | 3\nQ2 | 0.3 |"


def test_groups_are_taken_apart(tmp_path: Path) -> None:
    deck = Presentation()
    group = deck.slides.add_slide(deck.slide_layouts[6]).shapes.add_group_shape()
    group.shapes.add_textbox(0, Inches(2), Inches(1), Inches(1)).text_frame.text = "second"
    group.shapes.add_textbox(0, 0, Inches(1), Inches(1)).text_frame.text = "first"
    deck.save(str(tmp_path / "a.pptx"))

    assert parse(tmp_path / "a.pptx").text == "first\n\nsecond"


def test_what_is_said_at_the_same_place_of_most_slides_is_kept_once_and_numbers_are_not(tmp_path: Path) -> None:
    deck = Presentation()
    for number in range(4):
        slide = deck.slides.add_slide(deck.slide_layouts[6])
        slide.shapes.add_textbox(0, Inches(1), Inches(3), Inches(1)).text_frame.text = f"point {number}"
        slide.shapes.add_textbox(0, Inches(2 + number), Inches(3), Inches(1)).text_frame.text = "said again"
        slide.shapes.add_table(1, 1, 0, Inches(4), Inches(4), Inches(1)).table.cell(0, 0).text = f"cell {number}"
        slide.shapes.add_textbox(0, Inches(7), Inches(3), Inches(1)).text_frame.text = "Society of the Quay"
        slide.shapes._spTree.append(_slide_number(slide.slide_layout))
    deck.save(str(tmp_path / "a.pptx"))
    document = parse(tmp_path / "a.pptx")

    assert contents(document, "table") == [f"cell {number}" for number in range(4)]
    assert contents(document, "paragraph") == [
        *("point 0", "said again", "Society of the Quay"),
        *(text for number in range(1, 4) for text in (f"point {number}", "said again")),
    ]


def test_the_lines_of_a_subtitle_are_no_list(tmp_path: Path) -> None:
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[0])
    slide.placeholders[1].text_frame.text = "Society of the Quay"
    slide.placeholders[1].text_frame.add_paragraph().text = "3 May"
    deck.save(str(tmp_path / "a.pptx"))

    assert contents(parse(tmp_path / "a.pptx"), "paragraph") == ["Society of the Quay", "3 May"]


def test_an_encrypted_deck_is_rejected(tmp_path: Path) -> None:
    assert rejection_code(lambda: parse(write_encrypted(tmp_path / "a.pptx"))) == "encrypted"
