"""Documentation and code stay in step: every setting, route, option, stage, comparison and benchmark is documented."""

import re
from pathlib import Path

import pytest
from fastapi import FastAPI

from app.cli import app as command_line
from app.errors import PROBLEMS
from app.main import ROUTERS
from app.schemas.ask import AskOptions
from app.schemas.collections import CollectionSettings
from app.schemas.search import SearchOptions
from app.settings import Settings
from bench.__main__ import BENCHMARKS
from ingest.parsing.detect import SUPPORTED
from retrieval.recall import RETRIEVERS
from retrieval.store.filters import COMPARISONS
from retrieval.translation.strategies import STRATEGIES

ROOT = Path(__file__).parent.parent
API = (ROOT / "docs" / "api.md").read_text()
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text()
README = (ROOT / "README.md").read_text()


def routes() -> set[str]:
    app = FastAPI()
    for router in ROUTERS:
        app.include_router(router)
    return {
        f"{method} {path}" for path, methods in app.openapi()["paths"].items() for method in map(str.upper, methods)
    }


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_documented_with_its_description(name: str) -> None:
    line = next((row for row in CONFIGURATION.splitlines() if f"`SCHOLIAST_{name.upper()}`" in row), "")
    assert Settings.model_fields[name].description in line


def test_no_setting_is_documented_that_does_not_exist() -> None:
    documented = {name.lower() for name in re.findall(r"^\| `SCHOLIAST_(\w+)`", CONFIGURATION, re.MULTILINE)}
    assert documented == set(Settings.model_fields)


def test_every_route_is_documented_and_no_other() -> None:
    documented = set(re.findall(r"^\| `((?:GET|POST|PUT|PATCH|DELETE) [^`]+)`", API, re.MULTILINE))
    assert documented == routes()


@pytest.mark.parametrize("schema", [AskOptions, SearchOptions, CollectionSettings])
def test_every_option_is_documented(schema: type[AskOptions]) -> None:
    for name in schema.model_fields:
        assert f"`{name}`" in API


def test_every_filter_comparison_is_documented() -> None:
    for name in COMPARISONS:
        assert f"`{name}`" in API


def test_every_translation_is_documented() -> None:
    for name in STRATEGIES:
        assert f"| `{name}` |" in API


def test_every_kind_of_file_is_in_the_readme() -> None:
    for extensions in SUPPORTED.values():
        assert any(extension.strip(".").upper() in README.upper() for extension in extensions), extensions


def test_every_command_and_benchmark_is_in_the_readme() -> None:
    for command in command_line.registered_commands:
        assert f"scholiast {command.callback.__name__ if command.callback else ''}" in README
    for name in BENCHMARKS:
        assert f"`{name}`" in README


def test_every_retriever_is_named_in_the_architecture() -> None:
    architecture = (ROOT / "docs" / "architecture.md").read_text()
    for name in RETRIEVERS:
        assert name in architecture


def test_every_file_and_folder_of_the_tree_in_the_readme_exists() -> None:
    tree = README.split("```tree\n")[1].split("```")[0]
    folder = ""
    for line in tree.splitlines():
        name = line.split()[0]
        folder = name if not line.startswith(" ") else folder
        path = ROOT / (name if not line.startswith(" ") else f"{folder}/{name}")
        assert path.exists(), path


def test_problem_types_are_unique() -> None:
    slugs = [problem.slug for problem in PROBLEMS.values()]
    assert len(slugs) == len(set(slugs))


def test_links_inside_the_repository_lead_somewhere() -> None:
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "examples" / "README.md"]:
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", path.read_text()):
            assert (path.parent / target).exists(), f"{path.name} -> {target}"
