"""The process that parses: warm and without threads, it forks a child under limits for each request.

    python -m ingest.parsing.sandbox_server [--parsers MODULE:NAME]

It says `ready`, then reads one JSON line a request and writes one JSON line an outcome, and ends with its input. The
child leaves each document, or the reason to reject it, in a file in the folder that the request names.
"""

import argparse
import gc
import importlib
import json
import os
import select
import shutil
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NoReturn

from ingest.parsing.deadline import set_deadline
from ingest.parsing.parsers import Parser, parse
from ingest.parsing.sandbox_limits import SandboxLimits, keep_to_folder
from ingest.parsing.sandbox_result import result_path, write_document, write_rejection
from ingest.tables.extract import with_tables
from retrieval.errors import DocumentRejected
from retrieval.process_limits import die_with_parent

Outcome = Literal["ready", "finished", "time_limit", "memory_limit", "crashed"]

_DEFAULT_PARSERS = "ingest.parsing.parsers:PARSERS"
_INPUT, _OUTPUT, _ERRORS = 0, 1, 2
_ORPHAN_CHECK = 2.0  # seconds between two looks at whether the worker still lives
_READ_SIZE = 64 * 1024
_COMPLAINTS = "stderr.txt"
# How the libraries' run-time systems (Rust, C++, glib) say that memory ran out before they abort.
_OUT_OF_MEMORY = (b"memory allocation of", b"bad_alloc", b"out of memory", b"Out of memory", b"MemoryError")


@dataclass(frozen=True, slots=True)
class Request:
    """Files to parse in one child."""

    files: tuple[tuple[Path, str], ...]  # (path, media type)
    folder: Path  # private to the request; the results go here
    limits: SandboxLimits

    @classmethod
    def from_json(cls, line: bytes) -> "Request":
        """The request in a line of standard input."""
        fields: dict[str, Any] = json.loads(line)
        limits = SandboxLimits(**fields["limits"])
        files = tuple((Path(path), media_type) for path, media_type in fields["files"])
        return cls(files, Path(fields["folder"]), limits)


def main() -> None:
    """Serves requests until standard input ends or the process that started this one does."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--parsers", default=_DEFAULT_PARSERS, help="module and name of a dict of parsers")
    module, _, name = arguments.parse_args().parsers.partition(":")
    parsers: Mapping[str, Parser] = getattr(importlib.import_module(module), name)
    gc.collect()
    gc.freeze()  # the children share these pages for as long as no collection touches them
    worker = os.getppid()
    answers = os.dup(_OUTPUT)
    _silence(_OUTPUT)  # what a library prints must not pass for an answer
    _answer(answers, "ready")
    for line in _requests(worker):
        _answer(answers, _serve(Request.from_json(line), parsers, worker))


def _requests(worker: int) -> Iterator[bytes]:
    """The lines of standard input until it ends or the worker is gone."""
    pending = b""
    while True:
        while b"\n" not in pending:
            is_readable, _, _ = select.select([_INPUT], [], [], _ORPHAN_CHECK)
            piece = os.read(_INPUT, _READ_SIZE) if is_readable else None
            # Standard input does not end with the worker where another process has inherited its other end.
            if piece == b"" or os.getppid() != worker:
                return
            pending += piece or b""
        line, _, pending = pending.partition(b"\n")
        yield line


def _answer(answers: int, outcome: Outcome) -> None:
    os.write(answers, json.dumps({"outcome": outcome}).encode() + b"\n")


def _serve(request: Request, parsers: Mapping[str, Parser], worker: int) -> Outcome:
    """Parses a request's files in a child and says how that ended; ends with it where the worker goes away."""
    server = os.getpid()
    child = os.fork()
    if child == 0:
        _run_child(request, parsers, server)
    descriptor = os.pidfd_open(child)
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    poll.register(_INPUT, 0)  # only its end is of interest; the worker sends nothing before it has its answer
    deadline = time.monotonic() + request.limits.seconds
    try:
        while (left := deadline - time.monotonic()) > 0:
            events = dict(poll.poll(1000 * min(left, _ORPHAN_CHECK)))
            if descriptor in events:
                return _outcome(os.waitpid(child, 0)[1], request.folder)
            if _INPUT in events or os.getppid() != worker:
                _kill(child)
                shutil.rmtree(request.folder, ignore_errors=True)
                os._exit(0)
        _kill(child)
        os.waitpid(child, 0)
        return "time_limit"
    finally:
        os.close(descriptor)
        _kill(child)  # the rest of its process group


def _outcome(status: int, folder: Path) -> Outcome:
    """What the wait status of a child means."""
    if os.waitstatus_to_exitcode(status) == 0:
        return "finished"
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU:
        return "time_limit"
    complaints = (folder / _COMPLAINTS).read_bytes() if (folder / _COMPLAINTS).exists() else b""
    return "memory_limit" if any(words in complaints for words in _OUT_OF_MEMORY) else "crashed"


def _kill(child: int) -> None:
    """Ends the process group that the child leads."""
    try:
        os.killpg(child, signal.SIGKILL)
    except ProcessLookupError:
        return


def _run_child(request: Request, parsers: Mapping[str, Parser], server: int) -> NoReturn:
    """Parses under limits and ends the process; never returns into the server's loop."""
    try:
        os.setsid()
        die_with_parent(server)
        _silence(_INPUT)
        complaints = os.open(request.folder / _COMPLAINTS, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        os.dup2(complaints, _ERRORS)
        keep_to_folder(request.folder)
        request.limits.apply()
        set_deadline(request.limits.seconds)
        for number, (path, media_type) in enumerate(request.files):
            _parse(path, media_type, result_path(request.folder, number), parsers)
    except MemoryError:
        os.write(_ERRORS, _OUT_OF_MEMORY[-1])
        os._exit(1)
    except BaseException as error:  # the edge of the process: whatever happens, it must end here
        os.write(_ERRORS, repr(error).encode("utf-8", "replace")[:_READ_SIZE])
        os._exit(1)
    os._exit(0)


def _parse(path: Path, media_type: str, result: Path, parsers: Mapping[str, Parser]) -> None:
    """Writes the document of a file, or the reason why there is none."""
    try:
        document = with_tables(parse(path, media_type, parsers))
    except DocumentRejected as error:
        write_rejection(result, error)
        return
    except MemoryError:
        raise
    except Exception as error:  # libraries meet damaged files in ways that they do not foresee either
        reason = f"The file is damaged or uses what cannot be read ({type(error).__name__})."
        write_rejection(result, DocumentRejected("damaged", reason))
        return
    write_document(result, document)


def _silence(descriptor: int) -> None:
    """Points a standard stream nowhere."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


if __name__ == "__main__":
    with suppress(BrokenPipeError):  # whoever asked is gone: nothing is left to be said to anybody
        main()
