"""The routes of a collection: which kinds of questions it tells apart, and how well."""

from dataclasses import asdict

from fastapi import APIRouter

from app.dependencies import ServiceDep
from app.routes.collections import Name
from app.schemas.routes import ConfusionDetails, RouteDetails, RouteList, RouteSettingsDetails
from retrieval.routing.routes import Route
from retrieval.store import routes

router = APIRouter(prefix="/v1/collections", tags=["collections"])


@router.get("/{name}/routes")
def get_routes(service: ServiceDep, name: Name) -> RouteList:
    """The collection's routes: its own, or those that every collection begins with."""
    return _details(service, name)


@router.put("/{name}/routes")
def put_routes(service: ServiceDep, name: Name, given: RouteList) -> RouteList:
    """Gives the collection routes of its own, in place of any it had."""
    made = [Route(route.name, tuple(route.examples), route.settings.made()) for route in given.routes]
    with service.storage.database.write() as connection:
        routes.replace(connection, name, made)
    return _details(service, name)


@router.delete("/{name}/routes", status_code=204)
def delete_routes(service: ServiceDep, name: Name) -> None:
    """Goes back to the routes that every collection begins with."""
    with service.storage.database.write() as connection:
        routes.replace(connection, name, [])


@router.get("/{name}/routes/confusion")
def get_confusion(service: ServiceDep, name: Name) -> ConfusionDetails:
    """How often the examples of each route are taken for those of another, each judged without itself."""
    found = service.sources.kinds.confusion(name)
    return ConfusionDetails(
        names=found.names, counts=found.counts.tolist(), accuracy=found.accuracy, threshold=found.threshold
    )


def _details(service: ServiceDep, name: str) -> RouteList:
    return RouteList(
        routes=[
            RouteDetails(
                name=route.name,
                examples=list(route.examples),
                settings=RouteSettingsDetails(**asdict(route.settings)),
            )
            for route in service.sources.kinds.routes_of(name)
        ]
    )
