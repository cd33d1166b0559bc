"""Which embedding model made the stored vectors; vectors of two models must never be compared."""

from sqlalchemy import Connection, select

from retrieval.errors import ModelUnavailable
from retrieval.store.schema import representations


def check(connection: Connection, model_id: str) -> None:
    """Raises `ModelUnavailable` if the stored vectors come from another model than the one named."""
    stored = connection.scalar(select(representations.c.model_id).limit(1))
    if stored is not None and stored != model_id:
        raise ModelUnavailable(
            f"The documents were embedded with '{stored}', but '{model_id}' is configured. Set "
            f"SCHOLIAST_EMBEDDING_MODEL={stored.partition('@')[0]}, or use another data folder."
        )
