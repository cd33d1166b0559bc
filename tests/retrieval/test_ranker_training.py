"""From clicks to a ranker that answers, or does not: learning, the gate, the guard, the switch and the way back."""

import numpy as np
import pytest

from retrieval import guard
from retrieval.errors import Conflict, ModelUnavailable, NotFound
from retrieval.features import FEATURES
from retrieval.learning import click_log, is_held_out, learn
from retrieval.propensities import Propensities
from retrieval.ranker_training import champion_of, evaluate, train_from_feedback
from retrieval.rankers import stored_ranker
from retrieval.ranking import Ranker
from retrieval.store import chunks, impressions, ranker_versions
from retrieval.store.impressions import Impression, ShownHit
from retrieval.store.ranker_versions import NewVersion
from retrieval.train_ranker import JudgedCandidates, train
from retrieval.types import SearchRequest
from tests.click_simulation import LOOKED_AT, SHOWN
from tests.fakes import Library, scripted_ranker


@pytest.fixture
def used(library: Library) -> Library:
    """A collection whose people want long texts, of which the shipped ranker thinks little, and often say so."""
    for number in range(SHOWN):
        library.add(f"Note {number} on kettles.")
    generator = np.random.default_rng(1)
    ranker = scripted_ranker()
    length = ranker.features.index("length")
    with library.database.write() as connection:
        keys = [int(key) for key in library.snapshots().latest("default").segments[0].chunk_keys]
        made, clicked = [], []
        for number in range(1500):
            features = generator.random((SHOWN, len(ranker.features)))
            features[:, length] *= 6
            order = np.argsort(-ranker.score(features))
            first = int(generator.choice((0, 1, 2)))
            for upper in range(1, SHOWN):
                if first and (upper - first) % 2 == 0 and upper >= first and generator.random() < 0.5:
                    order[[upper - 1, upper]] = order[[upper, upper - 1]]
            features = features[order].astype(np.float32)
            hits = [ShownHit(place, keys[place - 1], features[place - 1]) for place in range(1, SHOWN + 1)]
            made.append(
                Impression(f"r{number}", "default", "search", f"query {number}", "x", ranker.features, first, hits)
            )
            wanted = generator.random(SHOWN) < LOOKED_AT / (1 + np.exp(6 - 2 * features[:, length]))
            clicked += [(f"r{number}", place) for place in np.flatnonzero(wanted) + 1]
        impressions.add(connection, made)
        for request_id, place in clicked:
            impressions.judge(connection, request_id, None, int(place), "click")
    return library


def search_ranker(library: Library) -> str:
    result = library.retriever().search(SearchRequest("kettles", "default", 3))
    return str(result.trace.recorded("rank", "ranker"))


def test_clicks_make_a_better_ranker_which_answers_at_once_and_can_be_rolled_back(used: Library) -> None:
    retriever = used.retriever()
    request = SearchRequest("kettles", "default", 3)

    def answering() -> str:
        return str(retriever.search(request).trace.recorded("rank", "ranker"))

    assert answering() == "default_ranker"
    made = train_from_feedback(used.database, "default", scripted_ranker())
    assert made.figures["difference"]["dr"]["low"] > 0
    assert made.is_accepted == (made.figures["guard"]["nDCG@10"]["high"] >= 0)
    if not made.is_accepted:  # what these people want costs the sample questions: kept, and never answers
        assert answering() == "default_ranker"
        with used.database.write() as connection, pytest.raises(Conflict, match="refused"):
            ranker_versions.roll_back(connection, "default", made.number)
        accept(used, made.number)
    assert answering() == f"default@{accepted(used)}"
    with used.database.write() as connection:
        ranker_versions.roll_back(connection, "default")
    assert answering() == "default_ranker"
    assert evaluate(used.database, "default", made.number, scripted_ranker()).is_accepted


def accepted(library: Library) -> int:
    with library.database.read() as connection:
        found = ranker_versions.active(connection, "default")
    assert found is not None
    return found.number


