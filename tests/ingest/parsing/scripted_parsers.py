"""Parsers that misbehave in one way each, for the tests of the sandbox; the media type says how."""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.parsers import Parser
from ingest.parsing.pdf_blocks import PageContent, add_pages
from ingest.parsing.sandbox_result import result_path
from ingest.parsing.scans import PagePicture, read_scans
from ingest.parsing.types import Block, ParsedDocument
from retrieval.errors import DocumentRejected, UnsupportedFile
from tests.ingest.parsing.scripted_recogniser import ScriptedRecogniser, page_of


def _document(text: str) -> ParsedDocument:
    builder = DocumentBuilder()
    builder.page(1)
    builder.heading(1, "Heading")
    builder.paragraph(text)
    builder.warn("a warning")
    return builder.build(title="Title")


def _echo(path: Path) -> ParsedDocument:
    return _document(path.read_text())


def _where(path: Path) -> ParsedDocument:
    return _document(f"{Path.cwd()}\n{sorted(os.environ)}\n{os.environ['TMPDIR']}")


def _note_processes(path: Path) -> ParsedDocument:
    """Writes down its own and the server's process id and its folder, then sleeps."""
    path.write_text(f"{os.getpid()} {os.getppid()} {Path.cwd()}")
    time.sleep(600)
    return _document("woke up")


def _spin(path: Path) -> ParsedDocument:
    while True:
        pass


def _sleep(path: Path) -> ParsedDocument:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)
    return _document("woke up")


def _hog(path: Path) -> ParsedDocument:
    held = []
    while True:  # nothing is written there: on a slow machine touching half a GB takes longer than the time limit
        held.append(np.empty(10 * 2**20, dtype=np.uint8))


def _native_hog(path: Path) -> ParsedDocument:
    os.write(2, b"memory allocation of 99999999999 bytes failed\n")
    os.abort()


def _segfault(path: Path) -> ParsedDocument:
    ctypes.string_at(0)
    return _document("survived")


def _leave(path: Path) -> ParsedDocument:
    os._exit(0)


def _forge(path: Path) -> ParsedDocument:
    """Prints what looks like an answer of the server, then takes its time."""
    print('{"outcome": "finished"}', flush=True)
    sys.__stdout__.write('{"outcome": "finished"}\n') if sys.__stdout__ else None
    time.sleep(0.2)
    return _document("genuine")


def _write_much(path: Path) -> ParsedDocument:
    Path("much").write_bytes(bytes(100 * 2**20))
    return _document("wrote it")


def _open_much(path: Path) -> ParsedDocument:
    held = [path.open() for _ in range(1_000)]
    return _document(str(len(held)))


def _write_junk(path: Path) -> ParsedDocument:
    result_path(Path(), 0).write_text('{"text": "x", "blocks": [["paragraph", 5, 9, null, 0, 0]]')
    os._exit(0)


def _wrong_blocks(path: Path) -> ParsedDocument:
    return ParsedDocument("short", (Block("paragraph", 0, 500, None, ()),))


def _kill_server(path: Path) -> ParsedDocument:
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(600)
    return _document("woke up")


def _reject(path: Path) -> ParsedDocument:
    raise DocumentRejected("no_text", "Nothing here.")


def _refuse(path: Path) -> ParsedDocument:
    raise UnsupportedFile("Not read.")


def _known_damage(path: Path) -> ParsedDocument:
    raise KeyError(f"no relationship in {path}")


def _unforeseen_damage(path: Path) -> ParsedDocument:
    raise ZeroDivisionError("inside a library")


def _recurse(path: Path) -> ParsedDocument:
    return _recurse(path)


def _read_pages_slowly(path: Path) -> ParsedDocument:
    """Forty pages that take a quarter of a second each to recognise."""
    recogniser = ScriptedRecogniser([page_of(f"page {number}") for number in range(1, 41)], lambda: time.sleep(0.25))
    picture = PagePicture(Image.new("L", (100, 100)), 1.0)
    scans = read_scans(range(1, 41), lambda number: picture, recogniser)
    builder = DocumentBuilder()
    add_pages(builder, [PageContent(scans.lines.get(number, ())) for number in range(1, 41)])
    for warning in scans.warnings(40):
        builder.warn(warning)
    return builder.build()


_READERS: dict[str, Callable[[Path], ParsedDocument]] = {
    "echo": _echo,
    "where": _where,
    "note_processes": _note_processes,
    "spin": _spin,
    "sleep": _sleep,
    "hog": _hog,
    "native_hog": _native_hog,
    "segfault": _segfault,
    "leave": _leave,
    "forge": _forge,
    "write_much": _write_much,
    "open_much": _open_much,
    "write_junk": _write_junk,
    "wrong_blocks": _wrong_blocks,
    "kill_server": _kill_server,
    "reject": _reject,
    "refuse": _refuse,
    "known_damage": _known_damage,
    "unforeseen_damage": _unforeseen_damage,
    "recurse": _recurse,
    "read_pages_slowly": _read_pages_slowly,
}

PARSERS: dict[str, Parser] = {name: Parser("scripted file", read, (KeyError,)) for name, read in _READERS.items()}
