"""Rows of routes: the kinds of questions that a collection tells apart, in the order in which they were given."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from sqlalchemy import Connection, delete, insert, select

from retrieval.routing.routes import Route, RouteSettings
from retrieval.store import collections
from retrieval.store.schema import collection_routes
from retrieval.types import Json


def of_collection(connection: Connection, collection: str) -> Sequence[Route]:
    """The collection's own routes; none if it has those that ship."""
    statement = (
        select(collection_routes)
        .where(collection_routes.c.collection == collection)
        .order_by(collection_routes.c.ordinal)
    )
    return [
        Route(row["name"], tuple(row["examples"]), _settings(row["settings"]))
        for row in connection.execute(statement).mappings()
    ]


def _settings(stored: Mapping[str, Json]) -> RouteSettings:
    """The settings; rows of earlier versions lack what came later."""
    translation = stored.get("translation")
    return RouteSettings(**{**stored, "translation": None if translation is None else tuple(translation)})


def replace(connection: Connection, collection: str, routes: Sequence[Route]) -> None:
    """Gives the collection these routes in place of any it had; none: those that ship. Raises `NotFound`."""
    collections.get(connection, collection)
    connection.execute(delete(collection_routes).where(collection_routes.c.collection == collection))
    if routes:
        rows = [
            {
                "collection": collection,
                "ordinal": ordinal,
                "name": route.name,
                "examples": list(route.examples),
                "settings": asdict(route.settings),
            }
            for ordinal, route in enumerate(routes)
        ]
        connection.execute(insert(collection_routes), rows)
