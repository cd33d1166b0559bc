"""Tells what kind of file an upload is, from its first bytes and its name; light enough for the API process."""

import codecs
import re
import unicodedata
from pathlib import PurePosixPath

from ingest.parsing.extras import INSTALL_OCR, has_ocr
from retrieval.errors import DocumentRejected, UnsupportedFile

HEAD_SIZE = 8_192  # bytes of a file that decide its type

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv"
TSV = "text/tab-separated-values"
JSON = "application/json"
JSON_LINES = "application/x-ndjson"
HTML = "text/html"
PNG = "image/png"
JPEG = "image/jpeg"
TIFF = "image/tiff"
WEBP = "image/webp"
EPUB = "application/epub+zip"
EMAIL = "message/rfc822"
MARKDOWN = "text/markdown"
RESTRUCTURED_TEXT = "text/x-rst"
PLAIN_TEXT = "text/plain"

SUPPORTED: dict[str, tuple[str, ...]] = {
    PDF: (".pdf",),
    DOCX: (".docx",),
    PPTX: (".pptx",),
    XLSX: (".xlsx",),
    CSV: (".csv",),
    TSV: (".tsv", ".tab"),
    JSON: (".json",),
    JSON_LINES: (".jsonl", ".ndjson"),
    HTML: (".html", ".htm", ".xhtml"),
    PNG: (".png",),
    JPEG: (".jpg", ".jpeg"),
    TIFF: (".tif", ".tiff"),
    WEBP: (".webp",),
    EPUB: (".epub",),
    EMAIL: (".eml",),
    MARKDOWN: (".md", ".markdown"),
    RESTRUCTURED_TEXT: (".rst", ".rest"),
    PLAIN_TEXT: (".txt", ".text"),
}
IMAGES = frozenset((PNG, JPEG, TIFF, WEBP))  # read where the extra `ocr` is installed
_BY_EXTENSION = {extension: media_type for media_type, extensions in SUPPORTED.items() for extension in extensions}
_OFFICE_FOLDERS = {b"word/": DOCX, b"ppt/": PPTX, b"xl/": XLSX}
_ARCHIVED = frozenset((*_OFFICE_FOLDERS.values(), EPUB))
# Text says little about itself: the name decides among these.
_NAMED_TEXTS = frozenset((CSV, TSV, JSON, JSON_LINES, HTML, EMAIL, MARKDOWN, RESTRUCTURED_TEXT, PLAIN_TEXT))

# Formats that a person can turn into a supported one with the program that wrote them.
_SAVE_AS = {
    **dict.fromkeys((".doc", ".dot", ".docm", ".dotx", ".rtf", ".odt", ".pages", ".wps"), ".docx"),
    **dict.fromkeys((".ppt", ".pps", ".pptm", ".ppsx", ".odp", ".key"), ".pptx"),
    **dict.fromkeys((".xls", ".xlsm", ".xlsb", ".ods", ".numbers"), ".xlsx"),
}

