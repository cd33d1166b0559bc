"""Parses files in processes that a hostile or damaged file may crash, fill or hang without harm to the worker."""

import hashlib
import json
import os
import queue
import select
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType

from ingest.parsing.detect import IMAGES, PDF
from ingest.parsing.extras import has_ocr
from ingest.parsing.sandbox_limits import SandboxLimits
from ingest.parsing.sandbox_result import read_result, result_path, rows_path
from ingest.parsing.types import ParsedDocument
from ingest.parsing.version import parser_version
from retrieval.errors import DocumentRejected, Overloaded

_SERVER = "ingest.parsing.sandbox_server"
_IMPORT_ROOT = Path(__file__).parents[2]  # the folder that holds the package, wherever it is installed
_START_SECONDS = 60.0  # for loading the libraries on a busy machine; they take half a second on an idle one
_GRACE_SECONDS = 15.0  # beyond the deadline, after which the server itself is taken to hang
_CLOSE_SECONDS = 0.2  # between two looks at whether the sandbox is being closed
_LARGE = 1024 * 1024  # bytes; smaller files are read in seconds
_ATTEMPTS = 2  # a server that somebody killed is started anew once for the file at hand


class ParserSandbox:
    """Parses files in child processes under limits; safe to use from several threads.

    Keeps `size` warm server processes, so as many files are parsed at once, and one more that large files, and those
    whose text may have to be recognised, leave free: a note does not wait for a book. A further caller waits. A server
    that has died is started anew. Close it, or use it as a context manager, to end the servers. Its `version` changes
    with the code of the parsers and with the limits: the same bytes read under the same version give the same result,
    but for pages that time ran out on.
    """

    def __init__(
        self,
        size: int = 2,
        limits: SandboxLimits | None = None,
        parsers: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`parsers` names another dict of parsers as `module:name`, `environment` what their libraries read there."""
        self._limits = limits or SandboxLimits()
        made_by = [parser_version(), parsers, dict(environment or {}), asdict(self._limits)]
        self.version = hashlib.sha256(json.dumps(made_by).encode()).hexdigest()
        self._closed = threading.Event()
        self._servers = [_Server(parsers, environment or {}) for _ in range(size + 1)]
        self._large = threading.Semaphore(size)
        self._idle: queue.LifoQueue[_Server] = queue.LifoQueue()
        for server in self._servers:
            self._idle.put(server)

    def parse(self, path: Path, media_type: str) -> ParsedDocument:
        """The text and blocks of a file; raises what `parse_all` would give or raise."""
        (outcome,) = self.parse_all([(path, media_type)])
        if isinstance(outcome, DocumentRejected):
            raise outcome
        return outcome

    def parse_all(self, files: Sequence[tuple[Path, str]]) -> Sequence[ParsedDocument | DocumentRejected]:
        """The text and blocks of files, given as (path, media type), parsed one after the other in one process.

        A file that cannot be a document is answered by UnsupportedFile, or by DocumentRejected with the parser's reason
        or one of the codes `time_limit`, `memory_limit` and `crashed`; where a file brings the process down, each gets
        a process of its own. Raises Overloaded when the sandbox is being closed; FileNotFoundError; and RuntimeError
        when no server starts, which is a fault of the installation and not of the files.
        """
        files = [(path.resolve(strict=True), media_type) for path, media_type in files]
        takes_long = sum(path.stat().st_size for path, _ in files) > _LARGE or any(map(_may_be_scanned, files))
        with self._server(takes_long) as server, tempfile.TemporaryDirectory(prefix="scholiast-parse-") as folder:
            outcome = self._ask(server, files, Path(folder))
            if outcome == "finished":
                return [self._result(result_path(Path(folder), number)) for number in range(len(files))]
        if len(files) == 1:
            return [self._rejection(outcome)]
        return [result for file in files for result in self.parse_all([file])]

    def close(self) -> None:
        """Ends the servers, with whatever they are parsing; their callers get Overloaded."""
        if self._closed.is_set():
            return
        self._closed.set()
        waiting = len(self._servers)
        while waiting:
            for server in self._servers:
                server.kill()
            with suppress(queue.Empty):  # a caller has not noticed yet, or has just started a server anew
                self._idle.get(timeout=_CLOSE_SECONDS).stop()
                waiting -= 1

    def __enter__(self) -> "ParserSandbox":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _server(self, takes_long: bool) -> Iterator["_Server"]:
        """A server for the caller alone."""
        while takes_long and not self._large.acquire(timeout=_CLOSE_SECONDS):
            self._raise_if_closed()
        try:
            server = self._next_idle()
            try:
                yield server
            finally:
                self._idle.put(server)
        finally:
            if takes_long:
                self._large.release()

    def _next_idle(self) -> "_Server":
        while True:
            self._raise_if_closed()
            with suppress(queue.Empty):
                return self._idle.get(timeout=_CLOSE_SECONDS)

    def _raise_if_closed(self) -> None:
        if self._closed.is_set():
            raise Overloaded("The ingest worker is stopping. Try again when it is back.", retry_after=5)

    def _ask(self, server: "_Server", files: Sequence[tuple[Path, str]], folder: Path) -> str:
        """How parsing the files ended; `crashed` where the server was lost with them twice."""
        request = {
            "files": [(str(path), media_type) for path, media_type in files],
            "folder": str(folder),
            "limits": asdict(self._limits),
        }
        for _ in range(_ATTEMPTS):
            try:
                server.ensure_running()
                return server.ask(request, self._limits.seconds + _GRACE_SECONDS)
            except (ConnectionError, TimeoutError):
                server.stop()
            except RuntimeError:
                if not self._closed.is_set():
                    raise
            self._raise_if_closed()
        return "crashed"

    def _result(self, path: Path) -> ParsedDocument | DocumentRejected:
        """What the child has written; `crashed` for a result that it cannot have meant."""
        try:
            if any(part.stat().st_size > self._limits.result for part in (path, rows_path(path)) if part.exists()):
                return DocumentRejected("too_much_text", "The file holds more text than can be stored. Split it.")
            return read_result(path)
        except DocumentRejected as rejection:
            return rejection
        except (OSError, ValueError):
            return self._rejection("crashed")

    def _rejection(self, outcome: str) -> DocumentRejected:
        """The reason behind an outcome that left no result."""
        match outcome:
            case "time_limit":
                detail = (
                    f"Reading the file took more than {self._limits.seconds:g} seconds. Split it or simplify it, or "
                    "raise SCHOLIAST_PARSE_SECONDS."
                )
            case "memory_limit":
                megabytes = self._limits.memory // 2**20
                detail = (
                    f"Reading the file took more than {megabytes:,} MB of memory. Split it or remove its pictures, or "
                    "raise SCHOLIAST_PARSE_MEMORY_MIB."
                )
            case _:
                outcome = "crashed"
                detail = (
                    "The parser crashed on the file, which is probably damaged. "
                    "Open it in the program that wrote it and save it again."
                )
        return DocumentRejected(outcome, detail)


def _may_be_scanned(file: tuple[Path, str]) -> bool:
    """Whether the text of a file may have to be recognised, which takes seconds a page however small the file is."""
    _, media_type = file
    return has_ocr() and (media_type == PDF or media_type in IMAGES)


class _Server:
    """One server process, started when needed and again when it has died."""

    def __init__(self, parsers: str | None, environment: Mapping[str, str]) -> None:
        self._environment = {"PATH": os.defpath, "LANG": "C.UTF-8", **environment}
        self._options = ["--parsers", parsers] if parsers else []
        self._process = self._start()
        self._is_ready = False

    def ensure_running(self) -> None:
        """Waits for the server to be ready, after starting it anew if it has died."""
        if self._process.poll() is not None:
            self.stop()
            self._process = self._start()
            self._is_ready = False
        if self._is_ready:
            return
        try:
            self._is_ready = self._answer(_START_SECONDS) == "ready"
        except (ConnectionError, TimeoutError) as error:
            self.stop()
            raise RuntimeError("The parser process does not start; its error output says why.") from error

    def ask(self, request: Mapping[str, object], seconds: float) -> str:
        """The outcome of a request; raises ConnectionError when the server dies and TimeoutError when it hangs."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()
        return self._answer(seconds)

    def kill(self) -> None:
        """Ends the process at once, and its child with it; whoever waits for its answer gets a ConnectionError."""
        self._process.kill()

    def stop(self) -> None:
        """Ends the process and lets go of its streams; for the caller that holds this server."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):  # over a request that the dead process has not read
                    stream.close()

    def _start(self) -> "subprocess.Popen[bytes]":
        """A new server process with next to no environment; its error output goes where the worker's goes."""
        return subprocess.Popen(  # noqa: S603 - the arguments are this program's own
            [sys.executable, "-m", _SERVER, *self._options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=self._environment,
            cwd=_IMPORT_ROOT,
            start_new_session=True,  # an interrupt at the terminal is the worker's to deal with
        )

    def _answer(self, seconds: float) -> str:
        """The next outcome that the server reports."""
        stdout = self._process.stdout
        assert stdout is not None
        if not select.select([stdout], [], [], seconds)[0]:
            raise TimeoutError
        line = stdout.readline()
        if not line.endswith(b"\n"):
            raise ConnectionError
        return str(json.loads(line)["outcome"])
