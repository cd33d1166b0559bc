"""A model's tokenizer and chat template, read from its folder without the transformers library."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import TemplateError
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import Tokenizer

from retrieval.errors import ModelUnavailable

SpecialTokens = Mapping[str, str]


class ChatTemplate:
    """Turns a conversation into the tokens that the model was trained on."""

    def __init__(self, folder: Path) -> None:
        """Raises `ModelUnavailable` if the folder has no chat template, `OSError` or `ValueError` if it is damaged."""
        settings = _read(folder / "tokenizer_config.json")
        source = _template_source(folder, settings)
        if not source:
            raise ModelUnavailable(
                f"The generator model {folder.name} has no chat template; name an instruct model instead."
            )
        self.tokenizer = _tokenizer(folder / "tokenizer.json")
        self._named = _special_tokens(settings)
        # A template comes with the model, from elsewhere: it runs where it can touch nothing.
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols], autoescape=False
        )
        environment.filters["tojson"] = lambda value, **_: json.dumps(value, ensure_ascii=False)
        environment.globals |= {"raise_exception": _refuse, "strftime_now": lambda form: datetime.now().strftime(form)}
        self._template = environment.from_string(source)
        self.end_tokens = self._end_tokens(folder)

    @property
    def special_strings(self) -> Sequence[str]:
        """What the tokenizer would read as special tokens wherever it stands."""
        return [token.content for token in self.tokenizer.get_added_tokens_decoder().values() if token.special]

    def encode(self, turns: Sequence[Mapping[str, str]]) -> list[int]:
        """The tokens of the conversation and of the header of the answer; turns have `role` and `content`.

        Raises `ModelUnavailable` if the template refuses the conversation.
        """
        try:
            text = self._template.render(messages=turns, add_generation_prompt=True, **self._named)
        except TemplateError as error:
            raise ModelUnavailable(f"The chat template of the generator model refused the prompt: {error}") from error
        tokens: list[int] = self.tokenizer.encode(text, add_special_tokens=False).ids
        return tokens

    def _end_tokens(self, folder: Path) -> frozenset[int]:
        """The tokens that end a turn: those of the generation settings (one or several) and the tokenizer's own."""
        configured = _read(folder / "generation_config.json").get("eos_token_id")
        several = configured if isinstance(configured, list) else [configured]
        own = self.tokenizer.token_to_id(self._named["eos_token"]) if self._named.get("eos_token") else None
        return frozenset(token for token in (*several, own) if token is not None)


def _template_source(folder: Path, settings: Mapping[str, Any]) -> str:
    """The template, from its own file or from the tokenizer's settings (several by name: the default one)."""
    path = folder / "chat_template.jinja"
    if path.is_file():
        return path.read_text()
    found = settings.get("chat_template") or ""
    if isinstance(found, list):
        found = next((entry["template"] for entry in found if entry.get("name") == "default"), "")
    return str(found)


def _special_tokens(settings: Mapping[str, Any]) -> SpecialTokens:
    """`bos_token`, `eos_token` and their like; each a string, or an object with its `content`."""
    named = {name: value for name, value in settings.items() if name.endswith("_token") and value}
    return {
        name: value["content"] if isinstance(value, Mapping) else value
        for name, value in named.items()
        if isinstance(value, str | Mapping)
    }


def _tokenizer(path: Path) -> Tokenizer:
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises nothing narrower
        raise ValueError(f"{path.name} cannot be read") from error


def _refuse(reason: str) -> None:
    raise TemplateError(reason)


def _read(path: Path) -> Any:
    return json.loads(path.read_text()) if path.is_file() else {}