# First bytes of files that hold no text to read, or hold it in a way that no parser here reads.
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # old binary Office, and the container of encrypted new Office files
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_EPUB_MEMBER = b"mimetypeapplication/epub+zip"  # name and content of what must stand first, not compressed
_OPEN_DOCUMENT_MEMBER = b"mimetypeapplication/vnd.oasis.opendocument."
_FIRST_MEMBER_WITHIN = 100  # bytes
_IMAGE_STARTS = (
    (b"\x89PNG", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"II*\x00", TIFF),
    (b"II+\x00", TIFF),  # for more than 4 GB
    (b"MM\x00*", TIFF),
    (b"MM\x00+", TIFF),
)
_FOREIGN = (
    (b"GIF8", "a GIF image"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"%!PS", "PostScript"),
    (b"{\\rtf", "rich text (RTF)"),
    (b"SQLite format 3", "a database"),
)
# Possessive and atomic, so that a page of comments cannot make it try every way to divide them.
_HTML_START = re.compile(
    rb"(?:(?><!--.*?-->)|<\?xml[^>]*+>|\s)*+<(?:!doctype html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_BYTE_ORDER_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_MOST_CONTROL_BYTES = 0.02  # of text in any 8-bit encoding; random bytes have some 0.11

_LONGEST_NAME = 255


def detect_media_type(name: str, head: bytes, *, reads_images: bool | None = None) -> str:
    """The media type of a file called `name` that begins with `head` (its first HEAD_SIZE bytes).

    Images count as read where the extra `ocr` is installed, unless `reads_images` says otherwise. Raises
    DocumentRejected for an empty file and UnsupportedFile where no parser reads it, or where its name and its content
    disagree.
    """
    if not head:
        raise DocumentRejected("empty_file", "The file is empty. Upload a file with content.")
    extension = _extension(name)
    expected = _BY_EXTENSION.get(extension)
    found = _image_type(head)
    if found is not None and not (has_ocr() if reads_images is None else reads_images):
        raise _unsupported(extension, f"The file is {_describe(found)}", advice=f"{INSTALL_OCR} to have its text read.")
    if found is None:
        _refuse_foreign(extension, head)
        found = _binary_type(extension, head) or _text_type(expected, head)
    if expected is not None and found != expected:
        raise UnsupportedFile(
            f"The file is named {extension}, but its content is {_describe(found)}. "
            f"Rename it to {SUPPORTED[found][0]} or upload the right file."
        )
    return found


def display_name(name: str) -> str:
    """A file name that is safe to show: the last part of any path, no control characters, 1 to 255 characters."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode()))[-1]
    visible = "".join(character for character in last if not _is_hidden(character))
    cleaned = " ".join(visible.split())
    if not cleaned.strip(". "):
        return "document"
    if len(cleaned) > _LONGEST_NAME:
        suffix = PurePosixPath(cleaned).suffix[:20]
        cleaned = cleaned[: _LONGEST_NAME - len(suffix)] + suffix
    return cleaned


def _is_hidden(character: str) -> bool:
    """Whether a character of a name is invisible or changes the direction of what stands beside it."""
    is_joiner = character in "\u200c\u200d"  # part of how Persian words and emoji are written
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn") and not is_joiner and character != "\t"


def _extension(name: str) -> str:
    return PurePosixPath(display_name(name)).suffix.lower()


def _refuse_foreign(extension: str, head: bytes) -> None:
    """Raises UnsupportedFile for a file whose first bytes are those of a format that is not read."""
    for magic, description in _FOREIGN:
        if head.startswith(magic):
            raise _unsupported(extension, f"The file is {description}")
    if head.startswith(b"RIFF") or head[4:8] == b"ftyp":
        raise _unsupported(extension, "The file is sound, video or an image")


def _image_type(head: bytes) -> str | None:
    """The type of an image that can be looked at; None for anything else."""
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return WEBP
    return next((media_type for start, media_type in _IMAGE_STARTS if head.startswith(start)), None)


def _binary_type(extension: str, head: bytes) -> str | None:
    """The type of a PDF, Office file or electronic book; None for what may be text."""
    # Some writers put bytes before the header; the PDF specification lets readers look at the first 1,024.
    if head.lstrip().startswith(b"%PDF-") or (extension == ".pdf" and b"%PDF-" in head[:1024]):
        return PDF
    if head.startswith(_OLE):
        if _BY_EXTENSION.get(extension) in _OFFICE_FOLDERS.values():
            return _BY_EXTENSION[extension]  # most likely encrypted: the archive check tells with the whole file
        raise _unsupported(extension, "The file is in an old binary Office format")
    if not head.startswith(_ZIP):
        return None
    if _EPUB_MEMBER in head[:_FIRST_MEMBER_WITHIN]:
        return EPUB
    if _BY_EXTENSION.get(extension) in _ARCHIVED:
        return _BY_EXTENSION[extension]  # the archive check looks for its main part
    if extension not in _SAVE_AS:
        for folder, media_type in _OFFICE_FOLDERS.items():
            if folder in head and b"[Content_Types].xml" in head:
                return media_type
    is_open_document = _OPEN_DOCUMENT_MEMBER in head[:_FIRST_MEMBER_WITHIN]
    raise _unsupported(extension, f"The file is {'an OpenDocument file' if is_open_document else 'an archive'}")


def _text_type(expected: str | None, head: bytes) -> str:
    """The type of a file that is text; raises UnsupportedFile for one that is not."""
    if not _is_text(head):
        raise _unsupported("", "The file is neither text nor in a known document format")
    if expected in _NAMED_TEXTS:
        return expected
    return HTML if _HTML_START.match(head.removeprefix(codecs.BOM_UTF8)) else PLAIN_TEXT


def _is_text(head: bytes) -> bool:
    """Whether the bytes are text in some encoding: few control characters, NULs only as UTF-16 has them."""
    if head.startswith(_BYTE_ORDER_MARKS):
        return True
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) > 0.1 * len(head) and min(even, odd) < 0.1 * max(even, odd):
        head = head.replace(b"\0", b"")
    return len(_CONTROL.findall(head)) <= _MOST_CONTROL_BYTES * len(head)


def _describe(media_type: str) -> str:
    """A media type in the words of the person who reads the message."""
    return {
        PDF: "a PDF",
        DOCX: "a Word document",
        PPTX: "a PowerPoint presentation",
        XLSX: "an Excel workbook",
        HTML: "an HTML page",
        EPUB: "an electronic book (EPUB)",
        PNG: "a PNG image",
        JPEG: "a JPEG image",
        TIFF: "a TIFF image",
        WEBP: "a WebP image",
    }.get(media_type, "text")


def _unsupported(extension: str, problem: str, advice: str = "") -> UnsupportedFile:
    """The error for a file that no parser reads: what it is, what to do, what is read."""
    if extension in _SAVE_AS:
        advice = f"Save it as {_SAVE_AS[extension]} and upload that."
    supported = ", ".join(
        extension
        for media_type, extensions in SUPPORTED.items()
        for extension in extensions
        if media_type not in IMAGES or has_ocr()
    )
    named = f", though it is named {extension}" if extension in _BY_EXTENSION else ""
    return UnsupportedFile(" ".join(filter(None, (f"{problem}{named}.", advice, f"Supported: {supported}."))))
