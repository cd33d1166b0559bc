"""The demonstration: a service, the sample documents, real questions, and a non-zero exit if anything fails.

Its documents stay in a data folder of their own, so that a second run finds them made and anybody can look at them.
"""

import json
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from app.client import Client
from app.fresh_service import service_over
from app.progress import wait_until_ready
from retrieval.errors import ScholiastError

EXAMPLES = Path("examples")
FOLDER = "demo"  # in the data folder


class DemonstrationFailed(ScholiastError):
    """A step of the demonstration did not work."""


def run(console: Console, data: Path, *, fresh: bool = False) -> None:
    """Runs it over a folder of its own in `data`, an empty one if `fresh`.

    Raises `ScholiastError` if any step does not work.
    """
    started = time.perf_counter()
    folder = data / FOLDER
    if fresh and folder.exists():
        shutil.rmtree(folder)
    paths = sorted((EXAMPLES / "documents").iterdir())
    questions = [entry for entry in json.loads((EXAMPLES / "questions.json").read_text()) if entry.get("demo")]
    console.print(f"Starting a service over {folder} ...", markup=False)
    with service_over(folder) as client:
        accepted = client.upload(paths, "demo")
        known = sum(document["status"] == "ready" for document in accepted)
        console.print(f"Uploaded {len(paths)} sample documents; {known} of them are ready from before.")
        finished = wait_until_ready(client, [document["id"] for document in accepted], console)
        for document in finished:
            console.print(
                f"  {document['status']:>6}  {document['chunks']:>4} chunks  {document['name']}", markup=False
            )
        if failed := [document["name"] for document in finished if document["status"] != "ready"]:
            raise DemonstrationFailed(f"Not ready: {', '.join(failed)}.")
        client.wait_until_ready()
        answers = [_ask(client, entry, console) for entry in questions]
    cited = sum(bool(answer["citations"]) for answer in answers)
    right = sum(_contains(answer["answer"], entry) for answer, entry in zip(answers, questions, strict=True))
    console.print(
        f"\n{len(finished)} documents, {len(answers)} answers, {cited} with citations, {right} with the expected "
        f"words, {time.perf_counter() - started:.1f} s."
    )
    if cited < min(5, len(answers)):
        raise DemonstrationFailed("Fewer than 5 answers had a citation.")
    console.print(
        f"Its documents are in {folder}: `SCHOLIAST_DATA_DIR={folder} scholiast serve` opens them in the browser, "
        "`scholiast demo --fresh` begins from nothing.",
        markup=False,
    )


def print_citations(answer: Any, console: Console) -> None:
    """The numbered citations of an answer and the time of each stage."""
    for citation in answer["citations"]:
        page = f", page {citation['page']}" if citation["page"] else ""
        console.print(f"  [{citation['n']}] {citation['document']}{page}: “{citation['quote']}”", markup=False)
    stages = [f"{entry['stage']} {entry['milliseconds']:.0f}" for entry in answer["trace"]["stages"]]
    console.print(f"  {' · '.join(stages)} ms", style="dim", markup=False)


def _ask(client: Client, entry: Any, console: Console) -> Any:
    console.print(f"\n{entry['question']}", style="bold", markup=False)
    answer = None
    for name, data in client.ask(entry["question"], "demo"):
        if name == "done":
            answer = data
    if answer is None:
        raise DemonstrationFailed("A streamed answer ended without its last event.")
    console.print(_with_short_answer(answer))
    print_citations(answer, console)
    if not _contains(answer["answer"], entry):
        console.print(f"  expected: {entry['answer']}", style="yellow", markup=False)
    _check_quotes(client, answer["citations"])
    return answer


def _with_short_answer(answer: Any) -> Text:
    """The text, the words of it that answer by themselves in bold."""
    text, short = Text(answer["answer"]), answer["short_answer"]
    if short is not None:
        text.stylize("bold", short["start"], short["end"])
    return text


def _contains(answer: str, entry: Any) -> bool:
    """Whether the answer has any accepted form of the expected one."""
    return any(variant.lower() in answer.lower() for variant in entry["answer_any"])


def _check_quotes(client: Client, citations: Sequence[Any]) -> None:
    """Every quote must be in its document, at its offsets, letter for letter."""
    for citation in citations:
        text = client.text(citation["document_id"])
        if text[citation["start"] : citation["end"]] != citation["quote"]:
            raise DemonstrationFailed(f"A quote is not in {citation['document']} where the citation says.")
