from pathlib import Path

import pypdfium2
import pytest
from PIL import Image
from reportlab.lib import pdfencrypt
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import PageBreak
from reportlab.platypus import Paragraph as Flowed

from ingest.parsing.pdf import parse, read
from ingest.parsing.scans import MAX_PIXELS
from retrieval.errors import DocumentRejected
from tests.ingest.parsing.pdf_files import (
    CHINESE_STYLE,
    STYLES,
    paragraph,
    ruled_table,
    write_flow,
    write_private_characters,
    write_strings,
    write_two_columns,
)
from tests.ingest.parsing.scripted_recogniser import NOTHING, ScriptedRecogniser, page_of
from tests.ingest.parsing.soundness import assert_sound, contents, outline, rejection_code

_PROSE = (
    "A durable queue keeps every job until a worker has finished it, which sounds simple and is not: the process may "
    "die between any two instructions, the disk may fill up, and a second worker may wake up and take the same job."
)
_MORE_PROSE = (
    "What helps is to write down the intention before acting on it, and the outcome after, so that whoever comes next "
    "can tell from the record alone which of the steps are done and which remain to be done again from the start."
)


def test_paragraphs_headings_and_pages_come_out_in_order(tmp_path: Path) -> None:
    path = write_flow(
        tmp_path / "a.pdf",
        [
            paragraph("On Queues", "Title"),
            paragraph("Background", "Heading2"),
            paragraph(_PROSE),
            paragraph(_MORE_PROSE),
            PageBreak(),
            paragraph("Method", "Heading2"),
            paragraph(_PROSE),
        ],
    )
    document = parse(path)

    assert_sound(document)
    assert [text for _, text in outline(document)] == ["On Queues", "Background", "Method"]
    assert contents(document, "paragraph") == [_PROSE, _MORE_PROSE, _PROSE]
    assert document.pages == 2
    assert [block.page for block in document.blocks] == [1, 1, 1, 1, 2, 2]
    assert document.blocks[-1].headings == ("On Queues", "Method")
    assert document.title == "On Queues"


def test_words_divided_at_line_ends_are_mended(tmp_path: Path) -> None:
    lines = ["The interna-", "tional commit-", "tee met in the state-of-the-", "art hall."]
    strings = [(72.0, 700.0 - 14 * index, line) for index, line in enumerate(lines)]

    assert parse(write_strings(tmp_path / "a.pdf", [strings])).text == (
        "The international committee met in the state-of-the-art hall."
    )


def test_two_columns_are_read_one_after_the_other(tmp_path: Path) -> None:
    texts = [f"Paragraph number {number}. {_PROSE}" for number in range(1, 13)]
    document = parse(write_two_columns(tmp_path / "a.pdf", [paragraph(text) for text in texts]))

    assert_sound(document)
    assert " ".join(contents(document, "paragraph")) == " ".join(texts)


def test_columns_drawn_line_by_line_are_read_one_after_the_other(tmp_path: Path) -> None:
    left = [
        "the left column holds a sentence that",
        "runs over several lines of even length",
        "until it comes to its",
        "end",
    ]
    right = [
        "the right column holds another one as",
        "long as the first, drawn together with",
        "the lines of the left",
        "one",
    ]
    strings = [
        (x, 700.0 - 14 * index, text)
        for index, row in enumerate(zip(left, right, strict=True))
        for x, text in zip((60.0, 320.0), row, strict=True)
    ]
    text = parse(write_strings(tmp_path / "a.pdf", [strings])).text.replace("\n\n", " ")

    assert text == " ".join(left + right)


def test_a_table_keeps_its_rows_on_lines_and_its_cells_apart(tmp_path: Path) -> None:
    rows = [
        ["Country", "People", "Area", "Capital"],
        ["Austria", "8.9", "83,879", "Vienna"],
        ["Finland", "", "338,424", "Helsinki"],
    ]
    document = parse(write_flow(tmp_path / "a.pdf", [paragraph(_PROSE), ruled_table(rows, (90, 60, 80, 90))]))

    assert contents(document, "table") == [
        "Country | People | Area | Capital\nAustria | 8.9 | 83,879 | Vienna\nFinland |  | 338,424 | Helsinki"
    ]


