"""Roles of the embedding models: one answers, at most one other is being made or kept."""

import pytest

from retrieval.errors import Conflict
from retrieval.store import models
from tests.fakes import Library


def roles(library: Library) -> dict[str, str]:
    with library.database.read() as connection:
        return {model.role: model.name for model in models.listed(connection)}


def test_the_first_start_chooses_and_later_ones_do_not(library: Library) -> None:
    with library.database.write() as connection:
        assert models.settle(connection, "other@1", "other").model_id == "hash@1"
    assert roles(library) == {"active": "hash"}


def test_a_switch_keeps_the_old_model_and_a_rollback_exchanges_them(library: Library) -> None:
    with library.database.write() as connection:
        models.want(connection, "other@1", "other")
        assert models.switch(connection, "other@1", "as good")
    assert roles(library) == {"active": "other", "kept": "hash"}
    with library.database.write() as connection:
        assert models.active(connection).parity == "as good"
        assert models.roll_back(connection).model_id == "hash@1"
    assert roles(library) == {"active": "hash", "kept": "other"}
    with library.database.write() as connection:
        models.roll_back(connection)
        models.give_up(connection, "kept")
    assert roles(library) == {"active": "other"}


def test_a_change_that_was_given_up_or_stopped_does_not_switch(library: Library) -> None:
    with library.database.write() as connection:
        models.want(connection, "other@1", "other")
        models.stop(connection, "other@1", "It finds less.")
        assert not models.switch(connection, "other@1", "as good")
        models.want(connection, "other@1", "other")  # tried again
        models.give_up(connection, "wanted")
        assert not models.switch(connection, "other@1", "as good")
    assert roles(library) == {"active": "hash"}


def test_the_next_change_gives_up_what_was_kept(library: Library) -> None:
    with library.database.write() as connection:
        models.want(connection, "other@1", "other")
        models.switch(connection, "other@1", "as good")
        models.want(connection, "third@1", "third")
    assert roles(library) == {"active": "other", "wanted": "third"}


def test_what_makes_no_sense_is_refused_with_what_to_do(library: Library) -> None:
    with library.database.write() as connection:
        with pytest.raises(Conflict, match="answers already"):
            models.want(connection, "hash@1", "hash")
        with pytest.raises(Conflict, match="none to go back to"):
            models.roll_back(connection)
        with pytest.raises(Conflict, match="No earlier model"):
            models.give_up(connection, "kept")
        models.want(connection, "other@1", "other")
        with pytest.raises(Conflict, match="scholiast reembed --cancel"):
            models.want(connection, "third@1", "third")
        models.switch(connection, "other@1", "as good")
        with pytest.raises(Conflict, match="scholiast reembed --rollback"):
            models.want(connection, "hash@1", "hash")
