"""How good answers are: words, citations, refusals, what distractors cost, and where the time goes.

Over the sample documents and their questions; with `--data FOLDER` instead over corpora in the BEIR layout whose
questions have answers, of which each passage becomes a document. What is measured is the service's own
`Answerer.answer` over its own search. `--judge MODEL` has a language model judge as well. A run that is cut off goes on
with `--kept FOLDER`.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from app.answer_limits import answer_limits, quote_from
from app.generators import load_generator
from app.reader import open_quoter, reader_name
from app.settings import Settings
from bench import corpora, examples
from bench.answer_log import Answered, AnswerLog
from bench.answer_measures import MEASURES, measured, without_markers
from bench.corpora import Corpus, Question
from bench.distractors import AmongDistractors
from bench.library import COLLECTION, Library, filled, opened
from bench.llm_judge import kappa, verdict
from bench.report import Report, Row, bootstrap, commit
from generation.answer import QUOTE_STAGE, Answerer, AnswerRequest, Mode, Quoter, Searcher
from generation.claims import ClaimJudge
from generation.completion import PromptCompletion
from generation.quoting import best_quote
from generation.types import Answer, DoneEvent, GenerationOptions, LanguageModel
from retrieval.errors import InvalidRequest

QUESTIONS = 25
PASSAGES = 300
NOISY = 10
DISTRACTORS = (0, 2, 4)
MAX_TOKENS = 64
SHORT_MEASURES = ("exact match", "token F1")  # of the words that a quote marks as the answer
# The service as it comes; the model's words, right or wrong; quotes alone: (mode, whether the reader is there).
SERVICE = "service"
SYSTEMS: Mapping[str, tuple[Mode, bool]] = {
    SERVICE: ("auto", True),
    "the model's words": ("generate", True),
    "quotes by the reader": ("quote", True),
    "quotes by the embedder": ("quote", False),
}


@dataclass(frozen=True, slots=True)
class Scope:
    """What is asked, and who judges."""

    folders: Sequence[Path] = ()  # corpora, or folders of corpora
    split: str = "test"
    queries: int = QUESTIONS  # answerable ones of each corpus, and as many unanswerable ones
    passages: int = PASSAGES
    noisy: int = NOISY  # of the answerable ones, asked again with the gold passage among distractors
    kept: Path | None = None
    judge: str | None = None  # a model; None: the rules alone
    judge_url: str | None = None  # the server that runs it; None: this process
    systems: Sequence[str] = ()  # of SYSTEMS; empty: all; the service in any case


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of the questions to one corpus."""

    data: str
    questions: Sequence[Question]
    answers: Mapping[str, Mapping[str, Answered]]  # by system, then by question
    noisy: Mapping[int, Mapping[str, Answered]]  # by number of distractors, then by question


@dataclass(frozen=True, slots=True)
class _Asking:
    """The pipeline as the service builds it, the answers so far, and the passages' ids by document id."""

    settings: Settings
    model: LanguageModel
    judge: ClaimJudge
    quoter: Quoter
    log: AnswerLog
    names: Mapping[str, str]

    def ask(self, searcher: Searcher, question: Question, key: str, passages: int, system: str = SERVICE) -> Answered:
        asked = f"{key} {question.id}" if system == SERVICE else f"{key}, {system} {question.id}"
        return self.log.answer(asked, lambda: self._answer(searcher, question, passages, system))

    def _answer(self, searcher: Searcher, question: Question, passages: int, system: str) -> Answered:
        mode, has_reader = SYSTEMS[system]
        limits = replace(answer_limits(self.settings), passages=passages)
        options = GenerationOptions(max_tokens=MAX_TOKENS)
        request = AnswerRequest(question.text, COLLECTION, passages, mode=mode, options=options)
        quoter = self.quoter if has_reader else best_quote
        events = Answerer(searcher, self.model, limits, self.judge, quoter).answer(request, lambda: False)
        (answer,) = (event.answer for event in events if isinstance(event, DoneEvent))
        return _answered(answer, self.names)


