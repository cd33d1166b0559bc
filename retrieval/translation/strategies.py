"""The strategies by name; a new one is a file and a line here."""

from collections.abc import Callable, Mapping

from retrieval.translation.decomposition import decomposition
from retrieval.translation.hyde import hyde
from retrieval.translation.iterative import iterative
from retrieval.translation.looking import Look, Translation
from retrieval.translation.multi_query import multi_query
from retrieval.translation.rag_fusion import rag_fusion
from retrieval.translation.step_back import step_back
from retrieval.translation.writing import Writer

Strategy = Callable[[Look, Writer | None], Translation]

STRATEGIES: Mapping[str, Strategy] = {
    "multi_query": multi_query,
    "rag_fusion": rag_fusion,
    "hyde": hyde,
    "step_back": step_back,
    "decomposition": decomposition,
    "iterative": iterative,
}
# Strategies that a language model has no part in.
UNWRITTEN = frozenset({"iterative"})
# In place of names: whatever the gate says pays, and nothing.
AUTO, NONE = "auto", "none"
