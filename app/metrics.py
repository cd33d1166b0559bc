"""Prometheus metrics of the service: requests, stages, queue, models, memory. No names of people's documents."""

import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from generation.types import Answer
from ingest import recovery
from retrieval.store import documents
from retrieval.store.database import Database
from retrieval.trace import Trace

_SECONDS = (0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6, 1.2, 2.5, 5, 10, 20, 40, 80)
# An answer of fewer tokens says little of how fast they come.
_TELLING_TOKENS = 8
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class Metrics:
    """One registry a service; tests can have many."""

    def __init__(self, database: Database) -> None:
        self._shown: dict[str, frozenset[str]] = {}  # loaded models by role
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)  # resident memory, processor time, open files
        self.registry.register(_QueueCollector(database))
        self.requests = Histogram(
            "scholiast_request_seconds",
            "Time until a response was complete.",
            ("method", "route", "status"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.stages = Histogram(
            "scholiast_stage_seconds",
            "Time of one stage of a search or an answer.",
            ("stage",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.tokens = Counter(
            "scholiast_model_tokens_total",
            "Tokens that went into and came out of the generator.",
            ("direction",),
            registry=self.registry,
        )
        self.speed = Gauge(
            "scholiast_model_tokens_per_second",
            "How fast the generator wrote its last answer of some length, after the first token.",
            registry=self.registry,
        )
        self.models = Gauge(
            "scholiast_model_loaded", "1 for every loaded model.", ("role", "model"), registry=self.registry
        )

    def show_models(self, role: str, names: Sequence[str]) -> None:
        """Shows which models of a role are loaded now."""
        for gone in self._shown.get(role, frozenset()) - set(names):
            self.models.remove(role, gone)
        for name in names:
            self.models.labels(role, name).set(1)
        self._shown[role] = frozenset(names)

    def observe_trace(self, trace: Trace) -> None:
        """Counts the stages that ran."""
        for entry in trace.stages:
            if entry.skipped is None:
                self.stages.labels(entry.stage).observe(entry.milliseconds / 1000)

    def observe_answer(self, answer: Answer) -> None:
        """Counts the stages of an answer and the tokens it took."""
        self.observe_trace(answer.trace)
        if answer.usage is not None:
            self.tokens.labels("in").inc(answer.usage.prompt_tokens)
            self.tokens.labels("out").inc(answer.usage.completion_tokens)
            seconds = (answer.usage.total_milliseconds - answer.usage.first_token_milliseconds) / 1000
            if answer.usage.completion_tokens >= _TELLING_TOKENS and seconds > 0:
                self.speed.set((answer.usage.completion_tokens - 1) / seconds)

    def render(self) -> bytes:
        """Everything in the Prometheus text format."""
        return generate_latest(self.registry)


class _QueueCollector(Collector):
    """Documents by status and living workers, read from the database at every scrape."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def describe(self) -> Iterable[Metric]:
        return []  # what it collects is known only after the database is open

    def collect(self) -> Iterable[Metric]:
        with self._database.read() as connection:
            counts = documents.status_counts(connection)
        by_status = GaugeMetricFamily("scholiast_documents", "Documents by status.", labels=["status"])
        for status in ("queued", "processing", "ready", "failed"):
            by_status.add_metric([status], counts.get(status, 0))
        yield by_status
        yield GaugeMetricFamily(
            "scholiast_workers", "Workers whose heart beats.", value=len(recovery.living(self._database))
        )


class RequestTimer:
    """ASGI middleware that times every request by its route template, never by its path."""

    def __init__(self, app: Application, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves the request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, note_status)
        finally:
            route = getattr(scope.get("route"), "path", "unknown")
            elapsed = time.perf_counter() - started
            self._metrics.requests.labels(scope["method"], route, str(status)).observe(elapsed)
