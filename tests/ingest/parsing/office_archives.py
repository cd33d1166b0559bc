"""Makes ZIP files that look like Office files, sound ones and others."""

import zipfile
from pathlib import Path

WORD_MAIN_PART = "word/document.xml"


def write_archive(path: Path, parts: dict[str, bytes]) -> Path:
    """A ZIP file with a content types part and the given ones."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def write_zip_bomb(path: Path) -> Path:
    """A Word file of 20 KB whose main part inflates to 20 MB of nothing."""
    return write_archive(path, {WORD_MAIN_PART: bytes(20 * 2**20)})


def write_encrypted(path: Path) -> Path:
    """What Office writes for a file with a password: an OLE container with a stream called EncryptedPackage."""
    ole_header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1016)
    path.write_bytes(ole_header + "EncryptionInfo".encode("utf-16-le") + "EncryptedPackage".encode("utf-16-le"))
    return path
