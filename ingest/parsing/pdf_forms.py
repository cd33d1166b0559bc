"""Reads what people have filled into a PDF: the fields of its form and the notes typed onto its pages."""

import ctypes
from collections.abc import Callable, Iterator

import pypdfium2
import pypdfium2.raw as pdfium

_LONGEST_VALUE = 1 << 20  # bytes of UTF-16
_NOT_FILLED = ("", "Off")  # "Off" is the state of a box that is not ticked


def filled_in(document: pypdfium2.PdfDocument, page: pypdfium2.PdfPage) -> Iterator[str]:
    """The filled fields of a page as `name: value`, and its typed notes, in the order of the file."""
    for index in range(pdfium.FPDFPage_GetAnnotCount(page)):
        annotation = pdfium.FPDFPage_GetAnnot(page, index)
        if not annotation:
            continue
        try:
            yield from _text(document, annotation)
        finally:
            pdfium.FPDFPage_CloseAnnot(annotation)


def _text(document: pypdfium2.PdfDocument, annotation: object) -> Iterator[str]:
    """The text of one annotation, where it has any."""
    subtype = pdfium.FPDFAnnot_GetSubtype(annotation)
    if subtype == pdfium.FPDF_ANNOT_FREETEXT:
        note = _string(lambda buffer, size: pdfium.FPDFAnnot_GetStringValue(annotation, b"Contents", buffer, size))
        if note:
            yield note
    elif subtype == pdfium.FPDF_ANNOT_WIDGET and document.formenv:
        form = document.formenv.raw
        value = _string(lambda buffer, size: pdfium.FPDFAnnot_GetFormFieldValue(form, annotation, buffer, size))
        if value not in _NOT_FILLED:
            label = _string(
                lambda buffer, size: pdfium.FPDFAnnot_GetFormFieldAlternateName(form, annotation, buffer, size)
            ) or _string(lambda buffer, size: pdfium.FPDFAnnot_GetFormFieldName(form, annotation, buffer, size))
            yield f"{label}: {value}" if label else value


def _string(read: Callable[[object, int], int]) -> str:
    """A string from a PDFium function that fills a buffer with UTF-16 and returns the bytes that it needs."""
    size = min(read(None, 0), _LONGEST_VALUE)
    if size <= 2:  # a terminating NUL alone
        return ""
    buffer = (ctypes.c_ushort * (size // 2))()
    read(buffer, size)
    return bytes(buffer).decode("utf-16-le", "replace").rstrip("\0").strip()
