"""The loaded embedders follow the models that the database names."""

import pytest

from retrieval.embedders import Embedders
from retrieval.errors import ModelUnavailable
from retrieval.store import models
from tests.fakes import HashEmbedder, Library, load_scripted


class Loader:
    """Loads scripted embedders and remembers which."""

    def __init__(self) -> None:
        self.loaded: list[str] = []

    def __call__(self, name: str) -> HashEmbedder:
        self.loaded.append(name)
        return load_scripted(name)


@pytest.fixture
def loader() -> Loader:
    return Loader()


@pytest.fixture
def embedders(library: Library, loader: Loader) -> Embedders:
    return Embedders(library.database, loader)


def want(library: Library, name: str) -> None:
    with library.database.write() as connection:
        models.want(connection, f"{name}@1", name)


def test_each_model_is_loaded_once_and_ahead_of_its_use(library: Library, embedders: Embedders, loader: Loader) -> None:
    assert embedders.active().model_id == "hash@1"
    want(library, "other")
    for _ in range(3):
        embedders.follow()
        assert embedders["other@1"].model_id == "other@1"
    assert loader.loaded == ["hash", "other"]


def test_a_model_that_is_given_up_goes_a_moment_later(library: Library, embedders: Embedders) -> None:
    want(library, "other")
    embedders.follow()
    with library.database.write() as connection:
        models.give_up(connection, "wanted")
    embedders.follow()
    assert embedders["other@1"].model_id == "other@1"  # a search that began before may still ask for it
    embedders.follow()
    assert embedders.loaded == ["hash@1"]
    with pytest.raises(ModelUnavailable, match="not in use any more"):
        embedders["other@1"]


def test_a_model_that_is_missing_harms_no_other(library: Library, embedders: Embedders, loader: Loader) -> None:
    want(library, "missing")
    embedders.follow()
    assert embedders.loaded == ["hash@1"]
    with pytest.raises(ModelUnavailable, match="not installed"):
        embedders["missing@1"]


def test_other_files_under_the_same_name_are_refused(library: Library, embedders: Embedders) -> None:
    with library.database.write() as connection:
        models.want(connection, "other@0", "other")
    with pytest.raises(ModelUnavailable, match=r"embedded with 'other@0', but the folder of 'other' holds 'other@1'"):
        embedders["other@0"]
