"""The estimate against real tokenizers: too high is a passage less, too low a prompt that the server refuses."""

from pathlib import Path

import pytest
from tokenizers import Tokenizer

from generation.token_estimate import estimate_tokens, text_tokens
from generation.types import Message

ROOT = Path(__file__).parent.parent.parent
TEXTS = [*(ROOT / "examples").rglob("*.txt"), *(ROOT / "docs").glob("*.md"), *(ROOT / "examples").rglob("*.csv")]


@pytest.mark.models
@pytest.mark.parametrize("model", ["SmolLM2-135M-Instruct", "multilingual-e5-small"])
def test_it_is_never_below_the_tokens_of_english_chinese_or_tables_and_not_twice_as_many(model: str) -> None:
    tokenizer = Tokenizer.from_file(str(ROOT / "models" / model / "tokenizer.json"))
    tokenizer.no_truncation()
    stretches = [
        text[at : at + 2000] for text in (path.read_text() for path in TEXTS) for at in range(0, len(text), 2000)
    ]
    counts = [len(tokenizer.encode(stretch, add_special_tokens=False).ids) for stretch in stretches]
    estimates = [text_tokens(stretch) for stretch in stretches]
    assert all(estimate >= count for estimate, count in zip(estimates, counts, strict=True))
    assert sum(estimates) < 2 * sum(counts)


def test_every_message_has_a_frame() -> None:
    assert estimate_tokens([Message("user", ""), Message("user", "two words")]) == 8 + 8 + 3


@pytest.mark.parametrize("text", ["\ud800", "🏛️", "a" * 10_000, "\n" * 100, ""])
def test_odd_texts_are_counted_too(text: str) -> None:
    assert text_tokens(text) >= len(text) // 4
