"""SQL identifiers from whatever people write above a column: they need no quotes and are unique in any case.

Letters of all scripts are kept, SQLite takes them unquoted. Knows nothing of tables.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence

_LONGEST = 60
# https://www.sqlite.org/lang_keywords.html: those that cannot name a column without quotes, and some that confuse.
_RESERVED_WORDS = (
    "abort action add after all alter always analyze and any as asc attach autoincrement before begin between by "
    "cascade case cast check collate column commit conflict constraint create cross current current_date current_time "
    "current_timestamp database default deferrable deferred delete desc detach distinct do drop each else end escape "
    "except exclude exclusive exists explain fail filter first following for foreign from full generated glob group "
    "groups having if ignore immediate in index indexed initially inner insert instead intersect into is isnull join "
    "key last left like limit match materialized natural no not nothing notnull null nulls of offset on or order "
    "others outer over partition plan pragma preceding primary query raise range recursive references regexp reindex "
    "release rename replace restrict returning right rollback row rows savepoint select set table temp temporary then "
    "ties to transaction trigger unbounded union unique update using vacuum values view virtual when where window "
    "with without rowid oid _rowid_"
)
_RESERVED = frozenset(_RESERVED_WORDS.split())


def identifiers(texts: Iterable[str], otherwise: str) -> Sequence[str]:
    """One identifier a text, all different; a text without letters and digits is called `otherwise` and its number."""
    taken: set[str] = set()
    names = []
    for number, text in enumerate(texts, start=1):
        stem = _identifier(text, otherwise) or f"{otherwise}_{number}"
        name, count = stem, 1
        while name in taken:
            count += 1
            name = f"{stem}_{count}"
        taken.add(name)
        names.append(name)
    return names


def table_names(titles: Iterable[str], document_name: str) -> Sequence[str]:
    """One identifier a table of a document; a table without a title is called after the document's file."""
    stem = document_name.rpartition(".")[0] or document_name
    return identifiers([title or stem for title in titles], "table")


def _identifier(text: str, otherwise: str) -> str:
    """Lower case, words joined by underscores; empty if there is no word."""
    plain = unicodedata.normalize("NFKC", text).lower()
    name = re.sub(r"[\W_]+", "_", plain).strip("_")[:_LONGEST].strip("_")
    if name in _RESERVED:
        return f"{name}_"
    return f"{otherwise}_{name}" if name[:1].isnumeric() else name
