from pathlib import Path

import pytest

from app.reader import open_reader, reader_name
from app.settings import Settings
from retrieval.errors import ModelUnavailable
from tests.fakes import HashEmbedder


def test_a_reader_that_is_switched_off_is_not_opened(tmp_path: Path) -> None:
    settings = Settings(models_dir=tmp_path, reader=False, _env_file=None)
    assert open_reader(settings, HashEmbedder()) is None
    assert reader_name(settings) == "none"


def test_without_the_model_it_belongs_to_answers_go_without_it_and_the_log_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert open_reader(Settings(models_dir=tmp_path, _env_file=None), HashEmbedder()) is None
    assert "without the reader" in caplog.text


def test_a_file_that_was_named_must_be_usable(tmp_path: Path) -> None:
    settings = Settings(models_dir=tmp_path, reader_weights=tmp_path / "nothing", _env_file=None)
    with pytest.raises(ModelUnavailable):
        open_reader(settings, HashEmbedder())
