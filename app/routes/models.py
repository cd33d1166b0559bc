"""The names that OpenAI clients can give as `model`: the service itself, and one a collection."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Path
from sqlalchemy import Connection
from starlette.convertors import PathConvertor, register_url_convertor

from app import openai_errors
from app.chat_request import MODEL, collection_of
from app.dependencies import ServiceDep
from app.schemas.chat import ModelDetails, ModelList
from retrieval.errors import NotFound
from retrieval.store import collections
from retrieval.store.collections import Collection

router = APIRouter(prefix="/v1/models", tags=["openai"], route_class=openai_errors.OpenAIRoute)

_PAGE = 1000


class _AnyName(PathConvertor):
    """What stands for a model in the path, line ends included: with those a path would be no route's at all."""

    regex = "(?s:.*)"


register_url_convertor("any_name", _AnyName())


@router.get("", responses=openai_errors.RESPONSES)
def list_models(service: ServiceDep) -> ModelList:
    """`scholiast` for the default collection, and `scholiast/<collection>` for every collection."""
    with service.storage.database.read() as connection:
        named = [_details(collection) for collection in _all(connection)]
        return ModelList(data=[_default(connection), *named])


@router.get("/{model:any_name}", responses=openai_errors.RESPONSES)
def get_model(
    service: ServiceDep, model: Annotated[str, Path(description="`scholiast` or `scholiast/<collection>`.")]
) -> ModelDetails:
    """One of them."""
    with service.storage.database.read() as connection:
        if model == MODEL:
            return _default(connection)
        return _details(collections.get(connection, collection_of(model)))


def _all(connection: Connection) -> Iterator[Collection]:
    page = collections.list_page(connection, _PAGE, None)
    while page:
        yield from page
        page = collections.list_page(connection, _PAGE, page[-1].name)


def _default(connection: Connection) -> ModelDetails:
    """The service under its own name, which it has before anything was uploaded."""
    try:
        created = int(collections.get(connection, collection_of(MODEL)).created_at)
    except NotFound:
        created = 0
    return ModelDetails(id=MODEL, created=created)


def _details(collection: Collection) -> ModelDetails:
    return ModelDetails(id=f"{MODEL}/{collection.name}", created=int(collection.created_at))
