"""Text for clients that cannot take anything back, with the answerer that makes the events."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generation.settled_text import SettledText
from generation.types import CitationEvent, DoneEvent
from tests.fakes_generation import ScriptedModel, ScriptedSearcher
from tests.generation.test_answer import DANUBE, QUESTION, RHINE, ask

SUPPORTED = ("The Rhine flows into the North Sea [2].", "It ends in the Black Sea.", "The Danube passes ten countries.")
UNSUPPORTED = ("Elephants dance.", "It is old [9].", "[7]", "")


@settings(deadline=None, max_examples=60)
@given(sentences=st.lists(st.sampled_from([*SUPPORTED, *UNSUPPORTED]), max_size=4))
@pytest.mark.parametrize("question", [QUESTION, "莱茵河流向哪里？"])
def test_the_pieces_are_the_final_text_and_none_comes_before_it_is_supported(
    question: str, sentences: list[str]
) -> None:
    settled, shown, cited = SettledText(), "", False
    events = ask(ScriptedModel(" ".join(sentences)), ScriptedSearcher(DANUBE, RHINE), question)
    for event in events:
        cited = cited or isinstance(event, CitationEvent | DoneEvent)
        shown += settled.feed(event)
        assert cited or not shown
    assert isinstance(events[-1], DoneEvent)
    assert shown == events[-1].answer.text


def test_nothing_found_is_said_once() -> None:
    settled = SettledText()
    events = ask(ScriptedModel(), ScriptedSearcher(DANUBE, evidence=0.0))
    assert "".join(map(settled.feed, events)) == events[-1].answer.text  # type: ignore[union-attr]
