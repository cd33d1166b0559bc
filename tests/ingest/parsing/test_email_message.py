import tempfile
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parsing.detect import EMAIL
from ingest.parsing.parsers import parse
from ingest.parsing.types import ParsedDocument
from tests.ingest.parsing.soundness import assert_sound, contents, outline, rejection_code


def _parsed(content: bytes) -> ParsedDocument:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.eml"
        path.write_bytes(content)
        document = parse(path, EMAIL)
    assert_sound(document)
    return document


def _message(text: str = "Hello Bo,\n\nthe boat is ready.\n") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Ada <ada@example.org>"
    message["To"] = "bo@example.org"
    message["Date"] = "Mon, 02 Nov 2026 10:00:00 +0100"
    message["Subject"] = "The boat – 船"
    message.set_content(text)
    return message


def test_a_message_is_its_subject_its_people_and_its_paragraphs() -> None:
    document = _parsed(_message().as_bytes())

    assert document.title == "The boat – 船"
    assert outline(document) == [(1, "The boat – 船")]
    assert contents(document, "paragraph") == [
        "From: Ada <ada@example.org>\nTo: bo@example.org\nDate: Mon, 02 Nov 2026 10:00:00 +0100",
        "Hello Bo,",
        "the boat is ready.",
    ]


def test_html_is_read_where_there_is_no_plain_text() -> None:
    message = _message()
    message.set_content("<p>One</p><table><tr><th>a<th>b<tr><td>1<td>2</table>", subtype="html")
    document = _parsed(message.as_bytes())

    assert contents(document, "table") == ["a | b\n1 | 2"]


def test_of_two_versions_the_plain_one_is_read_unless_it_is_a_stub() -> None:
    full = _message("The whole story, told in plain words.")
    full.add_alternative("<p>The whole story, told in rich words.</p>", subtype="html")
    stub = _message("See HTML.")
    stub.add_alternative(f"<p>{'The whole story. ' * 20}</p>", subtype="html")

    assert contents(_parsed(full.as_bytes()), "paragraph")[1:] == ["The whole story, told in plain words."]
    assert contents(_parsed(stub.as_bytes()), "paragraph")[1].startswith("The whole story.")


def test_attachments_are_named_and_not_read() -> None:
    message = _message()
    message.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="Plan für Bo.pdf")
    message.add_attachment("notes to keep", filename="notes.txt")
    message.add_attachment(_message("inner words"))
    document = _parsed(message.as_bytes())

    assert document.warnings == (
        "Attachments are not read; upload them by themselves: Plan für Bo.pdf, notes.txt, the message “The boat – 船”.",
    )
    assert "keep" not in document.text
    assert "inner" not in document.text


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "iso-2022-jp"])
def test_the_stated_encoding_is_used(encoding: str) -> None:
    words = "会议定于星期三上午九点" if encoding != "iso-2022-jp" else "会議は水曜日です"
    header = f"From: a@b.c\nContent-Type: text/plain; charset={encoding}\nContent-Transfer-Encoding: 8bit\n\n"

    assert contents(_parsed(header.encode() + words.encode(encoding)), "paragraph")[1] == words


@pytest.mark.parametrize("charset", ["no-such-encoding", "utf-16-le-be", "", "idna", "base64", "\x00"])
def test_an_encoding_that_is_none_is_guessed(charset: str) -> None:
    content = f"From: a@b.c\nContent-Type: text/plain; charset={charset}\n\nPlain words.\n"

    assert contents(_parsed(content.encode()), "paragraph")[1] == "Plain words."


def test_raw_bytes_in_headers_are_decoded() -> None:
    assert _parsed("From: a@b.c\nSubject: Größe\n\nx\n".encode()).title == "Größe"
    assert _parsed(b"From: a@b.c\nSubject: =?utf-8?q?Gr=C3=B6=C3=9Fe?= =?utf-8?b?IDI=?=\n\nx\n").title == "Größe 2"


@pytest.mark.parametrize("content", [b"just text", b"\x00\x01\x02" * 50, b"no: known\n\nheaders"])
def test_what_is_no_message_is_rejected_as_damaged(content: bytes) -> None:
    assert rejection_code(lambda: _parsed(content)) == "damaged"


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_truncated_message_is_read_as_far_as_it_goes(share: float) -> None:
    message = _message("All the words that were sent. " * 20)
    message.add_attachment(bytes(3_000), maintype="image", subtype="png", filename="a.png")
    content = message.as_bytes()

    assert "boat" in _parsed(content[: int(share * len(content))]).text


def test_parts_within_parts_without_end_are_a_reason_to_reject_and_no_crash() -> None:
    content = b"From: a@b.c\n"
    for depth in range(3_000):
        content += b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (depth, depth)

    assert rejection_code(lambda: _parsed(content)) in ("", "damaged", "no_text")


@given(
    st.binary(max_size=300),
    st.sampled_from(["text/plain", "text/html", "multipart/mixed; boundary=x", "message/rfc822"]),
)
def test_any_body_is_a_sound_document(content: bytes, kind: str) -> None:
    assert rejection_code(lambda: _parsed(f"Subject: s\nContent-Type: {kind}\n\n".encode() + content)) == ""


@given(st.binary(max_size=300))
def test_any_headers_are_a_sound_document_or_rejected(content: bytes) -> None:
    assert rejection_code(lambda: _parsed(b"Subject: " + content)) in ("", "no_text", "damaged")
