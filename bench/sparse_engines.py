"""Engines that rank by BM25, behind one shape: ours, SQLite FTS5, tantivy and bm25s.

All get the terms of our analyser, separated by spaces, so that they differ in nothing but the engine.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.indexes import sparse
from retrieval.indexes.sparse import K1, B, SparseIndex

Rows = NDArray[np.int64]


class Engine(Protocol):
    """An index over rows of terms, which lies in a folder and is open for searches."""

    def search(self, query: Sequence[str], allowed: NDArray[np.bool_] | None, count: int) -> Sequence[int]:
        """The best rows, best first; where `allowed` is given [rows of the build], only rows it lets through."""
        ...

    def add(self, texts: Sequence[str]) -> None:
        """Makes further rows searchable, numbered on from the last."""
        ...

    def remove(self, rows: Sequence[int]) -> None:
        """Makes rows unsearchable."""
        ...


class OwnEngine:
    """`retrieval/indexes/sparse.py`, with additions as further segments and removals as masks, as in a snapshot."""

    def __init__(self, folder: Path) -> None:
        self._indexes: list[SparseIndex] = [sparse.from_bytes((folder / "sparse.npz").read_bytes())]
        self._alive = [np.ones(len(self._indexes[0].lengths), dtype=np.bool_)]

    @staticmethod
    def build(texts: Sequence[str], folder: Path) -> None:
        (folder / "sparse.npz").write_bytes(sparse.build(texts).to_bytes())

    def search(self, query: Sequence[str], allowed: NDArray[np.bool_] | None, count: int) -> Sequence[int]:
        masks = self._alive if allowed is None else [self._alive[0] & allowed, *map(np.zeros_like, self._alive[1:])]
        scores = np.concatenate(sparse.bm25(self._indexes, self._alive, query, masks))
        found = np.flatnonzero(scores > 0)
        if len(found) > count:
            found = found[np.argpartition(-scores[found], count - 1)[:count]]
        return list(found[np.argsort(-scores[found], kind="stable")].tolist())

    def add(self, texts: Sequence[str]) -> None:
        self._indexes.append(sparse.build(texts))
        self._alive.append(np.ones(len(texts), dtype=np.bool_))

    def remove(self, rows: Sequence[int]) -> None:
        alive = self._alive[0].copy()
        alive[list(rows)] = False
        self._alive[0] = alive


class Fts5Engine:
    """SQLite's full-text index; its constants are k1 = 1.2 and b = 0.75 as well."""

    def __init__(self, folder: Path) -> None:
        self._connection = sqlite3.connect(folder / "fts5.db")

    @staticmethod
    def build(texts: Sequence[str], folder: Path) -> None:
        with closing(sqlite3.connect(folder / "fts5.db")) as connection, connection:
            connection.execute("""CREATE VIRTUAL TABLE texts USING fts5(
                terms, tokenize="unicode61 remove_diacritics 0 tokenchars '.,'")""")
            connection.executemany("INSERT INTO texts(rowid, terms) VALUES (?, ?)", enumerate(texts, start=1))

    def search(self, query: Sequence[str], allowed: NDArray[np.bool_] | None, count: int) -> Sequence[int]:
        wanted = " OR ".join(f'"{term}"' for term in dict.fromkeys(query))
        among = ""
        if allowed is not None:
            # The plus keeps SQLite from asking the full-text index once for every row.
            among = f"AND +rowid IN ({','.join(map(str, (np.flatnonzero(allowed) + 1).tolist()))})"
        found = self._connection.execute(
            f"SELECT rowid FROM texts WHERE texts MATCH ? {among} ORDER BY rank LIMIT ?",  # noqa: S608 - own numbers
            (wanted, count),
        )
        return [row - 1 for (row,) in found]

    def add(self, texts: Sequence[str]) -> None:
        with self._connection as connection:
            connection.executemany("INSERT INTO texts(terms) VALUES (?)", ((text,) for text in texts))

    def remove(self, rows: Sequence[int]) -> None:
        with self._connection as connection:
            connection.executemany("DELETE FROM texts WHERE rowid = ?", ((row + 1,) for row in rows))


