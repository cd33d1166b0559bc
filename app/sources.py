"""What can be asked beside the chunks: the tables in documents, the graph, and which kind of question one is.

They keep what they have learnt of tables, graphs and examples, so a process has one of each, for routes and answers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from retrieval.construction.table_questions import TableQuestions
from retrieval.construction.table_source import TableSource
from retrieval.graph.projection import GraphProjections
from retrieval.graph.questions import GraphQuestions
from retrieval.graph.source import GraphSource
from retrieval.routing.route_choice import RouteChooser
from retrieval.routing.source_router import SourceRouter
from retrieval.store.database import Database
from retrieval.types import Embedder


@dataclass(frozen=True, slots=True)
class Sources:
    """Who answers from tables and from the graph, and who tells kinds of questions apart."""

    tables: TableQuestions
    graph: GraphQuestions
    kinds: RouteChooser

    def router(self, database: Database) -> SourceRouter:
        """The sources as a search asks them, and what tells which a question is for."""
        tables = TableSource(database, self.tables)
        return SourceRouter({"tables": tables, "graph": GraphSource(self.graph)}, tables)


def open_sources(database: Database, graphs: Path, embedder: Callable[[], Embedder]) -> Sources:
    """The sources, before any model is loaded; `graphs` is the folder of the graph engine's files."""
    return Sources(
        TableQuestions(database, embedder),
        GraphQuestions(database, GraphProjections(database, graphs)),
        RouteChooser(database, embedder),
    )
