"""Answers a question from the documents. `Answerer.answer` is the whole of it, in order."""

import math
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Literal, Protocol

from generation.alignment import Alignment
from generation.citation_check import CitationCheck
from generation.drafting import Draft
from generation.follow_up import standalone
from generation.passage_choice import Prompt, distinct, fit_prompt
from generation.prompts import STOP, wording_for
from generation.quote_candidates import TextEmbedder
from generation.quoting import Quote, best_quote
from generation.self_consistency import usage_of_all, varied, weigh
from generation.types import (
    Answer,
    AnswerEvent,
    Claim,
    ClaimEvent,
    DoneEvent,
    GenerationOptions,
    LanguageModel,
    Message,
    StageEvent,
    Usage,
)
from generation.unwritten_answers import abstain, cite, say, state
from retrieval.deadline import OUT_OF_TIME
from retrieval.representations import TreeSearch
from retrieval.routing.names import AnyRouteName
from retrieval.routing.route_choice import ChosenRoute
from retrieval.trace import StageTrace, Trace
from retrieval.types import DEFAULT_LLM_CALLS, Hit, Json, SearchRequest, SearchResult

# Whatever the model wrote before this stage is not the answer.
QUOTE_STAGE = "quote"
# The documents' own words from the chance in the limits on, else the model's, where the passages support them; the
# model's in any case; the documents'.
Mode = Literal["auto", "generate", "quote"]


class Searcher(Protocol):
    """Finds passages for a question."""

    def search(self, request: SearchRequest) -> SearchResult: ...


class Judge(Protocol):
    """Says of each sentence of an answer whether the passages support it."""

    def judge(self, answer: str, passages: Sequence[Hit]) -> Sequence[Claim]: ...


class Quoter(Protocol):
    """Finds the stretch of the passages that answers the question; `evidence` is the search's own chance of one."""

    def __call__(
        self, embedder: TextEmbedder, question: str, passages: Sequence[Hit], evidence: float, /
    ) -> Quote | None: ...


@dataclass(frozen=True, slots=True)
class AnswerRequest:
    """One question as the pipeline sees it: already validated, all defaults filled in."""

    question: str
    collection: str
    k: int
    history: Sequence[Message] = ()
    filter: Mapping[str, Json] | None = None
    representations: frozenset[str] | None = None
    tree_search: TreeSearch = "collapsed"
    rerank: bool = True
    construct_filter: bool = False
    translation: Sequence[str] = ()
    max_ms: float | None = None  # beyond it the answer is a quote, or what was written until then
    max_llm_calls: int = DEFAULT_LLM_CALLS  # while the question is translated
    route: AnyRouteName = "documents"  # which sources are asked
    instruction: str = ""  # joins the system prompt
    fixed: frozenset[str] = frozenset()  # of `k`, `route`, `translation`: asked for by name, so that no kind changes it
    mode: Mode = "auto"
    samples: int = 1  # drafts, of which the one is shown that agrees best with the others
    options: GenerationOptions = field(default_factory=GenerationOptions)


class Kinds(Protocol):
    """Says what kind of question this is, in collections that tell kinds apart."""

    def choose(self, question: str, collection: str) -> ChosenRoute | None: ...


@dataclass(frozen=True, slots=True)
class AnswerLimits:
    """When to answer at all, and how much the model gets to read."""

    minimum_evidence: float  # 0..1; with less, the answer says that the documents do not tell
    passages: int  # at most so many in the prompt, however many were found
    prompt_tokens: int
    languages: frozenset[str] = frozenset({"en"})  # that the model writes; questions in others are answered by a quote
    minimum_answerable: float = 0.0  # 0..1, chance of the quote: with less it says so, too
    quote_from: float = math.inf  # 0..1, chance of the quote: with more the model is not asked in mode `auto`
    quote_passages: int = 3  # that a quote is looked for in


@dataclass(frozen=True, slots=True)
class _Task:
    """What is to be written, and by which model."""

    writer: LanguageModel
    prompt: Prompt

    def refused(self, draft: Draft) -> bool:
        """Whether the model says, as it was taught to, that no passage answers."""
        return bool(self.prompt.refusal) and draft.text.strip().startswith(self.prompt.refusal)