def test_a_stacked_header_drawn_cell_by_cell_becomes_one_row(tmp_path: Path) -> None:
    strings = [
        *((240.0, 714.0, "Three Months Ended"), (420.0, 714.0, "Nine Months Ended")),
        *((230.0, 700.0, "June 25,"), (238.0, 688.0, "2022"), (310.0, 700.0, "June 26,"), (318.0, 688.0, "2021")),
        *((410.0, 700.0, "June 25,"), (418.0, 688.0, "2022"), (490.0, 700.0, "June 26,"), (498.0, 688.0, "2021")),
    ]
    rows = [
        ("Products", "63,355", "63,948", "245,241", "232,309"),
        ("Services", "19,604", "17,486", "58,941", "50,148"),
    ]
    for index, (label, *figures) in enumerate(rows):
        y = 672.0 - 14 * index
        strings.append((60.0, y, label))
        for x, figure in zip((220.0, 300.0, 400.0, 480.0), figures, strict=True):
            strings += [(x, y, "$"), (x + 12, y, figure)]
    document = parse(write_strings(tmp_path / "a.pdf", [strings], size=9))

    assert contents(document, "table") == [
        "| Three Months Ended June 25, 2022 | Three Months Ended June 26, 2021 "
        "| Nine Months Ended June 25, 2022 | Nine Months Ended June 26, 2021\n"
        "Products | $63,355 | $63,948 | $245,241 | $232,309\n"
        "Services | $19,604 | $17,486 | $58,941 | $50,148"
    ]


def test_a_cell_of_one_line_set_halfway_between_the_two_of_its_neighbours_is_in_their_row(tmp_path: Path) -> None:
    columns = (62.0, 193.0, 306.0)
    strings = [
        *((62.0, 700.0, "Age of the"), (62.0, 688.0, "vessel"), (193.0, 694.0, "Surveys")),
        *((306.0, 700.0, "Fee for a"), (306.0, 688.0, "survey")),
        *((x, 670.0, text) for x, text in zip(columns, ("up to 5 years", "1", "40"), strict=True)),
        *((62.0, 650.0, "more, with an"), (62.0, 638.0, "engine"), (193.0, 644.0, "3"), (306.0, 644.0, "55")),
    ]
    document = parse(write_strings(tmp_path / "a.pdf", [strings], size=10))

    assert contents(document, "table") == [
        "Age of the vessel | Surveys | Fee for a survey\nup to 5 years | 1 | 40\nmore, with an engine | 3 | 55"
    ]


def test_chinese_lines_are_joined_without_spaces(tmp_path: Path) -> None:
    text = "软件工程是一门研究用工程化方法构建和维护有效的、实用的和高质量的软件的学科。" * 4
    document = parse(
        write_flow(tmp_path / "a.pdf", [Flowed(text, CHINESE_STYLE), Flowed("第二段很短。", CHINESE_STYLE)])
    )

    assert document.text == f"{text}\n\n第二段很短。"


def test_list_items_are_told_from_running_text(tmp_path: Path) -> None:
    lines = ["We need:", "• a queue that keeps", "its jobs", "• a worker", "1. first step", "2. second step"]
    strings = [(72.0 if "jobs" not in line else 80.0, 700.0 - 14 * index, line) for index, line in enumerate(lines)]
    document = parse(write_strings(tmp_path / "a.pdf", [strings]))

    assert contents(document, "list_item") == [
        "• a queue that keeps its jobs",
        "• a worker",
        "1. first step",
        "2. second step",
    ]


def test_program_text_keeps_its_lines_and_indents(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=A4)
    canvas.setFont("Helvetica", 11)
    for index in range(6):
        canvas.drawString(72, 760 - 14 * index, "Some running text that fills the page and is no program at all.")
    canvas.setFont("Courier", 10)
    program = ["if (ready) {", "    run();", "}", "stop();"]
    for index, line in enumerate(program):
        canvas.drawString(72 + 6 * (len(line) - len(line.lstrip())), 640 - 12 * index, line.strip())
    canvas.save()

    assert contents(parse(tmp_path / "a.pdf"), "code") == ["\n".join(program)]


def test_ornaments_are_left_out_of_a_document_typed_throughout(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=A4)
    canvas.setFont("Courier", 10)
    for index, line in enumerate(["The minutes were read.", "~ ~ ~", "Nobody objected."]):
        canvas.drawString(72, 700 - 40 * index, line)
    canvas.save()

    assert contents(parse(tmp_path / "a.pdf"), "paragraph") == ["The minutes were read.", "Nobody objected."]


