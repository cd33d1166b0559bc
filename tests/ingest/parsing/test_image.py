"""Image files: pages, orientation, transparency, size, damage; what is recognised is scripted."""

import io
import struct
import warnings
import zlib
from pathlib import Path

import pytest
from PIL import Image

from ingest.parsing.detect import PNG, TIFF
from ingest.parsing.image import MOST_PIXELS, read
from ingest.parsing.parsers import PARSERS, Parser, parse
from ingest.parsing.scans import MAX_PIXELS
from ingest.parsing.types import ParsedDocument
from retrieval.errors import DocumentRejected, UnsupportedFile
from tests.ingest.parsing.scripted_recogniser import NOTHING, ScriptedRecogniser, page_of
from tests.ingest.parsing.soundness import assert_sound, rejection_code

_ORIENTATION = 0x0112


def _picture(width: int = 300, height: int = 200) -> Image.Image:
    """Black in its upper left corner, else white."""
    image = Image.new("L", (width, height), 255)
    image.paste(0, (0, 0, width // 10, height // 10))
    return image


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_an_image_becomes_a_document_of_one_page(kind: str, tmp_path: Path) -> None:
    _picture().save(tmp_path / "a", kind)
    document = read(tmp_path / "a", ScriptedRecogniser([page_of("First line.", "Second line.")]))

    assert_sound(document)
    assert document.pages == 1
    assert "First line." in document.text
    assert document.warnings[0].startswith("The text of 1 of 1 pages was recognised")


def test_without_a_recogniser_the_extra_is_named(tmp_path: Path) -> None:
    _picture().save(tmp_path / "a", "PNG")

    with pytest.raises(UnsupportedFile, match="Install the extra `ocr`"):
        read(tmp_path / "a", None)


def test_the_pages_of_a_tiff_are_the_pages_of_the_document(tmp_path: Path) -> None:
    pages = [_picture(), _picture(), _picture()]
    pages[0].save(tmp_path / "a", "TIFF", save_all=True, append_images=pages[1:])
    document = read(tmp_path / "a", ScriptedRecogniser([page_of("one"), NOTHING, page_of("three")]))

    assert [block.page for block in document.blocks] == [1, 3]
    assert document.pages == 3


@pytest.mark.parametrize(("orientation", "corner"), [(3, (-1, -1)), (6, (-1, 0)), (8, (0, -1))])
def test_an_image_is_turned_as_its_camera_was_held(orientation: int, corner: tuple[int, int], tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[_ORIENTATION] = orientation
    _picture().save(tmp_path / "a", "PNG", exif=exif)
    recogniser = ScriptedRecogniser([page_of("text")])
    read(tmp_path / "a", recogniser)

    (seen,) = recogniser.pictures
    assert seen.size == ((300, 200) if orientation == 3 else (200, 300))
    place = (corner[0] % seen.width, corner[1] % seen.height)
    assert seen.convert("L").getpixel(place) == 0
    assert seen.convert("L").getpixel((seen.width // 2, seen.height // 2)) == 255


def test_what_is_transparent_is_white_paper(tmp_path: Path) -> None:
    Image.new("RGBA", (100, 100), (0, 0, 0, 0)).save(tmp_path / "a", "PNG")
    recogniser = ScriptedRecogniser([page_of("text")])
    read(tmp_path / "a", recogniser)

    assert recogniser.pictures[0].getpixel((50, 50)) == (255, 255, 255)


def test_sixteen_bits_are_brought_down_to_eight(tmp_path: Path) -> None:
    Image.new("I;16", (100, 100), 0x8000).save(tmp_path / "a", "PNG")
    recogniser = ScriptedRecogniser([page_of("text")])
    read(tmp_path / "a", recogniser)

    assert recogniser.pictures[0].getpixel((50, 50)) == (128, 128, 128)


def test_a_large_image_is_made_smaller(tmp_path: Path) -> None:
    _picture(6000, 4000).save(tmp_path / "a", "PNG")
    recogniser = ScriptedRecogniser([page_of("text")])
    read(tmp_path / "a", recogniser)

    width, height = recogniser.pictures[0].size
    assert width * height <= MAX_PIXELS
    assert width / height == pytest.approx(1.5, rel=0.01)


@pytest.mark.parametrize("side", [12_000, 100_000])
def test_an_image_of_too_many_pixels_is_refused_before_it_is_unpacked(side: int, tmp_path: Path) -> None:
    assert side * side > MOST_PIXELS
    (tmp_path / "a").write_bytes(_png_of_nothing(side))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert rejection_code(lambda: read(tmp_path / "a", ScriptedRecogniser([]))) == "too_large_image"


def test_an_image_without_text_is_rejected(tmp_path: Path) -> None:
    _picture().save(tmp_path / "a", "PNG")

    assert rejection_code(lambda: read(tmp_path / "a", ScriptedRecogniser([NOTHING]))) == "no_text"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
@pytest.mark.parametrize("share", [0.0, 0.05, 0.5, 0.95])
def test_a_file_that_ends_too_early_is_damaged_or_read(kind: str, share: float, tmp_path: Path) -> None:
    whole = io.BytesIO()
    Image.effect_noise((300, 200), 80).save(whole, kind)
    (tmp_path / "a").write_bytes(whole.getvalue()[: int(share * len(whole.getvalue()))])

    assert rejection_code(lambda: parse(tmp_path / "a", PNG, _PARSERS)) in ("damaged", "")


@pytest.mark.parametrize(
    "content", [b"", b"\x89PNG\r\n\x1a\n", b"II*\x00\xff\xff\xff\xff", b"RIFF____WEBPVP8 ", b"\xff\xd8\xff"]
)
def test_junk_under_the_signature_of_an_image_is_damaged(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(content)

    assert rejection_code(lambda: parse(tmp_path / "a", PNG, _PARSERS)) == "damaged"


def test_a_damaged_page_among_others_is_left_out_and_named(tmp_path: Path) -> None:
    pages = [Image.effect_noise((300, 200), 80) for _ in range(3)]
    pages[0].save(tmp_path / "a", "TIFF", save_all=True, append_images=pages[1:], compression="tiff_lzw")
    with Image.open(tmp_path / "a") as image:
        image.seek(1)
        start = image.tag_v2[273][0]  # of the data of the second page
    content = bytearray((tmp_path / "a").read_bytes())
    content[start : start + 4_000] = b"\xff" * 4_000
    (tmp_path / "a").write_bytes(content)
    document = read(tmp_path / "a", ScriptedRecogniser([page_of("one"), page_of("three")]))

    assert [block.page for block in document.blocks] == [1, 3]
    assert "Page 2 is damaged and was left out." in document.warnings


def test_an_image_that_claims_too_many_pages_is_rejected(tmp_path: Path) -> None:
    page = Image.new("1", (8, 8))
    page.save(tmp_path / "a", "TIFF", save_all=True, append_images=[page] * 1_000)

    with pytest.raises(DocumentRejected, match="1,001 pages"):
        read(tmp_path / "a", ScriptedRecogniser([]))


def _png_of_nothing(side: int) -> bytes:
    """A PNG that says to be of so many pixels and holds none."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def _read_anything(path: Path) -> ParsedDocument:
    return read(path, ScriptedRecogniser([page_of("text")] * 10))


_PARSERS = {PNG: Parser("PNG image", _read_anything, PARSERS[TIFF].damaged)}
