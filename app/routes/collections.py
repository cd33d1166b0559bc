"""Routes of collections: list, look at, change settings, delete."""

from typing import Annotated

from fastapi import APIRouter, Path
from sqlalchemy import Connection

from app.dependencies import Cursor, Limit, ServiceDep, decode_cursor, decode_key_cursor, encode_cursor
from app.schemas.collections import (
    CollectionChange,
    CollectionDetails,
    CollectionNodeDetails,
    CollectionPage,
    CollectionSettings,
    CollectionTreePage,
    FieldDetails,
    Reindexing,
)
from retrieval.store import collection_nodes, collections
from retrieval.store.collections import Collection

router = APIRouter(prefix="/v1/collections", tags=["collections"])

Name = Annotated[str, Path(max_length=64, description="A collection's name.")]


@router.get("")
def list_collections(service: ServiceDep, limit: Limit = 100, cursor: Cursor = None) -> CollectionPage:
    """Collections by name."""
    after = decode_cursor(cursor) if cursor is not None else None
    with service.storage.database.read() as connection:
        found = collections.list_page(connection, limit + 1, after)
        shown = [_details(connection, collection) for collection in found[:limit]]
    more = encode_cursor(found[limit - 1].name) if len(found) > limit else None
    return CollectionPage(collections=shown, next_cursor=more)


@router.get("/{name}")
def get_collection(service: ServiceDep, name: Name) -> CollectionDetails:
    """A collection with its counts, settings and the metadata fields that filters can use."""
    with service.storage.database.read() as connection:
        return _details(connection, collections.get(connection, name))


@router.patch("/{name}")
def change_collection(service: ServiceDep, name: Name, change: CollectionChange) -> CollectionDetails:
    """Changes settings. Where they concern documents that are there, those are made anew in the background."""
    changed = service.storage.intake.change_settings(name, change.settings.model_dump(exclude_unset=True))
    with service.storage.database.read() as connection:
        return _details(connection, changed)


@router.post("/{name}/reindex", status_code=202)
def reindex_collection(service: ServiceDep, name: Name) -> Reindexing:
    """Makes every document anew from its original; the old chunks answer until the new ones are ready."""
    return Reindexing(documents=service.storage.intake.reindex(name))


@router.get("/{name}/tree")
def get_collection_tree(
    service: ServiceDep, name: Name, limit: Limit = 100, cursor: Cursor = None
) -> CollectionTreePage:
    """The summaries over the collection's documents that searches see; empty while there are none."""
    after = decode_key_cursor(cursor) if cursor is not None else 0
    with service.storage.database.read() as connection:
        collections.get(connection, name)
        found = collection_nodes.of_collection(connection, name, limit + 1, after)
    more = encode_cursor(str(found[limit - 1].key)) if len(found) > limit else None
    shown = [
        CollectionNodeDetails(
            id=str(node.key),
            level=node.level,
            text=node.text,
            nodes=[str(key) for key in node.nodes],
            documents=node.documents,
        )
        for node in found[:limit]
    ]
    return CollectionTreePage(nodes=shown, next_cursor=more)


@router.delete("/{name}", status_code=204)
def delete_collection(service: ServiceDep, name: Name) -> None:
    """Deletes the collection and every document in it."""
    with service.storage.database.write() as connection:
        collections.remove(connection, name)


def _details(connection: Connection, collection: Collection) -> CollectionDetails:
    counts = collections.counts(connection, collection.name)
    fields = collections.metadata_fields(connection, collection.name)
    return CollectionDetails(
        name=collection.name,
        documents=counts.documents,
        chunks=counts.chunks,
        settings=CollectionSettings(**collection.settings),
        fields=[FieldDetails.model_validate(field, from_attributes=True) for field in fields],
        created_at=collection.created_at,
    )
