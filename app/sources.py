"""What a search can ask beside the chunks: the tables in documents and the graph."""

from pathlib import Path

from retrieval.construction.table_questions import TableQuestions
from retrieval.construction.table_source import TableSource
from retrieval.embedders import Embedders
from retrieval.graph.projection import GraphProjections
from retrieval.graph.questions import GraphQuestions
from retrieval.graph.source import GraphSource
from retrieval.routing.source_router import SourceRouter
from retrieval.store.database import Database


def open_sources(database: Database, graphs: Path, embedders: Embedders) -> SourceRouter:
    """The sources, and what tells which a question is for; `graphs` is the folder of the graph engine's files."""
    tables = TableSource(database, TableQuestions(database, embedders.active))
    graph = GraphSource(GraphQuestions(database, GraphProjections(database, graphs)))
    return SourceRouter({"tables": tables, "graph": graph}, tables)