def test_text_turned_on_its_side_reads_like_any_other(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=A4)
    canvas.rotate(90)
    for index, line in enumerate(["Turned by a quarter,", "still in two lines."]):
        canvas.drawString(100, -200 - 14 * index, line)
    canvas.save()

    assert parse(tmp_path / "a.pdf").text == "Turned by a quarter, still in two lines."


def test_a_short_line_in_italics_is_a_heading_unless_it_ends_as_a_sentence(tmp_path: Path) -> None:
    document = parse(
        write_flow(
            tmp_path / "a.pdf",
            [
                paragraph("Results", "Heading1"),
                paragraph(_PROSE),
                paragraph("<i>Limits of the queue</i>"),
                paragraph(_MORE_PROSE),
                paragraph("<i>All rights reserved.</i>"),
            ],
        )
    )

    assert [text for _, text in outline(document)] == ["Results", "Limits of the queue"]
    assert document.blocks[3].headings == ("Results", "Limits of the queue")


def test_a_numbered_heading_is_one_however_short_its_name(tmp_path: Path) -> None:
    def heading(text: str) -> Flowed:
        return Flowed(text, ParagraphStyle("numbered", CHINESE_STYLE, fontSize=15, leading=22))

    body = Flowed("套接字被广泛应用于所有的互联网通信，数据库和操作系统本身。" * 6, CHINESE_STYLE)
    flowables = [heading("1.2.9 套接字"), body, heading("1.2.10 设备文件"), body, heading("2023 12.5"), body]
    document = parse(write_flow(tmp_path / "a.pdf", flowables))

    assert [text for _, text in outline(document)] == ["1.2.9 套接字", "1.2.10 设备文件"]


def test_a_pdf_without_a_single_readable_page_is_damaged(tmp_path: Path) -> None:
    path = write_strings(tmp_path / "a.pdf", [[(60, 700, "Hello there")]])
    path.write_bytes(path.read_bytes().replace(b"/Type /Page\n", b"/Type /Pagf\n").replace(b"/MediaBox", b"/MediaBux"))
    with pytest.raises(DocumentRejected) as rejection:
        parse(path)
    assert rejection.value.code == "damaged"


def test_what_is_drawn_late_is_read_where_it_stands(tmp_path: Path) -> None:
    strings = [(72.0, 600.0, "The body comes below."), (72.0, 700.0, "The start stands above.")]

    assert (
        parse(write_strings(tmp_path / "a.pdf", [strings])).text == "The start stands above.\n\nThe body comes below."
    )


def test_page_numbers_are_left_out(tmp_path: Path) -> None:
    pages = [
        [(72.0, 700.0, f"Text of page {name}."), (290.0, 30.0, str(number))] for number, name in enumerate("abc", 17)
    ]

    assert (
        parse(write_strings(tmp_path / "a.pdf", pages)).text == "Text of page a.\n\nText of page b.\n\nText of page c."
    )


def test_filled_form_fields_are_read_with_their_names(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=A4)
    canvas.drawString(72, 700, "Application form")
    canvas.acroForm.textfield(name="surname", tooltip="Surname", value="Lovelace", x=72, y=600)
    canvas.acroForm.textfield(name="nickname", value="", x=72, y=500)
    canvas.save()

    assert parse(tmp_path / "a.pdf").text == "Application form\n\nSurname: Lovelace"


def test_a_page_without_text_is_warned_of(tmp_path: Path) -> None:
    document = read(write_strings(tmp_path / "a.pdf", [[(72.0, 700.0, "Text.")], []]), None)

    (warning,) = document.warnings
    assert warning.startswith("1 of 2 pages hold no text and may be scanned: 2. Install the extra `ocr`")
    assert document.pages == 2


def test_a_scanned_page_with_a_stamp_on_it_is_warned_of(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=A4)
    picture = ImageReader(Image.new("L", (60, 80), 200))
    for stamp, height in (
        ("Exhibit 12", 800.0),
        ("A photograph of the river in spring, and what grows on its banks", 200.0),
    ):
        canvas.drawImage(picture, 0, 0, 595, height)
        canvas.drawString(72, 30, stamp)
        canvas.showPage()
    canvas.save()

    (warning,) = read(tmp_path / "a.pdf", None).warnings
    assert warning.startswith("1 of 2 pages hold no text and may be scanned: 1. ")


