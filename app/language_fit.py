"""Which documents a model that knows English only would fail on: those written in another than the Latin script.

French or German cannot be told from English this way; there such a model is weak, but not blind.
"""

import re
from collections import Counter
from collections.abc import Mapping

from sqlalchemy import Connection, select

from retrieval.store.schema import chunks, documents

# Letters after the Latin blocks: Greek, Cyrillic, Arabic, Chinese and all others.
_FOREIGN = re.compile(r"[^\W\d_\u0000-\u024f]")
_LETTER = re.compile(r"[^\W\d_]")
# A chunk counts as foreign from this share of its letters on: formulas and names stay below it.
_SHARE = 0.2


def foreign_documents(connection: Connection) -> Mapping[str, int]:
    """How many documents of each collection have a visible chunk in another script."""
    statement = (
        select(documents.c.key, documents.c.collection, chunks.c.text)
        .join(chunks, chunks.c.revision_key == documents.c.active_revision)
        .execution_options(yield_per=1000)
    )
    found: dict[int, str] = {}
    for row in connection.execute(statement):
        if row.key not in found and _is_foreign(row.text):
            found[row.key] = row.collection
    return Counter(found.values())


def _is_foreign(text: str) -> bool:
    foreign = len(_FOREIGN.findall(text))
    return foreign > 0 and foreign >= _SHARE * len(_LETTER.findall(text))
