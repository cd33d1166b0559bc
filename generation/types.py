"""What answering speaks of: messages, sampling options, pieces of text, citations, answers. No model code."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from retrieval.trace import Trace
from retrieval.types import Hit, Json

Role = Literal["system", "user", "assistant"]
FinishReason = Literal["stop", "length", "cancelled"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation, in the roles every chat template knows."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class GenerationOptions:
    """How to decode. Temperature 0 is greedy and ignores `top_p`, `top_k`, `min_p` and `seed`; so do beams."""

    max_tokens: int = 160
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0  # 0: no limit
    min_p: float = 0.0  # share of the likeliest token's probability
    repetition_penalty: float = 1.0  # above 1: tokens of prompt and answer become less likely
    beams: int = 1  # above 1: beam search, which says nothing before its end
    seed: int | None = None
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TextPiece:
    """Newly decoded text; the last piece of a completion carries the counts."""

    text: str
    usage: "Usage | None" = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens and times of one completion."""

    prompt_tokens: int
    completion_tokens: int
    first_token_milliseconds: float
    total_milliseconds: float
    finish_reason: FinishReason
    reused_tokens: int = 0  # of the prompt, read before for another one that begins the same
    guessed_tokens: int = 0  # looked up in the text so far and checked by the model
    accepted_tokens: int = 0  # and chosen by it


class LanguageModel(Protocol):
    """A chat model. `stream` yields text as it is decoded and ends with one piece that carries `usage`."""

    @property
    def name(self) -> str: ...

    @property
    def context_tokens(self) -> int: ...

    def count_tokens(self, messages: Sequence[Message]) -> int: ...

    def stream(
        self, messages: Sequence[Message], options: GenerationOptions, cancelled: Callable[[], bool]
    ) -> Iterator[TextPiece]: ...


@dataclass(frozen=True, slots=True)
class ChoiceScore:
    """How likely a model finds a text: the natural logarithm of the probability of each of its tokens."""

    token_log_likelihoods: tuple[float, ...]

    @property
    def log_likelihood(self) -> float:
        """Of the whole text; longer texts are less likely."""
        return sum(self.token_log_likelihoods)

    @property
    def per_token(self) -> float:
        """The mean over its tokens."""
        return self.log_likelihood / len(self.token_log_likelihoods)


class Scorer(Protocol):
    """Tells how likely each of several answers is. Raises `InvalidRequest` where the model's server cannot tell."""

    def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Sequence[ChoiceScore]: ...


class JsonModel(Protocol):
    """Answers with JSON that fits a schema. Raises `Incomplete` if its tokens do not suffice for that."""

    def complete_json(
        self, messages: Sequence[Message], schema: Mapping[str, Json], options: GenerationOptions
    ) -> Json: ...


@dataclass(frozen=True, slots=True)
class Citation:
    """A checked `[n]`: the passage it names and the exact span of the document that carries the claim."""

    n: int
    chunk_id: str
    document_id: str
    document: str
    page: int | None
    start: int  # offsets of the quote in the document's extracted text
    end: int
    quote: str  # verbatim: extracted[start:end]

    @classmethod
    def of_passage(cls, passages: Sequence[Hit], index: int, start: int, end: int) -> "Citation":
        """Cites the stretch [start, end) of the text of the passage with this index (from 0).

        Of what a statement gave the row or the table is cited as a whole: its text is not the document's.
        """
        chunk, computed = passages[index].chunk, passages[index].computed
        place = (chunk.start + start, chunk.start + end) if computed is None else (chunk.start, chunk.end)
        quote = chunk.text[start:end] if computed is None else computed.quote or chunk.text
        return cls(
            n=index + 1,
            chunk_id=chunk.id,
            document_id=chunk.document_id,
            document=chunk.document,
            page=chunk.page,
            start=place[0],
            end=place[1],
            quote=quote,
        )


Verdict = Literal["supported", "partly", "unsupported"]


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of an answer, whether the passages support it, and where they do."""

    start: int  # offsets in the answer's text
    end: int
    verdict: Verdict
    score: float  # 0..1: calibrated chance that it is supported
    evidence: Citation | None  # the stretch that says most of it; None where nothing does


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer with everything needed to check it."""

    text: str
    citations: Sequence[Citation]
    passages: Sequence[Hit]  # the numbered passages, in prompt order: citation n is passages[n - 1]
    abstained: bool
    usage: Usage | None  # None when the model was not asked
    trace: Trace = field(repr=False)
    claims: Sequence[Claim] = ()  # one a sentence; none where the answer abstains
    short: tuple[int, int] | None = None  # offsets in the text: the words of a quote that are the answer themselves


@dataclass(frozen=True, slots=True)
class StageEvent:
    """A stage has finished; `stage` is its name in the trace."""

    stage: str
    milliseconds: float


@dataclass(frozen=True, slots=True)
class TokenEvent:
    """Newly decoded text of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class CitationEvent:
    """A citation that has just been checked."""

    citation: Citation


@dataclass(frozen=True, slots=True)
class ClaimEvent:
    """A sentence of the answer that has been judged; they come after the text."""

    claim: Claim


@dataclass(frozen=True, slots=True)
class DoneEvent:
    """The last event: the whole answer, its text final (it may differ from the streamed text by dropped `[n]`)."""

    answer: Answer


AnswerEvent = StageEvent | TokenEvent | CitationEvent | ClaimEvent | DoneEvent
