"""Trains a ranker for one collection, judges it and keeps it: from feedback here, from its documents in `cold_start`.

An accepted one orders the collection's searches from the commit on; a refused one is kept with its figures.
"""

from dataclasses import dataclass

from sqlalchemy import Connection

from retrieval import gate, guard, propensities
from retrieval.click_log import Booleans, ClickLog
from retrieval.errors import Conflict, ModelUnavailable
from retrieval.gate import Verdict
from retrieval.learning import click_log, learn
from retrieval.rankers import stored_ranker
from retrieval.ranking import Ranker
from retrieval.store import collections, impressions, models, ranker_versions
from retrieval.store.database import Database
from retrieval.store.ranker_versions import SHIPPED, NewVersion, RankerVersion, TrainedFrom


@dataclass(frozen=True, slots=True)
class Champion:
    """The ranker that orders a collection's searches now."""

    number: int
    ranker: Ranker


def champion_of(connection: Connection, collection: str, shipped: Ranker) -> Champion:
    """The present ranker. Raises `NotFound`, and `ModelUnavailable` if none knows the present embedding model."""
    collections.get(connection, collection)
    model_id = models.active(connection).model_id
    row = ranker_versions.active(connection, collection)
    number = SHIPPED if row is None else row.number
    found = Champion(number, _version(connection, collection, number, shipped))
    if not found.ranker.suits(model_id):
        embedder = model_id.partition("@")[0]
        raise ModelUnavailable(
            f"The ranker {found.ranker.name} was trained with {found.ranker.embedder}, and {embedder} "
            "embeds now: its cosines have other levels, so there is nothing to go on from."
        )
    return found


def train_from_feedback(database: Database, collection: str, shipped: Ranker) -> RankerVersion:
    """Learns from clicks and judgements on searches, and lets the gate decide.

    Raises `NotFound`, `Conflict` where nothing was clicked, `ModelUnavailable`.
    """
    with database.read() as connection:
        champion = champion_of(connection, collection, shipped)
        log, held_out = _log(connection, collection, champion.ranker)
    learnt_from = log.part(~held_out)
    if not learnt_from.clicks.any():
        raise Conflict(
            f"No search of collection '{collection}' that was ranked by the present features has a click yet; "
            "train from its documents instead: --from documents."
        )
    text = learn(champion.ranker.features, learnt_from, propensities.estimate(log).values, champion.ranker.text)
    challenger = stored_ranker(collection, 0, champion.ranker.embedder, text)
    scores = [ranker.score(log.features) for ranker in (champion.ranker, challenger)]
    return keep(database, collection, "feedback", champion, challenger, gate.by_clicks(log, held_out, *scores))


def keep(
    database: Database,
    collection: str,
    source: TrainedFrom,
    champion: Champion,
    challenger: Ranker,
    verdict: Verdict,
) -> RankerVersion:
    """Stores the challenger with its figures; it goes live if the verdict and the sample questions allow it.

    Raises `Conflict` if another version went live while this one was trained.
    """
    guarded = guard.check(champion.ranker, challenger)
    accepted = verdict.is_accepted and guarded.is_accepted
    reason = verdict.reason if guarded.is_accepted else f"{verdict.reason} {guarded.reason}"
    figures = {"reason": reason, **verdict.figures, "guard": dict(guarded.figures)}
    with database.write() as connection:
        now = ranker_versions.active(connection, collection)
        if (SHIPPED if now is None else now.number) != champion.number:
            raise Conflict("Another version went live while this one was trained; train again, from that one.")
        new = NewVersion(source, challenger.embedder, challenger.text, figures, accepted)
        return ranker_versions.add(connection, collection, new)


def evaluate(database: Database, collection: str, number: int | None, shipped: Ranker) -> Verdict:
    """What a version, by default the newest, would have been worth against the present ranker, by all that was clicked.

    A version that learnt from some of these clicks looks better here than it did to the gate. Raises `NotFound`,
    `Conflict` where nothing was clicked.
    """
    with database.read() as connection:
        champion = champion_of(connection, collection, shipped)
        versions = ranker_versions.listed(connection, collection)
        if number is None:
            number = versions[-1].number if versions else SHIPPED
        other = _version(connection, collection, number, shipped)
        log, _ = _log(connection, collection, champion.ranker)
    if not log.clicks.any():
        raise Conflict(f"Nothing was clicked in collection '{collection}' yet, so there is nothing to judge by.")
    every = log.queries >= 0
    return gate.by_clicks(log, every, champion.ranker.score(log.features), other.score(log.features))


def _version(connection: Connection, collection: str, number: int, shipped: Ranker) -> Ranker:
    if number == SHIPPED:
        return shipped
    row = ranker_versions.get(connection, collection, number)
    return stored_ranker(collection, number, row.embedder, ranker_versions.model(connection, row.key) or "")


def _log(connection: Connection, collection: str, ranker: Ranker) -> tuple[ClickLog, Booleans]:
    # Answers are left out: which passages are opened there depends on what the model chose to cite.
    return click_log(impressions.judged(connection, collection, "search", ranker.features))
