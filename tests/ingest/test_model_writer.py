"""Representations that the language model writes: checked, kept, interrupted and made up for."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from ingest.model_on_demand import ModelOnDemand
from retrieval.errors import ModelUnavailable
from retrieval.store import collections, enrichment, trees
from retrieval.store.schema import representations, stage_cache
from retrieval.types import CompletionModel, SearchRequest
from tests.fakes import Library, ScriptedCompletions

SUBJECTS = ["ferry", "library", "bakery", "museum"]


def long_text(parts: int = 4) -> str:
    """A chunk a part; every part has a number of its own."""
    return "\n\n".join(
        " ".join(f"The {SUBJECTS[part % 4]} of part {part} opens at noon in week {line}." for line in range(24))
        for part in range(parts)
    )


def settings(library: Library, *kinds: str, **values: object) -> None:
    with library.database.write() as connection:
        collections.ensure(connection, "default")
        wanted = {"representations": ["text", *kinds], "representation_writer": "model"}
        collections.change_settings(connection, "default", wanted | values)


def texts(library: Library, kind: str) -> list[str]:
    with library.database.read() as connection:
        statement = select(representations.c.text).where(representations.c.kind == kind)
        return [text or "" for text in connection.scalars(statement.order_by(representations.c.key))]


def kept(library: Library) -> int:
    with library.database.read() as connection:
        return connection.scalar(select(func.count()).select_from(stage_cache)) or 0


def part_of(quoted: str) -> str:
    return quoted.split(" of part ")[1].split(maxsplit=1)[0]


def ask(quoted: str) -> str:
    subject = next(word for word in SUBJECTS if f"The {word}" in quoted)
    return f"When does the {subject} of part {part_of(quoted)} open?"


@pytest.fixture
def model(library: Library) -> ScriptedCompletions:
    scripted = ScriptedCompletions(ask)
    library.language_model = scripted.on_demand()
    return scripted


def test_questions_find_their_chunk(library: Library, model: ScriptedCompletions) -> None:
    settings(library, "questions")
    document = library.add(long_text())
    library.enrich()
    assert library.get(document.id).enrichment == "done"
    assert len(texts(library, "questions")) == library.get(document.id).chunk_count
    request = SearchRequest(
        "When does the bakery of part 2 open?", "default", 3, representations=frozenset({"questions"})
    )
    best = library.retriever().search(request).hits[0]
    assert "The bakery" in best.chunk.text
    assert best.why["dense_score"] > 0.9


def test_every_question_has_a_vector_of_its_own(library: Library, model: ScriptedCompletions) -> None:
    model.write = lambda quoted: f"1. {ask(quoted)}\n2. Which place opens at noon in week 3?\n{ask(quoted)}"
    settings(library, "questions")
    library.add("The ferry of part 0 opens at noon in week 3.")
    library.enrich()
    assert texts(library, "questions") == [
        "When does the ferry of part 0 open?",
        "Which place opens at noon in week 3?",
    ]


def test_a_summary_with_a_number_that_the_chunk_lacks_gives_way_to_the_chunks_own_sentences(
    library: Library, model: ScriptedCompletions
) -> None:
    model.write = lambda quoted: f"The place of part {part_of(quoted)} opens at noon for 9999 guests."
    settings(library, "summary")
    document = library.add(long_text())
    library.enrich()
    found = texts(library, "summary")
    assert len(found) == library.get(document.id).chunk_count
    assert not any("9999" in text for text in found)
    assert "could not be used" in (library.get(document.id).enrichment_detail or "")


def test_the_tree_is_written_from_sentences_of_the_document(library: Library, model: ScriptedCompletions) -> None:
    model.write = lambda quoted: f"At noon in week {quoted.split(' week ')[1].split('.')[0]} a part opens."
    settings(library, "tree")
    document = library.add(long_text(12))
    library.enrich()
    with library.database.read() as connection:
        nodes = trees.of_document(connection, document.id)
    assert nodes
    assert all(node.text.startswith("At noon in week") for node in nodes)
    assert not any("At noon in week" in prompt.asked for prompt in model.prompts)  # never its own words


def test_a_source_is_shortened_until_the_model_has_room_for_it(library: Library) -> None:
    scripted = ScriptedCompletions(ask, context_tokens=220)
    library.language_model = scripted.on_demand()
    settings(library, "questions")
    library.add(long_text(1))
    library.enrich()
    assert scripted.prompts
    assert all(scripted.fits(prompt, 40) for prompt in scripted.prompts)


def test_a_model_that_fails_every_time_is_soon_asked_no_more(library: Library, model: ScriptedCompletions) -> None:
    model.write = lambda quoted: 1 // 0  # type: ignore[return-value]
    settings(library, "summary", "questions")
    document = library.add(long_text(8))
    library.enrich()
    found = library.get(document.id)
    assert found.enrichment == "done"
    assert "failed" in (found.enrichment_detail or "")
    assert len(texts(library, "summary")) == found.chunk_count
    assert len(model.prompts) == 3


def test_texts_outlive_a_model_that_is_gone_for_a_while(library: Library, model: ScriptedCompletions) -> None:
    settings(library, "questions")
    document = library.add(long_text())
    library.enrich()
    written = texts(library, "questions")
    sound = library.language_model
    for broken in (1, 2):
        if broken == 1:
            model.write = lambda quoted: 1 // 0  # type: ignore[return-value]
        else:
            library.language_model = ModelOnDemand(_missing, frozenset({"en"}))
        with library.database.write() as connection:
            enrichment.repeat(connection, "default")
        library.enrich()
        assert kept(library) == len(written)
    library.language_model = sound
    with library.database.write() as connection:
        enrichment.repeat(connection, "default")
    library.enrich()
    assert texts(library, "questions") == written
    assert len(model.prompts) == len(written) == library.get(document.id).chunk_count


def _missing() -> CompletionModel:
    raise ModelUnavailable("The generator model is not installed.")


def test_a_model_that_repeats_itself_or_the_prompt_adds_nothing(library: Library, model: ScriptedCompletions) -> None:
    model.write = lambda quoted: "How many countries does the Danube pass through?\n" + "and so on and so on " * 20
    settings(library, "questions")
    document = library.add(long_text())
    library.enrich()
    assert library.get(document.id).enrichment == "done"
    assert texts(library, "questions") == []


def test_without_the_model_the_documents_own_sentences_stand_in_and_the_reason_is_told(library: Library) -> None:
    library.language_model = ModelOnDemand(_missing, frozenset({"en"}))
    settings(library, "summary")
    document = library.add(long_text())
    library.enrich()
    found = library.get(document.id)
    assert found.enrichment == "done"
    assert "not installed" in (found.enrichment_detail or "")
    assert texts(library, "summary")


def test_the_model_is_not_asked_in_a_language_that_it_does_not_write(
    library: Library, model: ScriptedCompletions
) -> None:
    settings(library, "questions")
    document = library.add("渡轮在中午从港口出发。图书馆在九点开门。面包店在七点开门。")
    library.enrich()
    assert model.prompts == []
    assert "language" in (library.get(document.id).enrichment_detail or "")


def interrupting(library: Library, after: int, interrupt: Callable[[], None]) -> ScriptedCompletions:
    """A model that does the interrupting while it writes its text number `after`."""

    def write(quoted: str) -> str:
        if len(scripted.prompts) == after:
            interrupt()
        return ask(quoted)

    scripted = ScriptedCompletions(write)
    library.language_model = scripted.on_demand()
    return scripted


def test_a_pause_takes_effect_between_two_chunks_and_nothing_is_written_twice(library: Library) -> None:
    scripted = interrupting(library, 2, lambda: settings(library, "questions", enrichment="paused"))
    settings(library, "questions")
    document = library.add(long_text(6))
    library.enrich()
    assert library.get(document.id).enrichment == "waiting"
    assert len(scripted.prompts) == 2
    settings(library, "questions", enrichment="on")
    library.enrich()
    assert library.get(document.id).enrichment == "done"
    asked = [prompt.asked for prompt in scripted.prompts]
    assert len(asked) == len(set(asked)) == library.get(document.id).chunk_count


def test_settings_that_change_meanwhile_are_the_ones_that_count(library: Library) -> None:
    scripted = interrupting(library, 2, lambda: settings(library, "keywords"))
    settings(library, "questions")
    library.add(long_text(6))
    library.enrich()
    assert len(scripted.prompts) == 2
    assert texts(library, "questions") == []
    assert texts(library, "keywords")


def test_a_document_deleted_meanwhile_ends_the_writing_and_leaves_nothing(library: Library) -> None:
    scripted = interrupting(library, 2, lambda: library.remove(document.id))
    settings(library, "questions")
    document = library.add(long_text(6))
    library.enrich()
    assert len(scripted.prompts) == 2
    assert (texts(library, "questions"), kept(library)) == ([], 0)


def test_a_worker_that_stops_ends_within_the_text_and_keeps_the_others(library: Library) -> None:
    stop = threading.Event()
    scripted = interrupting(library, 3, stop.set)
    settings(library, "questions")
    document = library.add(long_text(6))
    library.enricher().enrich_waiting(stop)
    assert library.get(document.id).enrichment == "waiting"
    assert (len(scripted.prompts), kept(library)) == (3, 2)  # the third was cut off
    library.enrich()
    assert len(scripted.prompts) == library.get(document.id).chunk_count + 1


def test_a_worker_that_dies_over_and_over_but_gets_on_is_not_given_up(library: Library) -> None:
    """A death is played by an error that no edge catches, so that the state stays as it was."""

    class Death(BaseException):
        pass

    def die(quoted: str) -> str:
        if len(scripted.prompts) % 2 == 0:
            raise Death
        return ask(quoted)

    scripted = ScriptedCompletions(die)
    library.language_model = scripted.on_demand()
    settings(library, "questions")
    document = library.add(long_text(6))
    deaths = 0
    while library.get(document.id).enrichment not in ("done", "failed"):
        try:
            library.enrich()
        except Death:
            deaths += 1
    assert library.get(document.id).enrichment == "done"
    assert deaths > 2
    assert len(scripted.prompts) - deaths == library.get(document.id).chunk_count


def test_a_second_time_takes_what_was_written_and_drops_what_is_gone(
    library: Library, model: ScriptedCompletions
) -> None:
    settings(library, "questions")
    document = library.add(long_text(4))
    library.enrich()
    written = len(model.prompts)
    assert kept(library) == written
    library.replace(document.id, long_text(2) + "\n\n" + long_text(2).replace("noon", "midnight"))
    library.enrich()
    assert kept(library) == library.get(document.id).chunk_count
    with library.database.write() as connection:
        enrichment.repeat(connection, "default")
    before = len(model.prompts)
    library.enrich()
    assert len(model.prompts) == before


def test_ingest_goes_before_the_next_chunk(library: Library) -> None:
    seen: list[str] = []

    def upload() -> None:
        late = library.accept("A note that waits.")
        threading.Timer(0.2, lambda: (library.finish(late), seen.append("ingested"))).start()

    scripted = interrupting(library, 2, upload)
    write = scripted.write
    scripted.write = lambda quoted: (seen.append("written"), write(quoted))[1]
    settings(library, "questions")
    library.add(long_text(4))
    library.enrich()
    assert seen[:4] == ["written", "written", "ingested", "written"]
