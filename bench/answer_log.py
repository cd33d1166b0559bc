"""What was answered, kept in a file line by line, so that a run that is cut off goes on where it stopped."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer as it was given."""

    text: str
    short: str  # the words of it that answer by themselves; all of it where none are marked
    abstained: bool
    quoted: bool  # the documents' own words in place of the model's
    cited: Sequence[str]  # ids of the cited passages, each once
    evidence: float
    milliseconds: Mapping[str, float]  # by stage


class AnswerLog:
    """Answers by key; without a path nothing outlives the run."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        lines = path.read_text().splitlines() if path is not None and path.exists() else []
        self._known = {key: Answered(**answer) for key, answer in map(json.loads, lines)}

    def answer(self, key: str, ask: Callable[[], Answered]) -> Answered:
        """The answer of an earlier run, or the one that `ask` gives now."""
        if key not in self._known:
            self._known[key] = ask()
            if self._path is not None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                with self._path.open("a") as file:
                    file.write(json.dumps([key, asdict(self._known[key])], ensure_ascii=False) + "\n")
        return self._known[key]
