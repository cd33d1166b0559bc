"""Rows of what searches and answers showed, and of what people made of it.

Bounded: the newest stay. Hits hang on their chunks, so what is deleted leaves no trace here.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, delete, exists, func, insert, select

from retrieval.errors import InvalidRequest, NotFound
from retrieval.store.schema import chunks, collections, feedback, impression_hits, impressions
from retrieval.store.upsert import insert_unless_there

ImpressionKind = Literal["search", "answer"]
# click: a hit was opened; helpful, unhelpful: somebody said so, of a hit or of the whole.
FeedbackValue = Literal["click", "helpful", "unhelpful"]
FEEDBACK_VALUES: tuple[FeedbackValue, ...] = get_args(FeedbackValue)
_OPPOSITES: dict[str, FeedbackValue] = {"helpful": "unhelpful", "unhelpful": "helpful"}


@dataclass(frozen=True, slots=True)
class ShownHit:
    """A chunk that was shown, with the features by which it was ranked."""

    position: int  # from 1
    chunk_key: int
    features: NDArray[np.float32]  # empty where the ranker did not order


@dataclass(frozen=True, slots=True)
class Impression:
    """What one search or answer showed."""

    request_id: str
    collection: str
    kind: ImpressionKind
    query: str
    ranker: str  # empty: the order of fusion
    feature_names: tuple[str, ...]
    explored: int  # 0, or the first position from which on the order of neighbours was left to a coin
    hits: Sequence[ShownHit]


@dataclass(frozen=True, slots=True)
class Judged:
    """A hit that was shown, and what was said of it."""

    impression_key: int
    query: str
    explored: int
    position: int
    features: NDArray[np.float32]
    is_wanted: bool  # clicked or called helpful, and not called unhelpful


@dataclass(frozen=True, slots=True)
class Usage:
    """How much is known of the use of a collection."""

    impressions: int
    clicks: int
    helpful: int
    unhelpful: int


def add(connection: Connection, shown: Sequence[Impression]) -> None:
    """Stores what was shown, as far as its collection and chunks are still there."""
    named = {item.collection for item in shown}
    known = set(connection.scalars(select(collections.c.name).where(collections.c.name.in_(named))))
    keys = {hit.chunk_key for item in shown for hit in item.hits}
    alive = set(connection.scalars(select(chunks.c.key).where(chunks.c.key.in_(keys))))
    for item in shown:
        if item.collection in known:
            _add(connection, item, alive)


def _add(connection: Connection, item: Impression, alive: set[int]) -> None:
    hits = [hit for hit in item.hits if hit.chunk_key in alive]
    if not hits:
        return
    key = connection.execute(
        insert(impressions)
        .values(
            request_id=item.request_id,
            collection=item.collection,
            kind=item.kind,
            query=item.query,
            ranker=item.ranker,
            feature_names=" ".join(item.feature_names),
            explored=item.explored,
            created_at=time.time(),
        )
        .returning(impressions.c.key)
    ).scalar_one()
    connection.execute(
        insert(impression_hits),
        [
            {
                "impression_key": key,
                "position": hit.position,
                "chunk_key": hit.chunk_key,
                "features": hit.features.astype(np.float32).tobytes(),
            }
            for hit in hits
        ],
    )


def keep_newest(connection: Connection, count: int) -> None:
    """Drops all but the newest `count`, and those of which every chunk is gone."""
    last = connection.scalar(select(impressions.c.key).order_by(impressions.c.key.desc()).offset(count).limit(1))
    if last is not None:
        connection.execute(delete(impressions).where(impressions.c.key <= last))
    connection.execute(
        delete(impressions).where(~exists().where(impression_hits.c.impression_key == impressions.c.key))
    )


def judge(
    connection: Connection, request_id: str, chunk_id: str | None, position: int | None, value: FeedbackValue
) -> None:
    """Notes what somebody made of a hit, named by its chunk or its position, or of the whole; twice is once.

    The opposite of what was said before replaces it. Raises `NotFound` for a request of which nothing is kept,
    `InvalidRequest` for a chunk that it did not show, and for a click on nothing.
    """
    found = connection.scalar(select(impressions.c.key).where(impressions.c.request_id == request_id))
    if found is None:
        raise NotFound(
            "Nothing is kept of this request: it is unknown, too old, or what it showed has been deleted since."
        )
    hit = _hit(connection, found, chunk_id, position)
    if hit is None and value == "click":
        raise InvalidRequest("A click is on a hit: name its chunk.", field="chunk_id")
    place = hit.position if hit is not None else 0
    if value in _OPPOSITES:
        connection.execute(
            delete(feedback).where(
                feedback.c.impression_key == found,
                feedback.c.position == place,
                feedback.c.value == _OPPOSITES[value],
            )
        )
    insert_unless_there(
        connection,
        feedback,
        impression_key=found,
        hit_key=hit.key if hit is not None else None,
        position=place,
        value=value,
        created_at=time.time(),
    )


@dataclass(frozen=True, slots=True)
class _Hit:
    key: int
    position: int


def _hit(connection: Connection, impression_key: int, chunk_id: str | None, position: int | None) -> _Hit | None:
    if chunk_id is None and position is None:
        return None
    statement = select(impression_hits.c.key, impression_hits.c.position).where(
        impression_hits.c.impression_key == impression_key
    )
    if chunk_id is not None:
        statement = statement.join(chunks, chunks.c.key == impression_hits.c.chunk_key).where(chunks.c.id == chunk_id)
    else:
        statement = statement.where(impression_hits.c.position == position)
    row = connection.execute(statement).first()
    if row is None:
        field = "chunk_id" if chunk_id is not None else "citation"
        raise InvalidRequest("This request did not show it, or it has been deleted since.", field=field)
    return _Hit(row.key, row.position)


def judged(
    connection: Connection, collection: str, kind: ImpressionKind, feature_names: Sequence[str]
) -> Sequence[Judged]:
    """The hits of impressions that were ranked by exactly these features, in the order in which they were shown."""
    said = _said(connection, collection)
    rows = connection.execute(
        select(
            impressions.c.key,
            impressions.c.query,
            impressions.c.explored,
            impression_hits.c.key.label("hit_key"),
            impression_hits.c.position,
            impression_hits.c.features,
        )
        .join(impression_hits, impression_hits.c.impression_key == impressions.c.key)
        .where(
            impressions.c.collection == collection,
            impressions.c.kind == kind,
            impressions.c.feature_names == " ".join(feature_names),
        )
        .order_by(impressions.c.key, impression_hits.c.position)
    )
    return [
        Judged(
            row.key,
            row.query,
            row.explored,
            row.position,
            np.frombuffer(row.features, dtype=np.float32),
            _is_wanted(said.get(row.hit_key, set())),
        )
        for row in rows
    ]


def _said(connection: Connection, collection: str) -> dict[int, set[str]]:
    """What was said of hits, by their key."""
    found: dict[int, set[str]] = {}
    for hit_key, value in connection.execute(
        select(feedback.c.hit_key, feedback.c.value)
        .join(impressions, impressions.c.key == feedback.c.impression_key)
        .where(impressions.c.collection == collection, feedback.c.hit_key.is_not(None))
    ):
        found.setdefault(hit_key, set()).add(value)
    return found


def _is_wanted(said: set[str]) -> bool:
    return bool(said & {"click", "helpful"}) and "unhelpful" not in said


def usage(connection: Connection, collection: str) -> Usage:
    """How much is known of the use of the collection."""
    count = select(func.count()).select_from(impressions).where(impressions.c.collection == collection)
    rows = connection.execute(
        select(feedback.c.value, func.count())
        .join(impressions, impressions.c.key == feedback.c.impression_key)
        .where(impressions.c.collection == collection)
        .group_by(feedback.c.value)
    )
    values = {row[0]: row[1] for row in rows}
    return Usage(connection.scalar(count) or 0, *(values.get(value, 0) for value in FEEDBACK_VALUES))
