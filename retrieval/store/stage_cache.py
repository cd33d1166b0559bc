"""Rows of what a slow stage gave for some input, so that work that was cut off is not done again.

A row belongs to a document and goes with it. Whoever writes one makes its key of everything that its value depends on.
"""

import hashlib
import json
import time
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, delete, insert, select

from retrieval.store.schema import documents, stage_cache


def key_of(stage: str, document_id: str, *parts: str) -> str:
    """A key that only the same stage, document and parts give."""
    return hashlib.sha256(json.dumps([stage, document_id, *parts]).encode()).hexdigest()


def get(connection: Connection, keys: Sequence[str]) -> Mapping[str, bytes]:
    """The values that are there, by key."""
    rows = connection.execute(
        select(stage_cache.c.cache_key, stage_cache.c.value).where(stage_cache.c.cache_key.in_(keys))
    )
    return {row.cache_key: row.value for row in rows}


def put(connection: Connection, document_id: str, stage: str, key: str, value: bytes) -> None:
    """Stores a value in place of any with its key; nothing if the document is gone."""
    connection.execute(delete(stage_cache).where(stage_cache.c.cache_key == key))
    owner = connection.scalar(select(documents.c.key).where(documents.c.id == document_id))
    if owner is not None:
        connection.execute(
            insert(stage_cache).values(
                cache_key=key, document_key=owner, stage=stage, value=value, created_at=time.time()
            )
        )


def keep_only(connection: Connection, document_id: str, stage: str, keys: Sequence[str]) -> None:
    """Drops what the stage left for earlier states of the document."""
    owner = select(documents.c.key).where(documents.c.id == document_id).scalar_subquery()
    mine = (stage_cache.c.document_key == owner, stage_cache.c.stage == stage)
    for key in set(connection.scalars(select(stage_cache.c.cache_key).where(*mine))) - set(keys):
        connection.execute(delete(stage_cache).where(stage_cache.c.cache_key == key))
