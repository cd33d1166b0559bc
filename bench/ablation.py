"""The ranker without one group of its features: what they added to each score is taken out again."""

from collections.abc import Sequence

from retrieval.candidates import CandidateTable
from retrieval.features import GROUPS
from retrieval.ranking import Ranked, Ranker


class WithoutGroup:
    """Ranks by the scores without the contributions of a group. Nothing is trained again: it shows what is in use."""

    def __init__(self, ranker: Ranker, group: str) -> None:
        self._ranker = ranker
        self._left_out = GROUPS[group].keys()
        self.name = f"{ranker.name} without {group}"

    def suits(self, model_id: str) -> bool:
        """As the whole ranker."""
        return self._ranker.suits(model_id)

    def rank(self, keys: Sequence[int], table: CandidateTable, explained: int) -> Sequence[Ranked]:
        """The candidates, best first."""
        ranked = [
            Ranked(item.key, item.score - sum(item.contributions.get(name, 0.0) for name in self._left_out))
            for item in self._ranker.rank(keys, table, explained=len(keys))
        ]
        return sorted(ranked, key=lambda item: -item.score)
