"""The parser that the settings name."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from app.file_parser import PDF_PARSERS, open_file_parser
from app.settings import Settings
from retrieval.errors import ModelUnavailable


def test_every_pdf_parser_of_the_settings_can_be_opened() -> None:
    allowed = Settings.model_json_schema()["properties"]["pdf_parser"]["enum"]
    assert set(PDF_PARSERS) == set(allowed)


def test_the_default_is_our_own(tmp_path: Path) -> None:
    path = tmp_path / "note"
    path.write_text("# Title")
    with open_file_parser(Settings(_env_file=None)) as parser:
        assert parser.parse(path, "text/markdown").text == "Title"


@pytest.mark.skipif(find_spec("docling") is not None, reason="the extra `docling` is installed")
def test_docling_that_is_not_installed_is_told_with_what_to_install() -> None:
    with pytest.raises(ModelUnavailable, match=r"scholiast\[docling\]"):
        open_file_parser(Settings(pdf_parser="docling", _env_file=None))


@pytest.mark.skipif(find_spec("docling") is None, reason="needs the extra `docling`")
@pytest.mark.parametrize("folder", [None, "missing", "."])
def test_docling_without_models_is_told_with_how_to_get_them(folder: str | None, tmp_path: Path) -> None:
    models = None if folder is None else tmp_path / folder
    with pytest.raises(ModelUnavailable, match="docling-tools models download"):
        open_file_parser(Settings(pdf_parser="docling", docling_models=models, _env_file=None))


@pytest.mark.skipif(find_spec("docling") is None, reason="needs the extra `docling`")
def test_docling_reads_other_formats_as_ever_and_another_folder_is_another_version(tmp_path: Path) -> None:
    versions = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model").write_text("")
        path = tmp_path / "note"
        path.write_text("# Title")
        with open_file_parser(Settings(pdf_parser="docling", docling_models=tmp_path / name, _env_file=None)) as parser:
            assert parser.parse(path, "text/markdown").text == "Title"
            versions.add(parser.version)
    assert len(versions) == 2
