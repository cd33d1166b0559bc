"""The entries fit together, and names are looked up with a helpful refusal."""

import re

import pytest

from app.models.catalogue import CATALOGUE, EmbeddedModel, find_models
from app.models.convert import CONVERSIONS
from retrieval.errors import InvalidRequest

every_model = pytest.mark.parametrize("model", CATALOGUE.values(), ids=CATALOGUE)


@every_model
def test_a_wheel_is_pinned_and_every_member_has_its_sha256(model: EmbeddedModel) -> None:
    assert re.fullmatch(r"[a-z0-9-]+==[0-9.]+", model.requirement)
    assert all(re.fullmatch(r"[0-9a-f]{64}", member.sha256) for member in model.members)
    assert len({member.sha256 for member in model.members}) == len(model.members)


@every_model
def test_members_stay_inside_the_folder_that_they_are_unpacked_into(model: EmbeddedModel) -> None:
    assert all(re.fullmatch(r"(\w+/)?[\w.-]+", member.name) for member in model.members)


@every_model
def test_the_conversion_of_a_model_exists(model: EmbeddedModel) -> None:
    assert model.conversion in CONVERSIONS


def test_without_names_an_embedder_and_a_generator_are_found() -> None:
    assert [model.role for model in find_models()] == ["embedder", "generator"]


def test_an_optional_model_is_found_by_name_and_among_all() -> None:
    assert [model.name for model in find_models(["all-MiniLM-L6-v2"])] == ["all-MiniLM-L6-v2"]
    assert [model.name for model in find_models(everything=True)] == list(CATALOGUE)


def test_a_name_given_twice_is_found_once() -> None:
    assert len(find_models(["all-MiniLM-L6-v2", "all-MiniLM-L6-v2"])) == 1


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidRequest, match="multilingual-e5-small") as refusal:
        find_models(["bert"])
    assert refusal.value.allowed == tuple(CATALOGUE)
