"""A model that is in memory only while it is needed."""

from ingest.model_on_demand import ModelOnDemand
from tests.fakes import ScriptedCompletions


def test_it_is_loaded_when_asked_for_kept_while_used_and_let_go_of_when_idle() -> None:
    now = [0.0]
    loaded: list[ScriptedCompletions] = []

    def load() -> ScriptedCompletions:
        loaded.append(ScriptedCompletions(str))
        return loaded[-1]

    model = ModelOnDemand(load, frozenset({"en"}), idle_seconds=60, clock=lambda: now[0])
    model.release_if_idle()
    assert loaded == []
    first = model.get()
    now[0] = 50
    assert model.get() is first
    now[0] = 100
    model.release_if_idle()
    assert model.get() is first
    now[0] = 161
    model.release_if_idle()
    assert model.get() is not first
    assert len(loaded) == 2