def run(settings: Settings, scope: Scope) -> Report:
    """Every measure by corpus; with a judge also what it says, and how far it agrees with the rules."""
    if unknown := sorted(set(scope.systems) - SYSTEMS.keys()):
        raise InvalidRequest(f"There is no system '{unknown[0]}'; known: {', '.join(SYSTEMS)}.", field="system")
    model = load_generator(settings).model
    stated = {
        "generator": model.name,
        "embedder": str(settings.embedding_model),
        "answer_passages": settings.answer_passages,
        "prompt_tokens": settings.prompt_tokens,
        "min_evidence": settings.min_evidence,
        "generator_languages": list(settings.generator_languages),
        "min_answerable": settings.min_answerable,
        "quote_from": quote_from(settings),
        "quote_passages": settings.quote_passages,
        "reader": reader_name(settings),
        "max_tokens": MAX_TOKENS,
        "split": scope.split,
        "questions": scope.queries,
        "passages": scope.passages,
    }
    facts = hashlib.sha256(json.dumps([stated, commit()]).encode()).hexdigest()[:12]
    stated["asked among distractors"] = scope.noisy
    log = AnswerLog(scope.kept and scope.kept / f"answers-{facts}.jsonl")
    outcomes = [_corpus(settings, model, log, folder, scope) for folder in _folders(scope)]
    if not scope.folders:
        outcomes = [_examples(settings, model, log, scope)]
    rows = [row for outcome in outcomes for row in _rows(outcome)]
    if scope.judge is not None:
        judge = PromptCompletion(load_generator(_judging(settings, scope)).model)
        rows += [row for outcome in outcomes for row in _judged(judge, outcome)]
        stated["judge"] = judge.name
    return Report(
        "answers",
        stated,
        rows,
        plotted=("contains the answer", "token F1, short answer", "citation precision", "refused"),
    )


def _judging(settings: Settings, scope: Scope) -> Settings:
    backend = "openai" if scope.judge_url else "transformers"
    changed = {"generator_model": scope.judge, "generator_url": scope.judge_url, "generator_backend": backend}
    return settings.model_copy(update=changed)


def _folders(scope: Scope) -> Iterator[Path]:
    """The corpora of the scope whose questions have answers."""
    for folder in scope.folders:
        for corpus in [folder] if (folder / "qrels").exists() else sorted(folder.iterdir()):
            has_split = (corpus / "qrels" / f"{scope.split}.tsv").exists()
            if has_split and corpora.questions(corpus, scope.split):
                yield corpus


def _examples(settings: Settings, model: LanguageModel, log: AnswerLog, scope: Scope) -> Outcome:
    asked = [
        Question(
            entry["id"], entry["question"], entry["answer_any"], frozenset(entry["documents"]), bool(entry["documents"])
        )
        for entry in examples.everything()
    ]
    with opened(settings) as library:
        names = examples.store(library)
        library.build()
        asking = _Asking(settings, model, ClaimJudge(), open_quoter(settings, library.embedder), log, names)
        answers = _by_system(asking, library, asked, "examples", scope)
    return Outcome("examples", asked, answers, {})


def _corpus(settings: Settings, model: LanguageModel, log: AnswerLog, folder: Path, scope: Scope) -> Outcome:
    passages, asked = corpora.asked(folder, scope.split, scope.queries, scope.passages)
    with filled(settings, Corpus(folder.name, passages, {}, {}), scope.kept) as (library, names):
        asking = _Asking(settings, model, ClaimJudge(), open_quoter(settings, library.embedder), log, names)
        answers = _by_system(asking, library, asked, folder.name, scope)
        again = [question for question in asked if question.answerable][: scope.noisy]
        noisy = {count: _among(asking, library, again, folder.name, count) for count in DISTRACTORS if again}
    return Outcome(f"{folder.name}, {len(names)} passages", asked, answers, noisy)


def _by_system(
    asking: _Asking, library: Library, asked: Sequence[Question], name: str, scope: Scope
) -> Mapping[str, Mapping[str, Answered]]:
    count = asking.settings.answer_passages
    wanted = {SERVICE, *(scope.systems or SYSTEMS)}
    return {
        system: {question.id: asking.ask(library.retriever, question, name, count, system) for question in asked}
        for system, (_, has_reader) in SYSTEMS.items()
        if system in wanted and (has_reader or asking.quoter is not best_quote)
    }


def _among(
    asking: _Asking, library: Library, asked: Sequence[Question], name: str, count: int
) -> Mapping[str, Answered]:
    searcher = AmongDistractors(library, asking.names, count)
    found = {}
    for question in asked:
        searcher.gold = question.passages
        passages = count + len(question.passages)
        found[question.id] = asking.ask(searcher, question, f"{name}, {count} distractors", passages)
    return found


