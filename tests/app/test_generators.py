"""The generator that the settings name."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from app.generators import BACKENDS, load_generator
from app.settings import Settings
from generation.openai_model import OpenAIModel
from generation.types import GenerationOptions, Message
from tests.generation.faulty_server import ANSWER, FaultyServer


def test_every_backend_of_the_settings_can_be_built() -> None:
    allowed = Settings.model_json_schema()["properties"]["generator_backend"]["enum"]
    assert set(BACKENDS) == set(allowed)


def test_a_server_needs_a_url() -> None:
    with pytest.raises(ValidationError, match="SCHOLIAST_GENERATOR_URL"):
        Settings(generator_backend="openai", _env_file=None)
    with pytest.raises(ValidationError, match="generator_url"):
        Settings(generator_backend="openai", generator_url="file:///etc/passwd", _env_file=None)


def test_a_server_is_the_generator_of_the_settings(tmp_path: Path) -> None:
    server = FaultyServer()
    settings = Settings(
        data_dir=tmp_path,
        generator_backend="openai",
        generator_url=server.url,
        generator_model="tiny",
        generator_api_key="sk-secret",
        generator_context_tokens=1234,
        _env_file=None,
    )
    assert "sk-secret" not in repr(settings)
    generator = load_generator(settings)
    assert isinstance(generator.model, OpenAIModel)
    try:
        pieces = list(generator.model.stream([Message("user", "When?")], GenerationOptions(), lambda: False))
        assert "".join(piece.text for piece in pieces) == "".join(ANSWER)
        assert generator.model.context_tokens == 1234
        assert "authorization: bearer sk-secret" in server.headers[-1].lower()
    finally:
        generator.model.close()
        server.close()
