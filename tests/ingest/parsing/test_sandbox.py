import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import psutil
import pytest

from ingest.parsing.detect import CSV, DOCX, HTML, PDF, PLAIN_TEXT, XLSX
from ingest.parsing.sandbox import ParserSandbox
from ingest.parsing.sandbox_limits import SandboxLimits
from ingest.parsing.types import ParsedDocument
from retrieval.errors import DocumentRejected, Overloaded, UnsupportedFile
from tests.ingest.parsing.office_archives import write_encrypted, write_zip_bomb
from tests.ingest.parsing.soundness import assert_sound

_SCRIPTED = "tests.ingest.parsing.scripted_parsers:PARSERS"
_STRICT = SandboxLimits(memory=500 * 2**20, seconds=1.5, result=10 * 2**20)


@pytest.fixture(scope="module")
def scripted() -> Iterator[ParserSandbox]:
    """A sandbox of parsers that misbehave, under tight limits."""
    with ParserSandbox(size=2, limits=_STRICT, parsers=_SCRIPTED) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[ParserSandbox]:
    """A sandbox of the real parsers under the default limits."""
    with ParserSandbox(size=1) as sandbox:
        yield sandbox


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A small text file."""
    path = tmp_path / "file"
    path.write_text("some text")
    return path


def _rejection(sandbox: ParserSandbox, path: Path, media_type: str) -> DocumentRejected:
    with pytest.raises(DocumentRejected) as rejection:
        sandbox.parse(path, media_type)
    assert rejection.value.detail
    assert str(path) not in rejection.value.detail
    return rejection.value


def _wait_until_gone(process: int) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if not psutil.pid_exists(process) or psutil.Process(process).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


def test_a_document_comes_back_whole(scripted: ParserSandbox, file: Path) -> None:
    document = scripted.parse(file, "echo")

    assert_sound(document)
    assert document.text == "Heading\n\nsome text"
    assert document.blocks[1].headings == ("Heading",)
    assert (document.pages, document.title, document.warnings) == (1, "Title", ("a warning",))


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        ("spin", "time_limit"),
        ("sleep", "time_limit"),
        ("hog", "memory_limit"),
        ("native_hog", "memory_limit"),
        ("segfault", "crashed"),
        ("leave", "crashed"),
        ("write_junk", "crashed"),
        ("wrong_blocks", "crashed"),
        ("write_much", "damaged"),
        ("open_much", "damaged"),
        ("reject", "no_text"),
        ("known_damage", "damaged"),
        ("unforeseen_damage", "damaged"),
        ("recurse", "damaged"),
    ],
)
def test_whatever_a_parser_does_ends_as_a_reason(
    behaviour: str, code: str, scripted: ParserSandbox, file: Path
) -> None:
    assert _rejection(scripted, file, behaviour).code == code
    assert scripted.parse(file, "echo").text.endswith("some text")


def test_files_parsed_together_get_their_own_outcomes(scripted: ParserSandbox, file: Path, tmp_path: Path) -> None:
    (tmp_path / "other").write_text("other text")
    found = scripted.parse_all([(file, "echo"), (file, "reject"), (tmp_path / "other", "echo")])

    assert [getattr(outcome, "text", None) for outcome in found] == [
        "Heading\n\nsome text",
        None,
        "Heading\n\nother text",
    ]


def test_a_file_that_breaks_the_process_does_not_harm_those_parsed_with_it(scripted: ParserSandbox, file: Path) -> None:
    before, breaking, after = scripted.parse_all([(file, "echo"), (file, "segfault"), (file, "echo")])

    assert isinstance(breaking, DocumentRejected)
    assert breaking.code == "crashed"
    assert isinstance(before, ParsedDocument)
    assert before == after


def test_the_wall_clock_limit_holds_for_a_parser_that_waits(scripted: ParserSandbox, file: Path) -> None:
    started = time.monotonic()
    _rejection(scripted, file, "sleep")

    assert time.monotonic() - started < _STRICT.seconds + 5


def test_pages_recognised_before_the_limit_are_kept(file: Path) -> None:
    with ParserSandbox(size=1, limits=SandboxLimits(seconds=8.0), parsers=_SCRIPTED) as sandbox:
        document = sandbox.parse(file, "read_pages_slowly")

    read = len({block.page for block in document.blocks})
    assert 1 <= read < 40
    assert any(f"{40 - read} of 40 pages were left out" in warning for warning in document.warnings)


def test_a_type_that_is_not_read_stays_an_unsupported_file(scripted: ParserSandbox, file: Path) -> None:
    with pytest.raises(UnsupportedFile, match="Not read"):
        scripted.parse(file, "refuse")


def test_what_a_parser_prints_does_not_pass_for_an_answer(scripted: ParserSandbox, file: Path) -> None:
    assert scripted.parse(file, "forge").text.endswith("genuine")


def test_a_parser_runs_in_a_private_folder_with_next_to_no_environment(scripted: ParserSandbox, file: Path) -> None:
    _, _, where = scripted.parse(file, "where").text.partition("\n\n")
    folder, names, temporary = where.split("\n")

    assert folder == temporary
    assert folder.startswith(tempfile.gettempdir())
    assert not Path(folder).exists()
    assert set(names.strip("[]").replace("'", "").split(", ")) <= {"HOME", "LANG", "LC_CTYPE", "PATH", "TMPDIR"}


def test_files_are_parsed_side_by_side_by_callers_on_several_threads(scripted: ParserSandbox, tmp_path: Path) -> None:
    paths = [tmp_path / str(number) for number in range(12)]
    texts: dict[Path, str] = {}
    for path in paths:
        path.write_text(f"text of {path.name}")
    threads = [
        threading.Thread(target=lambda path=path: texts.update({path: scripted.parse(path, "echo").text}))
        for path in paths
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert texts == {path: f"Heading\n\ntext of {path.name}" for path in paths}


def test_a_server_that_was_killed_is_started_anew(file: Path) -> None:
    with ParserSandbox(size=1, limits=_STRICT, parsers=_SCRIPTED) as sandbox:
        sandbox.parse(file, "echo")
        (server,) = psutil.Process().children()[-1:]
        server.kill()
        server.wait()

        assert sandbox.parse(file, "echo").text.endswith("some text")


def test_a_file_that_takes_the_server_down_is_rejected_and_the_next_one_parsed(file: Path) -> None:
    with ParserSandbox(size=1, limits=_STRICT, parsers=_SCRIPTED) as sandbox:
        assert _rejection(sandbox, file, "kill_server").code == "crashed"
        assert sandbox.parse(file, "echo").text.endswith("some text")


def test_server_and_parser_die_with_a_worker_that_is_killed(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    program = (
        "from pathlib import Path; from ingest.parsing.sandbox import ParserSandbox;"
        f"ParserSandbox(size=1, parsers={_SCRIPTED!r}).parse(Path({str(file)!r}), 'note_processes')"
    )
    worker = subprocess.Popen([sys.executable, "-c", program])
    try:
        while not file.read_text():
            assert worker.poll() is None
            time.sleep(0.05)
        parser, server, folder = file.read_text().split()
        os.kill(worker.pid, signal.SIGKILL)
    finally:
        worker.kill()
        worker.wait()

    assert _wait_until_gone(int(server))
    assert _wait_until_gone(int(parser))
    assert not Path(folder).exists()


def test_closing_ends_what_is_being_parsed_and_tells_the_caller(file: Path) -> None:
    with ParserSandbox(size=1, parsers=_SCRIPTED) as sandbox:
        thread = threading.Thread(target=_parse_until_closed, args=(sandbox, file))
        thread.start()
        while file.read_text() in ("", "some text"):
            time.sleep(0.05)
        parser, server, folder = file.read_text().split()
        sandbox.close()
        thread.join(timeout=10)

    assert not thread.is_alive()
    assert _wait_until_gone(int(server))
    assert _wait_until_gone(int(parser))
    assert not Path(folder).exists()


def _parse_until_closed(sandbox: ParserSandbox, file: Path) -> None:
    with pytest.raises(Overloaded):
        sandbox.parse(file, "note_processes")


def test_the_server_stays_small_and_without_threads() -> None:
    check = (
        "import os, sys, ingest.parsing.sandbox_server;"
        "print({'torch', 'sqlalchemy', 'numpy', 'app', 'dbos'} & set(sys.modules), len(os.listdir('/proc/self/task')))"
    )
    output = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True).stdout

    assert output.split() == ["set()", "1"]


def test_a_closed_sandbox_takes_no_more_files(file: Path) -> None:
    sandbox = ParserSandbox(size=1, parsers=_SCRIPTED)
    sandbox.close()

    with pytest.raises(Overloaded):
        sandbox.parse(file, "echo")


def test_a_server_that_cannot_start_is_a_fault_of_the_installation(
    file: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with ParserSandbox(size=1, parsers="no.such.module:PARSERS") as sandbox, pytest.raises(RuntimeError):
        sandbox.parse(file, "echo")
    assert "ModuleNotFoundError" in capfd.readouterr().err


def test_a_missing_file_is_the_callers_fault(scripted: ParserSandbox, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        scripted.parse(tmp_path / "none", "echo")


def test_the_real_parsers_run_inside(sandbox: ParserSandbox, tmp_path: Path) -> None:
    page = tmp_path / "page"
    page.write_text("<h1>Top</h1><p>text</p>")

    assert sandbox.parse(page, HTML).text == "Top\n\ntext"


@pytest.mark.parametrize(
    ("content", "media_type", "code"),
    [
        (b"", PDF, "damaged"),
        (b"%PDF-1.7\n" + bytes(1000), PDF, "damaged"),
        (b"PK\x03\x04" + bytes(1000), DOCX, "damaged"),
        (b"1," * 1_000_000, CSV, "too_many_columns"),
        (b"words and words\n" * 1_400_000, PLAIN_TEXT, "too_much_text"),
    ],
)
def test_hostile_content_is_rejected(
    content: bytes, media_type: str, code: str, sandbox: ParserSandbox, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)

    assert _rejection(sandbox, path, media_type).code == code


def test_hostile_archives_are_rejected(sandbox: ParserSandbox, tmp_path: Path) -> None:
    assert _rejection(sandbox, write_zip_bomb(tmp_path / "bomb"), DOCX).code == "archive_bomb"
    assert _rejection(sandbox, write_encrypted(tmp_path / "locked"), XLSX).code == "encrypted"


def test_a_sheet_with_a_cell_in_its_last_corner_does_not_take_the_memory_of_all_cells(
    sandbox: ParserSandbox, tmp_path: Path
) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.create_sheet("corners", 0)
    sheet["A1"] = "first"
    sheet.cell(1_048_576, 16_384).value = "last"
    workbook.save(tmp_path / "file")

    assert _rejection(sandbox, tmp_path / "file", XLSX).code in ("memory_limit", "too_large_sheet")


def test_a_small_file_does_not_wait_for_large_ones(file: Path, tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(b"x" * (2 * 2**20))
    with ParserSandbox(size=1, limits=_STRICT, parsers=_SCRIPTED) as sandbox:
        sandbox.parse(file, "echo")
        slow = [threading.Thread(target=_rejection, args=(sandbox, large, "sleep")) for _ in range(2)]
        for thread in slow:
            thread.start()
        time.sleep(0.3)
        assert sandbox.parse(file, "echo").text
        assert all(thread.is_alive() for thread in slow)
        for thread in slow:
            thread.join()
