"""A small collection with a graph, and questions to it."""

from pathlib import Path

import pytest

from ingest.graph.building import GraphTools, update_graphs
from retrieval.graph.projection import GraphProjections
from retrieval.graph.questions import GraphAnswer, GraphQuestion, GraphQuestions
from tests.fakes import Library

STOCK = "\n".join(
    (
        "Item | Supplier | Quantity",
        "Brake disc | Giunta Freni | 8",
        "Truing stand | Plumb Line | 12",
        "Rim tape | Plumb Line | 3",
    )
)
SUPPLIERS = "Supplier | Contact | City\nGiunta Freni | Ilaria Giunta | Bergamo\nPlumb Line | Oskar Nyman | Lahti"
MINUTES = "Alder Yard Co-operative\n\nChair: Nadia Fenwick\n\nWe met Nadia Fenwick and Oskar Nyman in the hall."


class Graph:
    """A library whose graph is brought up to date before every question."""

    def __init__(self, library: Library, folder: Path) -> None:
        self.library = library
        self.projections = GraphProjections(library.database, folder)
        self.questions = GraphQuestions(library.database, self.projections)

    def update(self) -> int:
        return update_graphs(GraphTools(self.library.database, lambda: None))

    def ask(self, question: str) -> GraphAnswer:
        self.update()
        return self.questions.ask(GraphQuestion("default", question))

    def run(self, cypher: str) -> GraphAnswer:
        self.update()
        return self.questions.ask(GraphQuestion("default", cypher=cypher))

    def rows(self, question: str) -> list[list[object]]:
        result = self.ask(question).result
        return [list(row) for row in result.rows] if result else []


@pytest.fixture
def graph(library: Library, tmp_path: Path) -> Graph:
    for name, text in (("stock.txt", STOCK), ("suppliers.txt", SUPPLIERS), ("minutes.txt", MINUTES)):
        library.add(text, name=name)
    return Graph(library, tmp_path / "graphs")
