"""Texts that the language model writes about one document: summaries, questions, overviews for its tree.

One text at a time. Each is kept in the stage cache as soon as it is there, so a worker that is killed, paused or
stopped never writes a text twice. What the model wrote is kept as it came, and checked whenever it is used.
"""

import json
import logging
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from sqlalchemy import Connection

from ingest.model_on_demand import ModelOnDemand
from ingest.precedence import EnrichmentStopped
from ingest.prompts import WORDINGS, Task, Wording, language_of, prompt_for
from ingest.written_text import usable_questions, usable_summary
from retrieval import failpoints
from retrieval.errors import ModelUnavailable
from retrieval.sentences import sentence_spans
from retrieval.store import enrichment, stage_cache
from retrieval.store.database import Database
from retrieval.store.enrichment import EnrichmentTask
from retrieval.types import CompletionModel, Prompt

_Text = TypeVar("_Text", str, list[str])
_LOGGER = logging.getLogger(__name__)

STAGE = "written"
# A model that fails so often in a row is asked no more about this document.
MAX_FAILURES = 3
# Longer than any text takes: a model that never ends must not hold up what waits behind the document.
TEXT_SECONDS = 180.0


class ModelWriter:
    """Writes about one document. A text that cannot be had or used is left out; the caller has another, or none."""

    def __init__(
        self,
        database: Database,
        language_model: ModelOnDemand,
        task: EnrichmentTask,
        go_first: Callable[[], None],
        cancelled: Callable[[], bool],
    ) -> None:
        """`go_first` is called before every text, `cancelled` before every token."""
        self._database = database
        self._language_model = language_model
        self._task = task
        self._go_first = go_first
        self._cancelled = cancelled
        self._keys: list[str] = []
        self._failures = 0  # in a row
        self._unavailable = ""  # why there is no model
        self._useless = 0
        self._foreign = 0  # texts in a language that the model does not write

    def questions(self, sources: Sequence[str]) -> list[list[str]]:
        """For each source, questions that it answers."""
        return self._write("questions", sources, usable_questions)

    def summaries(self, sources: Sequence[str]) -> list[str]:
        """For each source, what it says in one sentence; "" where what was written is of no use."""
        return self._write("summary", sources, usable_summary)

    def overviews(self, sources: Sequence[str]) -> list[str]:
        """For each source, what it is about in two or three sentences; "" where what was written is of no use."""
        return self._write("overview", sources, usable_summary)

    def forget_others(self, connection: Connection) -> None:
        """Drops texts that were kept for earlier states of the document; a model that comes back finds the rest."""
        if not self._unavailable:
            stage_cache.keep_only(connection, self._task.document_id, STAGE, self._keys)

    @property
    def remark(self) -> str | None:
        """What whoever asked for the texts should know of how it went."""
        remarks = []
        if self._unavailable:
            remarks.append(f"The model wrote nothing, summaries are the document's own sentences: {self._unavailable}")
        if self._failures >= MAX_FAILURES:
            remarks.append(f"The model failed {MAX_FAILURES} times in a row and was asked no more; see the log.")
        if self._foreign:
            remarks.append(f"{self._foreign} texts were not asked for: the model does not write their language.")
        if self._useless:
            remarks.append(f"Of {len(self._keys)} texts of the model {self._useless} could not be used.")
        return " ".join(remarks) or None

    def _write(self, task: Task, sources: Sequence[str], usable: Callable[[str, str], _Text]) -> list[_Text]:
        found: list[_Text] = []
        for done, source in enumerate(sources, 1):
            self._go_first()
            written = self._written(task, source)
            text = usable(written, source)
            self._useless += bool(written) and not text
            found.append(text)
            with self._database.write() as connection:
                enrichment.note(connection, self._task.revision_key, task, done, len(sources))
        return found

    def _written(self, task: Task, source: str) -> str:
        """What the model writes or wrote, as it came; "" where it cannot."""
        language = language_of(source)
        if language not in self._language_model.languages:
            self._foreign += 1
            return ""
        if self._unavailable:
            return ""
        wording = WORDINGS[task, language]
        try:
            model = self._language_model.get()
        except ModelUnavailable as error:
            self._unavailable = error.detail
            return ""
        prompt = _fitting_prompt(model, wording, source)
        key = stage_cache.key_of(STAGE, self._task.document_id, model.name, json.dumps(_parts(prompt, wording)))
        self._keys.append(key)
        with self._database.read() as connection:
            known = stage_cache.get(connection, [key])
        return known[key].decode() if key in known else self._complete(model, prompt, wording.max_tokens, key)

    def _complete(self, model: CompletionModel, prompt: Prompt, max_tokens: int, key: str) -> str:
        if self._failures >= MAX_FAILURES:
            return ""
        deadline = time.monotonic() + TEXT_SECONDS
        try:
            text = model.complete(prompt, max_tokens, lambda: self._cancelled() or time.monotonic() > deadline)
        except Exception:  # the edge of one text: whatever the model failed at, the document does without
            _LOGGER.exception("A text about document %s could not be written.", self._task.document_id)
            self._failures += 1
            return ""
        self._failures = 0
        if self._cancelled():
            raise EnrichmentStopped  # the text was cut off, and is not kept
        with self._database.write() as connection:
            stage_cache.put(connection, self._task.document_id, STAGE, key, text.encode())
            enrichment.got_somewhere(connection, self._task.revision_key)
            failpoints.reached("enrich.written")
        failpoints.reached("enrich.kept")
        return text


def _fitting_prompt(model: CompletionModel, wording: Wording, source: str) -> Prompt:
    """The prompt over as many of the source's first sentences as the model has room for, and over one at least."""
    prompt = prompt_for(wording, source)
    spans = sentence_spans(source)
    count = len(spans)
    while count > 1 and not model.fits(prompt, wording.max_tokens):
        count //= 2
        prompt = prompt_for(wording, source[: spans[count - 1][1]])
    return prompt


def _parts(prompt: Prompt, wording: Wording) -> Sequence[object]:
    """Everything that a text depends on, beside the model."""
    return [prompt.system, prompt.examples, prompt.asked, wording.max_tokens]
