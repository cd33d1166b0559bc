import json
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from generation.chat_template import ChatTemplate
from retrieval.errors import ModelUnavailable
from tests.generation.tiny_models import TEMPLATE, save_tiny_llama

EMBEDDED = Path("models/SmolLM2-135M-Instruct")
CONVERSATION = [
    {"role": "system", "content": "Answer briefly.\n"},
    {"role": "user", "content": "  长江有多长？ It's 6,300 km, isn't it?"},
    {"role": "assistant", "content": "Yes [1]."},
    {"role": "user", "content": "And the Rhine?"},
]


@pytest.mark.models
@pytest.mark.parametrize("turns", [CONVERSATION, CONVERSATION[1:], CONVERSATION[3:]])
def test_the_embedded_model_gets_the_tokens_that_transformers_gives(turns: list[dict[str, str]]) -> None:
    library = AutoTokenizer.from_pretrained(EMBEDDED)
    expected = library(library.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))["input_ids"]
    template = ChatTemplate(EMBEDDED)
    assert template.encode(turns) == expected
    assert library.eos_token_id in template.end_tokens
    assert set(library.all_special_tokens) <= set(template.special_strings)


def test_the_template_may_stand_in_the_tokenizers_settings(tmp_path: Path) -> None:
    folder = save_tiny_llama(tmp_path / "model")
    expected = ChatTemplate(folder).encode(CONVERSATION)
    (folder / "chat_template.jinja").unlink()
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    for form in (TEMPLATE, [{"name": "tools", "template": "x"}, {"name": "default", "template": TEMPLATE}]):
        (folder / "tokenizer_config.json").write_text(json.dumps(settings | {"chat_template": form}))
        assert ChatTemplate(folder).encode(CONVERSATION) == expected


def test_special_tokens_may_be_objects(tmp_path: Path) -> None:
    folder = save_tiny_llama(tmp_path / "model", "{{ eos_token }}{{ messages[0].content }}")
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    expected = ChatTemplate(folder).encode(CONVERSATION)
    settings["eos_token"] = {"content": "<|end|>", "lstrip": False}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    template = ChatTemplate(folder)
    assert template.encode(CONVERSATION) == expected
    assert expected[0] in template.end_tokens


@pytest.mark.parametrize(
    "source",
    [
        "{{ raise_exception('two system turns') }}",
        "{{ messages.__class__.__mro__[1].__subclasses__() }}",
        "{{ messages.append(1) }}",
    ],
    ids=["refusal", "escape", "mutation"],
)
def test_a_template_can_refuse_but_not_reach_outside(tmp_path: Path, source: str) -> None:
    template = ChatTemplate(save_tiny_llama(tmp_path / "model", source))
    with pytest.raises(ModelUnavailable, match="template"):
        template.encode(CONVERSATION)


def test_several_end_tokens_are_known(tmp_path: Path) -> None:
    folder = save_tiny_llama(tmp_path / "model")
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": [5, 6]}))
    assert {5, 6} < ChatTemplate(folder).end_tokens
