"""Recognises the text in a picture (OCR), with the models that come inside the wheel of `rapidocr`.

Lines are looked for in a size that bounds time and memory, and read from the picture as it is. Pages that lie on their
side or stand on their head are turned. The models are PP-OCRv6 small (https://github.com/PaddlePaddle/PaddleOCR):
English and other Latin scripts, Chinese, Japanese. Text set in columns from top to bottom is not read as such.
"""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from PIL import Image

from ingest.parsing.extras import has_ocr
from ingest.parsing.text_boxes import Corners, Rectangle, lies_on_its_side, straightened, turned_left, turned_round

# Looking for lines costs some 2 s and 200 MB for a million pixels; an A4 page keeps 120 dots an inch.
_SEARCHED_PIXELS = 1_400_000
_SMALLEST_SIDE = 16  # pixels; no text is smaller
_VOTERS = 9  # of the longest lines, which say whether the page stands on its head
_SEEN = 4  # times the height of a line: so much of it the model for that sees without squeezing it
_BLANK = 24  # grey levels between the darkest and the lightest point of an empty page


@dataclass(frozen=True, slots=True)
class Piece:
    """A line of text, or a part of one, found in a picture."""

    text: str
    confidence: float  # 0 to 1
    place: Rectangle  # in pixels of the upright picture


@dataclass(frozen=True, slots=True)
class Recognised:
    """What was found in a picture, and how high that is once it stands upright, in pixels."""

    pieces: Sequence[Piece]
    height: float


class Recogniser(Protocol):
    """Reads pictures."""

    def read(self, picture: Image.Image) -> Recognised: ...


def installed_recogniser() -> Recogniser | None:
    """The recogniser of the extra `ocr`; None where that is not installed."""
    return RapidRecogniser() if has_ocr() else None


class RapidRecogniser:
    """Reads pictures with rapidocr; the first one of a process loads the models."""

    def read(self, picture: Image.Image) -> Recognised:
        """The lines of a picture in no particular order; none for an empty or a tiny one."""
        nothing = Recognised((), picture.height)
        if min(picture.size) < _SMALLEST_SIDE or _is_blank(picture):
            return nothing
        engine = _engine()
        import cv2  # noqa: PLC0415 - of the extra
        import numpy  # noqa: PLC0415 - it starts threads, which a process that forks must not have

        image = cv2.cvtColor(numpy.asarray(picture.convert("RGB")), cv2.COLOR_RGB2BGR)
        boxes = _find(engine, image)
        if not boxes:
            return nothing
        if lies_on_its_side(boxes):
            boxes = turned_left(boxes, image.shape[1])
            image = cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE)
        crops = engine.crop_text_regions(image, numpy.array(boxes, numpy.float32))
        height, width = image.shape[:2]
        if _stands_on_its_head(engine, crops):
            boxes = turned_round(boxes, width, height)
            crops = [cv2.rotate(crop, cv2.ROTATE_180) for crop in crops]
        read = engine.recognize_txt(crops)
        pieces = [
            Piece(text.strip(), float(score), place)
            for text, score, place in zip(read.txts, read.scores, straightened(boxes), strict=True)
            if text.strip()
        ]
        return Recognised(pieces, height)


def _is_blank(picture: Image.Image) -> bool:
    low, high = picture.convert("L").getextrema()
    return float(high) - float(low) < _BLANK  # type: ignore[arg-type]  # a picture of one band gives numbers, not pairs


@cache
def _engine() -> Any:
    """The engine with its models, on one thread: as many files as there are cores are parsed side by side."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy's own threads; a child may start none
    try:
        import cv2  # noqa: PLC0415
        from rapidocr import RapidOCR  # noqa: PLC0415
    except ImportError as error:
        if "failed to map segment" in str(error):  # how the loader says that the address space is used up
            raise MemoryError from error
        raise
    cv2.setNumThreads(1)
    return RapidOCR(
        params={
            "Global.log_level": "error",
            "Global.use_vertical_padding": False,
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            "Det.limit_type": "max",
            "Det.limit_side_len": _SEARCHED_PIXELS // _SMALLEST_SIDE,  # pictures come in the size to be searched
            "Rec.rec_batch_num": 1,  # the lines of a batch are padded to the longest
        }
    )


def _find(engine: Any, image: Any) -> list[Corners]:
    """The lines in a picture."""
    import cv2  # noqa: PLC0415
    from rapidocr.main import RapidOCRError  # noqa: PLC0415

    height, width = image.shape[:2]
    scale = min(1.0, math.sqrt(_SEARCHED_PIXELS / (width * height)))
    searched = (max(round(width * scale), _SMALLEST_SIDE), max(round(height * scale), _SMALLEST_SIDE))
    small = cv2.resize(image, searched, interpolation=cv2.INTER_AREA)
    try:
        _, found = engine.detect_and_crop(small, {})
    except RapidOCRError:  # its way to say that there is nothing
        return []
    across, down = width / searched[0], height / searched[1]
    corners = [[(float(x) * across, float(y) * down) for x, y in box] for box in found.boxes]
    return [(first, second, third, fourth) for first, second, third, fourth in corners]


def _stands_on_its_head(engine: Any, crops: Sequence[Any]) -> bool:
    """Whether most of the longest lines do; single ones are often mistaken."""
    longest = sorted(crops, key=lambda crop: -float(crop.shape[1] / crop.shape[0]))[:_VOTERS]
    _, found = engine.cls_and_rotate([crop[:, : _SEEN * crop.shape[0]] for crop in longest])
    turned = sum(bool(label == "180") for label, _ in found.cls_res)
    return 2 * turned > len(longest)
