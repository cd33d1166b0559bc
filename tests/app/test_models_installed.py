"""The models that are installed under `models/` load without a network and know what they should."""

import socket
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from app.models.catalogue import MULTILINGUAL_E5, SMOLLM2
from app.models.install import verify
from retrieval.embedding import SentenceEmbedder

MODELS = Path(__file__).parents[2] / "models"
ENGLISH = [
    "The Eiffel Tower in Paris was finished in 1889 for the world's fair.",
    "Photosynthesis turns light, water and carbon dioxide into sugar and oxygen.",
    "The heart pumps blood through the body about 100,000 times a day.",
]
CHINESE = [
    "长城是中国古代为抵御北方游牧民族而修建的防御工程。",
    "大熊猫主要以竹子为食，生活在四川的山林里。",
    "量子计算机利用叠加和纠缠来解决某些问题。",
]
ENGLISH_QUESTIONS = {"When was the Eiffel Tower built?": 0, "How do plants make sugar?": 1, "What moves the blood?": 2}
CHINESE_QUESTIONS = {"为什么要修建长城？": 3, "熊猫吃什么？": 4, "叠加有什么用？": 5}
# Across languages among the passages of one language: the model prefers the question's own language.
CROSSING_QUESTIONS = {
    "What do pandas eat?": 1,
    "Why was the Great Wall built?": 0,
    "What is quantum computing?": 2,
}

pytestmark = pytest.mark.models


@pytest.fixture(scope="module", autouse=True)
def _no_network() -> Iterator[None]:
    def refuse(*_arguments: object) -> NoReturn:
        raise AssertionError("a model wanted the network")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        yield


@pytest.fixture(scope="module", params=[torch.float32, torch.bfloat16], ids=["float32", "bfloat16"])
def embedder(request: pytest.FixtureRequest) -> SentenceEmbedder:
    return SentenceEmbedder(MODELS / MULTILINGUAL_E5.name, threads=2, dtype=request.param)


def nearest(embedder: SentenceEmbedder, questions: Iterable[str], passages: Sequence[str]) -> list[int]:
    """The position of the passage nearest to each question."""
    asked = np.stack([embedder.embed_query(question) for question in questions])
    found = embedder.embed_passages(passages)
    assert found.shape[1] == MULTILINGUAL_E5.dimension
    return [int(position) for position in (asked @ found.T).argmax(axis=1)]


def test_every_byte_is_as_the_manifest_says() -> None:
    assert [status.state for status in verify(MODELS, [MULTILINGUAL_E5, SMOLLM2])] == ["ready", "ready"]


def test_questions_find_their_passage_in_english_and_chinese(embedder: SentenceEmbedder) -> None:
    questions = ENGLISH_QUESTIONS | CHINESE_QUESTIONS
    assert nearest(embedder, questions, ENGLISH + CHINESE) == list(questions.values())


def test_english_questions_find_chinese_passages(embedder: SentenceEmbedder) -> None:
    assert nearest(embedder, CROSSING_QUESTIONS, CHINESE) == list(CROSSING_QUESTIONS.values())


def test_the_generator_answers_by_its_chat_template_and_stops() -> None:
    folder = MODELS / SMOLLM2.name
    tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model: Any = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True)
    messages = [{"role": "user", "content": "What is the capital of France?"}]
    prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    tokens = model.generate(**prompt, max_new_tokens=30, do_sample=False)[0, prompt["input_ids"].shape[1] :]
    assert "Paris" in tokenizer.decode(tokens)
    assert tokens[-1] == tokenizer.convert_tokens_to_ids("<|im_end|>")