class Answerer:
    """Answers questions with citations; holds the searcher, the models, the limits, the judge of claims, the quoter.

    `tuned` is a model that learnt the prompt of `tuned_messages` and no other: it writes where nobody says how.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - those who work together here
        self,
        searcher: Searcher,
        model: LanguageModel,
        limits: AnswerLimits,
        judge: Judge,
        quoter: Quoter = best_quote,
        kinds: Kinds | None = None,
        clock: Callable[[], float] = time.monotonic,
        tuned: LanguageModel | None = None,
    ) -> None:
        self._kinds = kinds
        self._searcher = searcher
        self._clock = clock
        self._model = model
        self._limits = limits
        self._judge = judge
        self._quoter = quoter
        self._tuned = tuned

    def answer(self, request: AnswerRequest, cancelled: Callable[[], bool]) -> Iterator[AnswerEvent]:
        """Yields each stage, the text and its citations as they come, and the whole answer last.

        Raises what the search and the model raise.
        """
        asked, request = request.question, _standing_alone(request)
        request, kind = self._of_its_kind(request)
        ends = math.inf if request.max_ms is None else self._clock() + request.max_ms / 1000
        result = self._searcher.search(_search_of(request, asked))
        trace = result.trace
        trace.stages[:0] = kind
        if request.history:
            trace.stages.insert(0, _follow_up(asked, request.question))
        yield from (StageEvent(stage.stage, stage.milliseconds) for stage in trace.stages)
        if result.asks_nothing:
            trace.skip("generate", "the question is put to no source: the answer says what can be asked")
            yield from say(wording_for(request.question).invitation, trace)
            return
        if not result.hits or result.evidence < self._limits.minimum_evidence:
            trace.skip("generate", f"evidence {result.evidence:.2f} is below {self._limits.minimum_evidence:.2f}")
            yield from abstain(request.question, result.hits, trace, None)
            return
        if (computed := result.hits[0].computed) is not None and computed.is_sure:
            trace.skip("generate", "rows of a table answer by themselves")
            yield from state(result.hits[: self._limits.passages], trace)
            return
        quote = yield from self._quote_first(request, result)
        if quote and quote.chance is not None and quote.chance < self._limits.minimum_answerable:
            trace.skip("generate", f"chance of an answer {quote.chance:.2f} < {self._limits.minimum_answerable:.2f}")
            yield from abstain(request.question, result.hits[: self._limits.passages], trace, None)
            return
        if reason := self._unasked(request, quote, ends):
            trace.skip("generate", reason)
            yield from self._quoting(request, result, quote, None)
            return
        task = self._task(request, result.hits, trace)
        yield _last_stage(trace)
        draft = yield from self._draft(task, request, trace, lambda: cancelled() or self._clock() > ends)
        refused = task.refused(draft)
        if draft.citations or refused or cancelled() or request.mode == "generate":
            cited = () if refused else draft.citations
            yield from self._judged(Answer(draft.text, cited, task.prompt.passages, refused, draft.usage, trace))
            return
        yield from self._quoting(request, result, quote, draft)

    def _unasked(self, request: AnswerRequest, quote: Quote | None, ends: float) -> str:
        """Why the model is not asked; empty if it is."""
        if self._clock() > ends:
            return OUT_OF_TIME
        language = wording_for(request.question).language
        if request.mode == "quote":
            return "the documents' own words were asked for"
        chance = quote.chance if quote else None
        if self._may_quote_first(request) and chance is not None and chance >= self._limits.quote_from:
            wanted = f", {self._limits.quote_from:.2f} is enough" if self._limits.quote_from else ""
            return f"the documents answer in their own words (chance {chance:.2f} that they do{wanted})"
        if language not in self._limits.languages:
            return f"the model does not write the question's language ({language})"
        return ""

    def _quote_first(self, request: AnswerRequest, result: SearchResult) -> Generator[AnswerEvent, None, Quote | None]:
        """The quote, where its chance decides what the answer is made of."""
        if not self._may_quote_first(request) and self._limits.minimum_answerable == 0:
            return None
        return (yield from self._read(request.question, result))

    def _may_quote_first(self, request: AnswerRequest) -> bool:
        """Whether a quote may spare the model: not where somebody says how to write, or wants several drafts."""
        wants_writing = bool(request.instruction) or request.samples > 1
        return request.mode == "auto" and not wants_writing and self._limits.quote_from <= 1

    def _read(self, question: str, result: SearchResult) -> Generator[AnswerEvent, None, Quote | None]:
        with result.trace.stage("read") as stage:
            # The search's own embedder: another may answer by now, and vectors of two models must not meet.
            quote = self._quoter(result.embedder, question, self._quotable(result), result.evidence)
            if quote is not None:
                said, span = quote.citation.quote, quote.span
                stage.record(
                    text=said,
                    answer=said[slice(*span)] if span else None,
                    chance=quote.chance,
                    by=quote.by,
                    model=result.embedder.model_id,
                )
        yield _last_stage(result.trace)
        return quote

    def _quotable(self, result: SearchResult) -> Sequence[Hit]:
        return distinct(result.hits)[: self._limits.quote_passages]

    def _quoting(
        self, request: AnswerRequest, result: SearchResult, quote: Quote | None, draft: Draft | None
    ) -> Iterator[AnswerEvent]:
        """Answers in the documents' own words; a draft that no passage carries is kept in the trace only."""
        if quote is None:
            quote = yield from self._read(request.question, result)
        passages = self._quotable(result)
        with result.trace.stage(QUOTE_STAGE) as stage:
            stage.record(unsupported_draft=draft.text if draft else None)
        yield _last_stage(result.trace)
        if quote is None:
            yield from abstain(request.question, passages, result.trace, draft.usage if draft else None)
            return
        yield from cite(request.question, quote, passages, result.trace, draft)

    def _of_its_kind(self, request: AnswerRequest) -> tuple[AnswerRequest, Sequence[StageTrace]]:
        """The request with what its kind of question changes, and the stage that says so."""
        trace = Trace()
        with trace.stage("kind") as stage:
            chosen = self._kinds.choose(request.question, request.collection) if self._kinds else None
            if chosen is None:
                return request, ()
            changed = changes(request, chosen)
            stage.record(
                route=chosen.nearest.name,
                score=round(chosen.nearest.score, 4),
                threshold=round(chosen.nearest.threshold, 4),
                scores={name: round(score, 4) for name, score in chosen.nearest.scores.items()},
                changed=changed,
            )
        return replace(request, **changed), trace.stages

    def _draft(
        self, task: _Task, request: AnswerRequest, trace: Trace, cancelled: Callable[[], bool]
    ) -> Generator[AnswerEvent, None, Draft]:
        """One draft, shown while it is written; or several, of which only the chosen one is shown."""
        passages = task.prompt.passages
        drafts: list[Draft] = []
        shown: list[Sequence[AnswerEvent]] = []
        for number in range(request.samples):
            drafts.append(Draft(CitationCheck(Alignment(request.question, passages), passages)))
            if request.samples == 1:
                yield from self._write(drafts[0], task, request, trace, cancelled)
                return drafts[0]
            sampled = replace(request, options=varied(request.options, number))
            events = list(self._write(drafts[-1], task, sampled, trace, cancelled))
            yield from (event for event in events if isinstance(event, StageEvent))
            shown.append([event for event in events if not isinstance(event, StageEvent)])
            if cancelled():
                break
        with trace.stage("choose") as stage:
            weighed = weigh(drafts)
            best = max(range(len(weighed)), key=lambda place: (weighed[place].score, -place))
            drafts[best].usage = usage_of_all(drafts, best)
            stage.record(
                chosen=best + 1,
                drafts=[
                    {"text": one.draft.text, "agreement": round(one.agreement, 4), "cited": round(one.cited, 4)}
                    for one in weighed
                ],
            )
        yield _last_stage(trace)
        yield from shown[best]
        return drafts[best]

    def _judged(self, answer: Answer) -> Iterator[AnswerEvent]:
        """A verdict on each sentence, and the answer with them; a refusal claims nothing."""
        if not answer.abstained:
            answer = self._with_claims(answer)
            yield _last_stage(answer.trace)
        yield from map(ClaimEvent, answer.claims)
        yield DoneEvent(answer)

    def _with_claims(self, answer: Answer) -> Answer:
        with answer.trace.stage("judge") as stage:
            claims = self._judge.judge(answer.text, answer.passages)
            stage.record(claims=len(claims), verdicts=Counter(claim.verdict for claim in claims))
        return replace(answer, claims=claims)

    def _write(
        self, draft: Draft, task: _Task, request: AnswerRequest, trace: Trace, cancelled: Callable[[], bool]
    ) -> Iterator[AnswerEvent]:
        """Lets the model write the draft, and completes the check of its citations."""
        with trace.stage("generate") as stage:
            options = replace(request.options, stop=(*request.options.stop, *STOP))
            pieces = task.writer.stream(task.prompt.messages, options, lambda: draft.looping or cancelled())
            yield from draft.write(pieces)
            stage.record(model=task.writer.name, repetition_cut=draft.looping, **_usage_facts(draft.usage))
        yield _last_stage(trace)
        with trace.stage("cite") as stage:
            yield from draft.finish()
            stage.record(**draft.counts)
        yield _last_stage(trace)

    def _task(self, request: AnswerRequest, hits: Sequence[Hit], trace: Trace) -> _Task:
        """The prompt, and who writes: the tuned model only what it was tuned for."""
        tuned = None if request.instruction or not wording_for(request.question).refusal else self._tuned
        writer = tuned or self._model
        with trace.stage("prompt") as stage:
            most = max(self._limits.passages, request.k) if request.instruction else self._limits.passages
            candidates = distinct(hits)[:most]
            room = min(self._limits.prompt_tokens, writer.context_tokens - request.options.max_tokens)
            prompt = fit_prompt(
                request.question,
                request.history,
                candidates,
                writer.count_tokens,
                room,
                request.instruction,
                tuned=tuned is not None,
            )
            stage.record(
                tokens=prompt.tokens,
                passages=[hit.chunk.id for hit in prompt.passages],
                passages_left_out=len(hits) - len(prompt.passages),
                shortened_turns=prompt.shortened_turns,
                forgotten_turns=prompt.forgotten_turns,
                messages=[{"role": message.role, "content": message.content} for message in prompt.messages],
            )
        return _Task(writer, prompt)


