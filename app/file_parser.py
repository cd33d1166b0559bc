"""The parser of uploaded files that the settings name, in its limited child processes."""

from collections.abc import Callable
from importlib.util import find_spec

from app.settings import MEBIBYTE, Settings
from ingest.parsing.sandbox import ParserSandbox
from ingest.parsing.sandbox_limits import SandboxLimits
from retrieval.errors import ModelUnavailable

_DOCLING_PARSERS = "ingest.parsing.docling_pdf:PARSERS"
_DOCLING_PROCESSES = 4096  # its pipeline hands pages from thread to thread; the limit counts all of the user's
_SIZE = 2  # files that are parsed side by side


def open_file_parser(settings: Settings) -> ParserSandbox:
    """The sandbox with the PDF parser of the settings. Raises `ModelUnavailable` if that lacks something."""
    return PDF_PARSERS[settings.pdf_parser](settings)


def _own_parsers(settings: Settings) -> ParserSandbox:
    return ParserSandbox(_SIZE, _limits(settings))


def _docling_parsers(settings: Settings) -> ParserSandbox:
    if find_spec("docling") is None:
        raise ModelUnavailable(
            "SCHOLIAST_PDF_PARSER=docling needs the extra `docling`: pip install 'scholiast[docling]'."
        )
    folder = settings.docling_models
    if folder is None or not folder.is_dir() or not any(folder.iterdir()):
        raise ModelUnavailable(
            "SCHOLIAST_PDF_PARSER=docling needs a folder of models: run `docling-tools models download -o FOLDER` "
            "where there is a network, and set SCHOLIAST_DOCLING_MODELS=FOLDER."
        )
    environment = {"DOCLING_ARTIFACTS_PATH": str(folder.resolve()), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    return ParserSandbox(_SIZE, _limits(settings, _DOCLING_PROCESSES), _DOCLING_PARSERS, environment)


def _limits(settings: Settings, processes: int = 0) -> SandboxLimits:
    return SandboxLimits(settings.parse_memory_mib * MEBIBYTE, settings.parse_seconds, processes=processes)


PDF_PARSERS: dict[str, Callable[[Settings], ParserSandbox]] = {
    "pypdfium2": _own_parsers,
    "docling": _docling_parsers,
}
