"""Looks at the directory of a ZIP-based file, Office or EPUB, before any parser inflates it."""

import mmap
import stat
import zipfile
from pathlib import Path, PurePosixPath

from ingest.parsing.detect import DOCX, EPUB, PPTX, XLSX
from retrieval.errors import DocumentRejected, UnsupportedFile

MAX_MEMBERS = 5_000
MAX_INFLATED = 500 * 1024 * 1024  # bytes, all members together, as declared
MAX_RATIO = 100  # inflated to compressed, over all members above RATIO_FROM; large sheets reach some 30
RATIO_FROM = 8 * 1024 * 1024  # bytes; smaller ones harm nobody, and blank preview pictures of 1.5 MB reach 170

_MAIN_PARTS = {
    DOCX: "word/document.xml",
    PPTX: "ppt/presentation.xml",
    XLSX: "xl/workbook.xml",
    EPUB: "META-INF/container.xml",
}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
_ENCRYPTED_FLAG = 0x1
_ARCHIVES = (".zip", ".7z", ".rar", ".gz", ".bz2", ".xz", ".tar", ".jar")
_LOCAL_HEADER = 30  # bytes before the name of a member; the name and the data follow


def check_archive(path: Path, media_type: str) -> None:
    """Passes an Office file or book whose directory is sound; its declared sizes may still lie, so memory limits stay.

    Raises DocumentRejected (`encrypted`, `damaged`, `archive_bomb`, `archive_unsafe`), or UnsupportedFile for an old
    binary file under a new name.
    """
    with path.open("rb") as file:
        if file.read(len(_OLE)) == _OLE:
            raise _ole_rejection(path)
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise DocumentRejected(
            "damaged", "The file is damaged or incomplete. Open it in the program that wrote it and save it again."
        ) from error
    _check_sizes(members)
    for member in members:
        _check_member(member)
    _check_overlap(members)
    if _main_part(members) != media_type:
        raise DocumentRejected(
            "damaged",
            f"The file has no {_MAIN_PARTS[media_type]}, the main part of its format. "
            "Open it in the program that wrote it and save it again.",
        )


def _ole_rejection(path: Path) -> DocumentRejected | UnsupportedFile:
    """The reason to refuse a file in the container of old Office files, which encrypted new ones use too."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if content.find(_ENCRYPTED_STREAM) >= 0:
            return DocumentRejected("encrypted", "The file is encrypted: remove the password and upload it again.")
    return UnsupportedFile(
        "The file is in an old binary Office format under a new name. Save it as .docx, .pptx or .xlsx and upload that."
    )


def _check_sizes(members: list[zipfile.ZipInfo]) -> None:
    """Raises DocumentRejected for more members, bytes or compression than a document has."""
    inflated = sum(member.file_size for member in members)
    if len(members) > MAX_MEMBERS or inflated > MAX_INFLATED:
        raise DocumentRejected(
            "archive_bomb",
            f"The file unpacks to {len(members):,} parts and {inflated // 2**20:,} MB; at most {MAX_MEMBERS:,} parts "
            f"and {MAX_INFLATED // 2**20:,} MB are read. Split it or remove embedded media.",
        )
    large = [member for member in members if member.file_size > RATIO_FROM]
    compressed = sum(member.compress_size for member in large)
    if large and sum(member.file_size for member in large) > MAX_RATIO * compressed:
        raise DocumentRejected(
            "archive_bomb",
            f"The file unpacks to more than {MAX_RATIO} times its size, as no ordinary document does. "
            "Remove repeated or empty content and upload it again.",
        )


def _check_member(member: zipfile.ZipInfo) -> None:
    """Raises DocumentRejected for a member that a document never holds."""
    name = PurePosixPath(member.filename.replace("\\", "/"))
    if member.flag_bits & _ENCRYPTED_FLAG:
        raise DocumentRejected("encrypted", "The file is encrypted: remove the password and upload it again.")
    if name.is_absolute() or ".." in name.parts:
        raise DocumentRejected("archive_unsafe", "The file holds parts that point outside of it. It is not read.")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise DocumentRejected("archive_unsafe", "The file holds symbolic links. It is not read.")
    if name.suffix.lower() in _ARCHIVES:
        raise DocumentRejected(
            "archive_unsafe", "The file holds an archive. Remove it, or upload what is in it by itself."
        )


def _check_overlap(members: list[zipfile.ZipInfo]) -> None:
    """Raises DocumentRejected where members share bytes, as in bombs that inflate the same data many times."""
    end = 0
    for member in sorted(members, key=lambda member: member.header_offset):
        if member.header_offset < end:
            raise DocumentRejected("archive_bomb", "The parts of the file overlap. It is damaged or made to do harm.")
        name_size = len(member.orig_filename.encode("utf-8" if member.flag_bits & 0x800 else "cp437", "replace"))
        end = member.header_offset + _LOCAL_HEADER + name_size + member.compress_size


def _main_part(members: list[zipfile.ZipInfo]) -> str | None:
    """The media type whose main part is among the members."""
    names = {member.filename for member in members}
    return next((media_type for media_type, part in _MAIN_PARTS.items() if part in names), None)
