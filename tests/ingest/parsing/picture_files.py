"""Draws pages with text as pictures, as a scanner would see them, and puts them into files."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

_PAGE = (1240, 1754)  # A4 at 150 dots an inch
_CHINESE_FONTS = ("wqy-microhei.ttc", "NotoSansCJK-Regular.ttc", "DroidSansFallbackFull.ttf", "uming.ttc")


def draw_page(
    strings: Sequence[tuple[float, float, str]], size: float = 30, font: Path | None = None, width: int = _PAGE[0]
) -> Image.Image:
    """A white page with strings at places (x, y in pixels from the upper left)."""
    image = Image.new("L", (width, _PAGE[1]), 255)
    drawing = ImageDraw.Draw(image)
    face = ImageFont.truetype(str(font), size) if font else ImageFont.load_default(size)
    for x, y, text in strings:
        drawing.text((x, y), text, fill=0, font=face)
    return image


def chinese_font() -> Path | None:
    """A font with Chinese characters, where the system has one."""
    found = {path.name: path for path in Path("/usr/share/fonts").rglob("*.tt[cf]")}
    return next((found[name] for name in _CHINESE_FONTS if name in found), None)


def write_scanned_pdf(path: Path, pages: Sequence[Image.Image]) -> Path:
    """A PDF of pages that are pictures."""
    canvas = Canvas(str(path), pagesize=A4)
    for image in pages:
        canvas.drawImage(ImageReader(image), 0, 0, *A4)
        canvas.showPage()
    canvas.save()
    return path