def test_a_pdf_without_any_text_is_rejected_as_scanned(tmp_path: Path) -> None:
    path = write_strings(tmp_path / "a.pdf", [[], []])

    with pytest.raises(DocumentRejected, match="scanned.* Install the extra `ocr`") as rejection:
        read(path, None)

    assert rejection.value.code == "no_text"


def test_only_pages_without_text_are_recognised_and_come_in_their_place(tmp_path: Path) -> None:
    path = _mixed(tmp_path)
    recogniser = ScriptedRecogniser([page_of("Read from the picture.", confidence=0.9)])
    document = read(path, recogniser)

    assert_sound(document)
    assert [document.text[block.start : block.end] for block in document.blocks] == [
        _PROSE,
        "Read from the picture.",
        _MORE_PROSE,
    ]
    assert [block.page for block in document.blocks] == [1, 2, 3]
    assert len(recogniser.pictures) == 1
    (warning,) = document.warnings
    assert warning.startswith(
        "The text of 1 of 3 pages was recognised in pictures (OCR), with a mean confidence of 90%"
    )
    assert 0.9 < document.confidence < 1.0  # the text of the other pages is certain


def test_a_page_is_drawn_as_fine_as_its_picture_within_bounds(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=(300, 400))
    canvas.drawImage(ImageReader(Image.new("L", (1200, 1600), 200)), 0, 0, 300, 400)
    canvas.showPage()
    canvas.setPageSize((10_000, 14_000))
    canvas.rect(10, 10, 9_000, 13_000)
    canvas.save()
    recogniser = ScriptedRecogniser([page_of("fine"), page_of("huge")])
    read(tmp_path / "a.pdf", recogniser)

    fine, huge = recogniser.pictures
    assert fine.size == (1200, 1600)
    assert huge.width * huge.height == pytest.approx(MAX_PIXELS, rel=0.01)


def test_text_whose_characters_mean_nothing_gives_way_to_what_is_recognised(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    write_private_characters(path)

    assert "\ue00e" in read(path, None).text
    assert read(path, ScriptedRecogniser([page_of("Now it can be read.")])).text == "Now it can be read."


def test_a_scan_in_which_nothing_is_recognised_is_rejected_and_blank_pages_are_named(tmp_path: Path) -> None:
    with pytest.raises(DocumentRejected, match="none was recognised"):
        read(write_strings(tmp_path / "a.pdf", [[], []]), ScriptedRecogniser([NOTHING, NOTHING]))

    assert read(_mixed(tmp_path), ScriptedRecogniser([NOTHING])).warnings == ("1 of 3 pages hold no text: 2.",)


def _mixed(folder: Path) -> Path:
    """A PDF whose second page of three is a picture."""
    canvas = Canvas(str(folder / "mixed.pdf"), pagesize=A4)
    for page in (_PROSE, None, _MORE_PROSE):
        if page is None:
            canvas.drawImage(ImageReader(Image.new("L", (60, 80), 200)), 0, 0, *A4)
        else:
            flowed = Flowed(page, STYLES["BodyText"])
            flowed.wrapOn(canvas, 450, 700)
            flowed.drawOn(canvas, 72, 600)
        canvas.showPage()
    canvas.save()
    return folder / "mixed.pdf"


def test_an_encrypted_pdf_is_rejected_and_one_that_opens_without_password_is_read(tmp_path: Path) -> None:
    locked = write_flow(tmp_path / "a.pdf", [paragraph(_PROSE)], encrypt=pdfencrypt.StandardEncryption("secret"))
    restricted = write_flow(tmp_path / "b.pdf", [paragraph(_PROSE)], encrypt=pdfencrypt.StandardEncryption("", "owner"))

    assert rejection_code(lambda: parse(locked)) == "encrypted"
    assert parse(restricted).text == _PROSE


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_a_truncated_pdf_is_damaged_or_read_as_far_as_it_goes(share: float, tmp_path: Path) -> None:
    path = write_flow(tmp_path / "a.pdf", [paragraph(_PROSE), PageBreak(), paragraph(_MORE_PROSE)])
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])

    with pytest.raises((pypdfium2.PdfiumError, DocumentRejected)):
        parse(path)