def accept(library: Library, number: int) -> None:
    """Keeps the version's model once more, as one that the gate accepted."""
    with library.database.write() as connection:
        row = ranker_versions.get(connection, "default", number)
        text = ranker_versions.model(connection, row.key)
        assert text is not None
        ranker_versions.add(connection, "default", NewVersion("feedback", row.embedder, text, row.figures, True))


def test_without_clicks_there_is_nothing_to_learn(library: Library) -> None:
    library.add("A note on kettles.")
    with pytest.raises(Conflict, match="--from documents"):
        train_from_feedback(library.database, "default", scripted_ranker())
    with pytest.raises(Conflict, match="Nothing was clicked"):
        evaluate(library.database, "default", None, scripted_ranker())
    with pytest.raises(NotFound):
        train_from_feedback(library.database, "nowhere", scripted_ranker())


def test_a_ranker_for_another_embedding_model_is_no_beginning(library: Library) -> None:
    library.add("A note on kettles.")
    with library.database.read() as connection, pytest.raises(ModelUnavailable, match="other levels"):
        champion_of(connection, "default", Ranker())


def test_learning_goes_on_from_the_champion_and_refuses_other_features() -> None:
    names = ("cosine", "length")
    generator = np.random.default_rng(0)
    rows = JudgedCandidates(generator.random((600, 2)), np.tile([1, 0, 0], 200), [3] * 200, np.ones(200))
    before = train(names, rows)
    after = train(names, rows, before)
    assert after.count("Tree=") > before.count("Tree=")
    assert stored_ranker("c", 1, "hash", after).features == names
    with pytest.raises(ModelUnavailable, match="trained with other features.*cosine, length; now there are length"):
        train(("length", "cosine"), rows, before)
    with pytest.raises(ModelUnavailable, match="2 features and was given 3"):
        stored_ranker("c", 1, "hash", after).score(np.zeros((1, 3)))


def test_a_click_far_down_weighs_more_than_one_at_the_top(used: Library) -> None:
    ranker = scripted_ranker()
    with used.database.read() as connection:
        log, held_out = click_log(impressions.judged(connection, "default", "search", ranker.features))
    assert 0.2 < held_out.mean() < 0.5
    length = ranker.features.index("length")
    slopes = []
    for values in (np.ones(SHOWN), LOOKED_AT):
        text = learn(ranker.features, log, values, ranker.text)
        challenger = stored_ranker("c", 1, "hash", text)
        moved = challenger.score(log.features) - ranker.score(log.features)
        slopes.append(np.corrcoef(moved, log.features[:, length])[0, 1])
    assert slopes[1] > 0.3


def test_the_same_query_is_never_on_both_sides() -> None:
    assert [is_held_out("kettles")] * 5 == [is_held_out("kettles") for _ in range(5)]


def test_the_guard_refuses_what_forgets_the_sample_questions() -> None:
    shipped = Ranker()
    assert guard.check(shipped, shipped).is_accepted
    generator = np.random.default_rng(0)
    features = generator.random((3000, len(shipped.features)))
    upside_down = np.argsort(np.argsort(-features[:, shipped.features.index("length")].reshape(-1, 10), axis=1), axis=1)
    rows = JudgedCandidates(features, (upside_down == 0).astype(np.int64).ravel(), [10] * 300, np.ones(300))
    forgetful = stored_ranker("c", 1, shipped.embedder, train(shipped.features, rows))
    found = guard.check(shipped, forgetful)
    assert not found.is_accepted
    assert "sample questions" in found.reason


def test_the_guard_knows_the_features_of_the_shipped_ranker() -> None:
    assert guard.check(Ranker(), Ranker()).figures["questions"] > 50
    assert set(Ranker().features) <= set(FEATURES)


def test_a_version_for_features_that_are_gone_does_not_stop_searching(library: Library) -> None:
    document = library.add("A note on kettles.")
    text = scripted_ranker().text.replace("cosine_leaders", "moon_phase")
    with library.database.write() as connection:
        ranker_versions.add(connection, "default", NewVersion("feedback", "hash", text, {"reason": ""}, True))
        assert chunks.keys_of_document(connection, document.id)
    assert search_ranker(library) == "default_ranker"
    assert Propensities(np.ones(1), "swaps", 0).as_list() == [1.0]