def changes(request: AnswerRequest, chosen: ChosenRoute) -> dict[str, Json]:
    """What the route changes of the request: nothing that was asked for by name."""
    if chosen.route is None:
        return {}
    settings = chosen.route.settings
    wanted = {
        "instruction": settings.instruction or None,
        "k": settings.passages,
        "route": settings.source,
        "translation": settings.translation,
    }
    return {name: value for name, value in wanted.items() if value is not None and name not in request.fixed}


def _search_of(request: AnswerRequest, asked: str) -> SearchRequest:
    """The search for the question, and for what was asked where that is put another way."""
    return SearchRequest(
        request.question,
        request.collection,
        request.k,
        request.filter,
        request.representations,
        request.tree_search,
        request.rerank,
        construct_filter=request.construct_filter,
        translation=request.translation,
        max_ms=request.max_ms,
        max_llm_calls=request.max_llm_calls,
        route=request.route,
        alternatives=(asked,) if asked != request.question else (),
    )


def _standing_alone(request: AnswerRequest) -> AnswerRequest:
    """The request with a question that can be understood without the history."""
    found = standalone(request.question, request.history)
    return replace(request, question=found) if found else request


def _follow_up(asked: str, understood: str) -> StageTrace:
    """What became of a question with a history; nothing of it takes time worth noting."""
    if asked == understood:
        return StageTrace("follow_up", skipped="the question stands on its own")
    return StageTrace("follow_up", details={"asked": asked, "understood": understood})


def _last_stage(trace: Trace) -> StageEvent:
    return StageEvent(trace.stages[-1].stage, trace.stages[-1].milliseconds)


def _usage_facts(usage: Usage | None) -> dict[str, Json]:
    return {} if usage is None else asdict(usage)
