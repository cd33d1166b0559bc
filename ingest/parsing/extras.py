"""Which optional parts of the parsers are installed; light enough for the API process."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

OCR_MODULES = ("rapidocr", "onnxruntime")
INSTALL_OCR = "Install the extra `ocr` (`pip install 'scholiast[ocr]'`) and restart"

# What a parser of an extra is made of; part of the parsers' version where it is installed.
OPTIONAL_LIBRARIES = ("docling-core", "docling-slim", "onnxruntime", "opencv-python-headless", "rapidocr")


@cache
def has_ocr() -> bool:
    """Whether text can be recognised in pictures: whether the extra `ocr` is installed."""
    return all(find_spec(module) is not None for module in OCR_MODULES)


def installed_version(library: str) -> str:
    """The version of an optional library; "" where it is not installed."""
    try:
        return version(library)
    except PackageNotFoundError:
        return ""