class TantivyEngine:
    """tantivy through its Python binding, one writing thread; BM25 with k1 = 1.2 and b = 0.75, lengths rounded."""

    def __init__(self, folder: Path) -> None:
        import tantivy  # noqa: PLC0415 - of the extra `bench`, and other benchmarks do without

        self._tantivy: Any = tantivy
        self._schema = _tantivy_schema(tantivy)
        self._index = tantivy.Index(self._schema, str(folder))
        self._writer = self._index.writer(128_000_000, 1)
        self._count = self._index.searcher().num_docs

    @staticmethod
    def build(texts: Sequence[str], folder: Path) -> None:
        import tantivy  # noqa: PLC0415

        writer = tantivy.Index(_tantivy_schema(tantivy), str(folder)).writer(128_000_000, 1)
        for row, text in enumerate(texts):
            writer.add_document(tantivy.Document(row=row, terms=text))
        writer.commit()
        writer.wait_merging_threads()

    def search(self, query: Sequence[str], allowed: NDArray[np.bool_] | None, count: int) -> Sequence[int]:
        make, occur = self._tantivy.Query, self._tantivy.Occur
        terms = [(occur.Should, make.term_query(self._schema, "terms", term)) for term in dict.fromkeys(query)]
        wanted = make.boolean_query(terms)
        if allowed is not None:
            among = make.term_set_query(self._schema, "row", np.flatnonzero(allowed).tolist())
            wanted = make.boolean_query([(occur.Must, wanted), (occur.Must, make.const_score_query(among, 0.0))])
        searcher = self._index.searcher()
        return [searcher.doc(address)["row"][0] for _, address in searcher.search(wanted, count).hits]

    def add(self, texts: Sequence[str]) -> None:
        for row, text in enumerate(texts, start=self._count):
            self._writer.add_document(self._tantivy.Document(row=row, terms=text))
        self._count += len(texts)
        self._commit()

    def remove(self, rows: Sequence[int]) -> None:
        for row in rows:
            self._writer.delete_documents_by_term("row", row)
        self._commit()

    def _commit(self) -> None:
        self._writer.commit()
        self._index.reload()


def _tantivy_schema(tantivy: Any) -> Any:
    fields = tantivy.SchemaBuilder()
    fields.add_text_field("terms", stored=False, tokenizer_name="whitespace")
    fields.add_integer_field("row", stored=True, indexed=True)
    return fields.build()


class Bm25sEngine:
    """bm25s, scores computed when it is built, by scipy's sparse arrays; it cannot grow or shrink."""

    def __init__(self, folder: Path) -> None:
        import bm25s  # noqa: PLC0415 - of the extra `bench`

        self._index = bm25s.BM25.load(folder)

    @staticmethod
    def build(texts: Sequence[str], folder: Path) -> None:
        import bm25s  # noqa: PLC0415

        index = bm25s.BM25(k1=K1, b=B, method="lucene")
        index.index([text.split() for text in texts], show_progress=False)
        index.save(folder)

    def search(self, query: Sequence[str], allowed: NDArray[np.bool_] | None, count: int) -> Sequence[int]:
        mask = None if allowed is None else allowed.astype(np.float32)
        asked = [list(dict.fromkeys(query))]
        rows, scores = self._index.retrieve(asked, k=count, show_progress=False, weight_mask=mask)
        return list(rows[0][scores[0] > 0].tolist())

    def add(self, texts: Sequence[str]) -> None:
        raise NotImplementedError

    def remove(self, rows: Sequence[int]) -> None:
        raise NotImplementedError


ENGINES: Mapping[str, Callable[[Path], Engine]] = {
    "ours": OwnEngine,
    "SQLite FTS5": Fts5Engine,
    "tantivy": TantivyEngine,
    "bm25s": Bm25sEngine,
}
BUILDS: Mapping[str, Callable[[Sequence[str], Path], None]] = {
    "ours": OwnEngine.build,
    "SQLite FTS5": Fts5Engine.build,
    "tantivy": TantivyEngine.build,
    "bm25s": Bm25sEngine.build,
}
FIXED = frozenset({"bm25s"})  # what cannot add or remove rows


def installed() -> Sequence[str]:
    """The engines that can run here: two of them are packages of their own."""
    return [name for name in ENGINES if name not in {"tantivy", "bm25s"} or find_spec(name) is not None]
