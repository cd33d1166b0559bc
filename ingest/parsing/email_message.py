"""E-mail: the subject as title, who wrote to whom and when, and the body; attachments are named, not read."""

from collections.abc import Iterator
from email.errors import HeaderParseError, MessageError
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from pathlib import Path

from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.encoding import decode
from ingest.parsing.html import add_html
from ingest.parsing.listing import listed
from ingest.parsing.plain_text import paragraphs
from ingest.parsing.types import ParsedDocument
from retrieval.errors import DocumentRejected

DAMAGED: tuple[type[Exception], ...] = (MessageError,)

_SHOWN = ("From", "To", "Cc", "Date")
_KNOWN = (*_SHOWN, "Subject", "Message-ID", "Received", "Return-Path", "MIME-Version")
_MAX_HEADER = 2_000  # characters; thousands of recipients say nothing about the content
_LISTED_ATTACHMENTS = 20
_STUB = 0.3  # of the text of the HTML version: a shorter plain one only says that there is the other


def parse(path: Path) -> ParsedDocument:
    """The message of an .eml file; raises DocumentRejected where it is no message or holds no text."""
    # The older policy: the newer one raises whatever its header parser stumbles over.
    message = BytesParser(policy=compat32).parsebytes(path.read_bytes())
    if not any(name in message for name in _KNOWN):
        raise DocumentRejected(
            "damaged", "The file is no e-mail: it begins with none of the headers that each one has."
        )
    builder = DocumentBuilder()
    subject = _header(message, "Subject")
    builder.heading(1, subject)
    builder.paragraph("\n".join(f"{name}: {value}" for name in _SHOWN if (value := _header(message, name))))
    attachments: list[str] = []
    for part in _body(message, attachments):
        _add_text(builder, part)
    if attachments:
        names = listed(attachments, _LISTED_ATTACHMENTS)
        builder.warn(f"Attachments are not read; upload them by themselves: {names}.")
    return builder.build(title=subject)


def _header(message: "Message[str, str]", name: str) -> str:
    """A header as its sender wrote it, encoded words and stray bytes decoded; empty where there is none."""
    raw = next((value for key, value in message.raw_items() if key.lower() == name.lower()), "")
    return _unencoded(decode(raw.encode("ascii", "surrogateescape")) if not raw.isascii() else raw)[:_MAX_HEADER]


def _unencoded(text: str) -> str:
    """A header's text on one line, its encoded words (RFC 2047) decoded."""
    line = " ".join(text.split())
    if "=?" not in line:
        return line
    try:
        pieces = decode_header(line)
    except HeaderParseError:
        return line
    return "".join(piece if isinstance(piece, str) else _decode(piece, charset) for piece, charset in pieces).strip()


def _body(part: "Message[str, str]", attachments: list[str]) -> "Iterator[Message[str, str]]":
    """The parts that are shown as the message; adds the names of all others to `attachments`."""
    kind = part.get_content_type()
    if kind == "multipart/alternative" and part.is_multipart():
        versions = [shown for inner in _parts(part) for shown in _body(inner, attachments)]
        yield from _best_version(versions)
    elif part.is_multipart() and part.get_content_maintype() == "multipart":
        for inner in _parts(part):
            yield from _body(inner, attachments)
    elif (
        kind in ("text/plain", "text/html") and not _file_name(part) and part.get_content_disposition() != "attachment"
    ):
        yield part
    elif not _is_shown_in_html(part):
        attachments.append(_attachment_name(part))


def _parts(part: "Message[str, str]") -> "list[Message[str, str]]":
    """The parts of a multipart message."""
    payload = part.get_payload()
    return [inner for inner in payload if isinstance(inner, Message)] if isinstance(payload, list) else []


def _best_version(versions: "list[Message[str, str]]") -> "list[Message[str, str]]":
    """The plain versions of a text that is sent in two; the HTML ones where the plain ones are but a stub."""
    plain = [part for part in versions if part.get_content_type() == "text/plain"]
    rich = [part for part in versions if part.get_content_type() == "text/html"]
    if not plain or not rich:
        return plain or rich
    shown = DocumentBuilder()
    for part in rich:
        _add_text(shown, part)
    length = sum(len(_text(part).strip()) for part in plain)
    return rich if length < _STUB * shown.length else plain


def _add_text(builder: DocumentBuilder, part: "Message[str, str]") -> None:
    """Adds the blocks of a text part."""
    text = _text(part)
    if part.get_content_type() == "text/html":
        add_html(builder, text)
    else:
        for paragraph in paragraphs(text.splitlines(keepends=True)):
            builder.paragraph(paragraph)


def _text(part: "Message[str, str]") -> str:
    """The text of a part, in the encoding that it states where that is one."""
    content = part.get_payload(decode=True)
    return _decode(content, part.get_param("charset")) if isinstance(content, bytes) else ""


def _decode(content: bytes, charset: object) -> str:
    """Bytes as text: in the named encoding where there is one that fits, else in the likeliest."""
    try:
        return content.decode(str(charset)) if charset else decode(content)
    except (LookupError, ValueError):
        return decode(content)


def _is_shown_in_html(part: "Message[str, str]") -> bool:
    """Whether the part is a picture within the HTML text."""
    return part.get_content_maintype() == "image" and "Content-ID" in part


def _attachment_name(part: "Message[str, str]") -> str:
    """The name of an attached file, else what it is; the subject of an attached message."""
    if part.get_content_type() == "message/rfc822" and not _file_name(part):
        inner = next(iter(_parts(part)), None)
        return f"the message “{_header(inner, 'Subject')}”" if inner is not None else "a message"
    return _file_name(part) or part.get_content_type()


def _file_name(part: "Message[str, str]") -> str:
    """The file name that a part states; empty where it has none."""
    for header, parameter in (("Content-Disposition", "filename"), ("Content-Type", "name")):
        value = part.get_param(parameter, header=header)
        if isinstance(value, tuple):
            charset, _, encoded = value
            return " ".join(_decode(encoded.encode("latin-1", "replace"), charset).split())
        if value:
            return _unencoded(value)
    return ""