def _answered(answer: Answer, names: Mapping[str, str]) -> Answered:
    stages = {entry.stage: entry.milliseconds for entry in answer.trace.stages if entry.skipped is None}
    return Answered(
        text=answer.text,
        short=answer.text if answer.short is None else answer.text[slice(*answer.short)],
        abstained=answer.abstained,
        quoted=QUOTE_STAGE in stages and not answer.abstained,
        cited=list(dict.fromkeys(names[citation.document_id] for citation in answer.citations)),
        evidence=answer.trace.recorded("evidence", "evidence") or 0.0,
        milliseconds=stages,
    )


def _rows(outcome: Outcome) -> Iterator[Row]:
    answerable = [question for question in outcome.questions if question.answerable]
    unanswerable = [question for question in outcome.questions if not question.answerable]
    for system, answers in outcome.answers.items():
        yield from _quality(system, outcome.data, answerable, answers)
        if unanswerable:
            refused = [float(answers[question.id].abstained) for question in unanswerable]
            yield bootstrap(system, f"{outcome.data}, unanswerable", "refused", refused)
    for count, answers in outcome.noisy.items():
        again = [question for question in answerable if question.id in answers]
        yield from _quality(f"gold among {count} distractors", outcome.data, again, answers)
    yield from _times(outcome)


def _quality(system: str, data: str, questions: Sequence[Question], answers: Mapping[str, Answered]) -> Iterator[Row]:
    """The measures of words over all questions, a refusal counting 0; those of citations over what was answered."""
    values = [
        measured("" if answers[question.id].abstained else answers[question.id].text, question.answers)
        for question in questions
    ]
    for measure in MEASURES:
        yield bootstrap(system, data, measure, [found[measure] for found in values])
    short = [
        measured("" if answers[question.id].abstained else answers[question.id].short, question.answers)
        for question in questions
    ]
    for measure in SHORT_MEASURES:
        yield bootstrap(system, data, f"{measure}, short answer", [found[measure] for found in short])
    given = [(question, answers[question.id]) for question in questions if not answers[question.id].abstained]
    yield bootstrap(system, data, "answered", [float(not answers[question.id].abstained) for question in questions])
    yield bootstrap(system, data, "quoted", [float(answers[question.id].quoted) for question in questions])
    precision = [len(question.passages & set(said.cited)) / len(said.cited) for question, said in given if said.cited]
    recall = [len(question.passages & set(said.cited)) / len(question.passages) for question, said in given]
    yield bootstrap(system, data, "citation precision", precision)
    yield bootstrap(system, data, "citation recall", recall)


def _times(outcome: Outcome) -> Iterator[Row]:
    """Of the service's answers by stage, one that did not run counting for nothing; of the others as a whole."""
    spent: dict[str, list[float]] = {}
    for answer in outcome.answers[SERVICE].values():
        for stage, milliseconds in {**answer.milliseconds, "all stages": sum(answer.milliseconds.values())}.items():
            spent.setdefault(stage, []).append(milliseconds)
    for stage, values in spent.items():
        for percentile in (50, 95):
            yield Row(stage, f"{outcome.data}, times", f"p{percentile} ms", float(np.percentile(values, percentile)))
    for system in sorted(outcome.answers.keys() - {SERVICE}):
        whole = [sum(answer.milliseconds.values()) for answer in outcome.answers[system].values()]
        yield Row(system, f"{outcome.data}, times", "p50 ms", float(np.median(whole)))


def _judged(judge: PromptCompletion, outcome: Outcome) -> Iterator[Row]:
    """What the judge says of the answers that were given, beside what the rules say of the same ones."""
    answers = outcome.answers[SERVICE]
    given = [
        (question, without_markers(answers[question.id].text))
        for question in outcome.questions
        if question.answerable and not answers[question.id].abstained
    ]
    said = [(verdict(judge, question, text), question, text) for question, text in given]
    pairs = [
        (found, bool(measured(text, question.answers)["contains the answer"]))
        for found, question, text in said
        if found is not None
    ]
    data = f"{outcome.data}, judged"
    yield bootstrap(judge.name, data, "a verdict was given", [float(found is not None) for found, _, _ in said])
    if pairs:
        judged, ruled = zip(*pairs, strict=True)
        yield bootstrap(judge.name, data, "right, by the judge", [float(found) for found in judged])
        yield bootstrap(judge.name, data, "right, by the rules", [float(found) for found in ruled])
        yield bootstrap(judge.name, data, "agreement", [float(one == other) for one, other in pairs])
        yield Row(judge.name, data, "kappa", kappa(judged, ruled))
