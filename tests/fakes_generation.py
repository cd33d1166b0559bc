"""Scripted stand-ins for what answering needs: a model that says what it was told to, a searcher that finds it."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from generation.quote_candidates import TextEmbedder
from generation.quoting import Quote
from generation.reader import Reading, Span, Text
from generation.types import Citation, FinishReason, GenerationOptions, Message, TextPiece, Usage
from retrieval.trace import Trace
from retrieval.types import Chunk, Hit, SearchRequest, SearchResult
from tests.fakes import HashEmbedder


class Clock:
    """Stands still until it is moved, so that what waits for time waits as long as a test looks at it."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


class ScriptedModel:
    """Says the enqueued answers in order, word by word; remembers the prompts. A token is a word.

    After the words it raises `failure`, if that is set; `reason` is why it stops otherwise.
    """

    name = "scripted"

    def __init__(self, *answers: str, context_tokens: int = 4096) -> None:
        self.answers = list(answers)
        self.context_tokens = context_tokens
        self.prompts: list[Sequence[Message]] = []
        self.options: list[GenerationOptions] = []
        self.failure: Exception | None = None
        self.reason: FinishReason = "stop"

    def enqueue(self, answer: str) -> None:
        self.answers.append(answer)

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return sum(len(message.content.split()) for message in messages)

    def stream(
        self, messages: Sequence[Message], options: GenerationOptions, cancelled: Callable[[], bool]
    ) -> Iterator[TextPiece]:
        self.prompts.append(messages)
        self.options.append(options)
        words = re.findall(r"\s*\S+|\s+$", self.answers.pop(0))
        said = 0
        for word in words:
            if cancelled():
                break
            said += 1
            yield TextPiece(word)
        if self.failure is not None:
            raise self.failure
        reason = self.reason if said == len(words) else "cancelled"
        yield TextPiece("", Usage(self.count_tokens(messages), said, 1.0, 2.0, reason))


class ScriptedSearcher:
    """Finds the same hits for every request; remembers the requests."""

    def __init__(self, *hits: Hit, evidence: float = 1.0, asks_nothing: bool = False) -> None:
        self.hits = hits
        self.evidence = evidence
        self.asks_nothing = asks_nothing
        self.requests: list[SearchRequest] = []

    def search(self, request: SearchRequest) -> SearchResult:
        self.requests.append(request)
        trace = Trace()
        with trace.stage("recall") as stage:
            stage.record(candidates=len(self.hits))
        return SearchResult(self.hits[: request.k], self.evidence, trace, HashEmbedder(), self.asks_nothing)


class MarkingReader:
    """Marks in each text the first of these stretches that it holds, with that chance; else the whole text, with 0."""

    def __init__(self, chances: Mapping[str, float]) -> None:
        self.chances = chances
        self.asked: list[Text] = []

    def read(self, question: str, texts: Sequence[Text]) -> list[Reading]:
        self.asked += texts
        return [self._read(text) for text in texts]

    def _read(self, text: Text) -> Reading:
        for marked, chance in self.chances.items():
            if (start := text.passage.find(marked)) >= 0:
                span = Span(start, start + len(marked), 1.0)
                within = [span if low <= start and span.end <= high else None for low, high in text.stretches]
                return Reading(span, 1.0, chance, within)
        nothing = [None] * len(text.stretches)
        return Reading(Span(0, len(text.passage), 0.0) if text.passage else None, 0.0, 0.0, nothing)


class ScriptedQuoter:
    """Quotes the passage that holds the first of these stretches, which it marks, with that chance."""

    def __init__(self, chances: Mapping[str, float]) -> None:
        self.chances = chances
        self.asked: list[str] = []

    def __call__(
        self, embedder: TextEmbedder, question: str, passages: Sequence[Hit], evidence: float, /
    ) -> Quote | None:
        self.asked.append(question)
        for marked, chance in self.chances.items():
            for number, hit in enumerate(passages):
                if (start := hit.chunk.text.find(marked)) >= 0:
                    citation = Citation.of_passage(passages, number, 0, len(hit.chunk.text))
                    return Quote(citation, chance, "reader", span=(start, start + len(marked)))
        return None


def passage(text: str, *, start: int = 0, number: int = 1, document: str = "Notes", heading: str = "") -> Hit:
    """A hit on a chunk that begins `start` characters into its document."""
    headings = (heading,) if heading else ()
    chunk = Chunk(
        number, f"chunk-{number}", f"document-{document}", document, text, start, start + len(text), None, headings, 0
    )
    return Hit(chunk, 1.0, {})
