"""The prompts that the service would make for the English sample questions."""

from pathlib import Path

from app.settings import Settings
from bench import examples
from bench.library import COLLECTION, opened
from generation.chat_template import ChatTemplate
from generation.prompts import answer_messages
from generation.request import PromptTokens
from retrieval.types import SearchRequest


def answer_prompts(settings: Settings, folder: Path) -> list[PromptTokens]:
    """One a question, with the passages that search finds for it."""
    template = ChatTemplate(folder)
    found = []
    with opened(settings) as library:
        examples.store(library)
        library.build()
        for entry in examples.questions():
            if entry["language"] == "en":
                hits = library.retriever.search(
                    SearchRequest(entry["question"], COLLECTION, settings.answer_passages)
                ).hits
                turns = [
                    {"role": message.role, "content": message.content}
                    for message in answer_messages(entry["question"], (), [hit.chunk.text for hit in hits])
                ]
                tokens = template.encode(turns)
                ends = [place + 1 for place, token in enumerate(tokens) if token in template.end_tokens]
                found.append(PromptTokens(tokens, ends[-2]))
    return found
