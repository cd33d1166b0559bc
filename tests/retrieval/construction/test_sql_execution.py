"""How the end of the process that runs statements is read."""

from subprocess import CompletedProcess

import pytest

from retrieval.construction.sql_execution import outcome


def test_limits_are_told_from_faults() -> None:
    assert outcome(CompletedProcess([], 0, b'{"results": []}', b"")) == {"results": []}
    assert outcome(CompletedProcess([], -24, b"", b"")) == {"error": "time"}
    assert outcome(CompletedProcess([], 1, b"", b"Traceback\nMemoryError")) == {"error": "memory"}


def test_a_process_that_does_not_start_is_not_taken_for_one_that_needs_too_much() -> None:
    with pytest.raises(RuntimeError, match="No module named"):
        outcome(CompletedProcess([], 1, b"", b"ModuleNotFoundError: No module named 'retrieval'"))
