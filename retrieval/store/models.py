"""The embedding models of the database: which one answers, which one is being made, which one is kept for a rollback.

The database decides, not the setting: vectors of two models must never be compared, and what is stored comes from the
model that is active here. Changing it is one transaction that exchanges roles; everything else follows from them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from retrieval.errors import Conflict, ModelUnavailable
from retrieval.store.schema import embedding_models

Role = Literal["active", "wanted", "kept"]
Stage = Literal["embed", "index", "check"]
# Made once: composing a statement takes longer than running it, and every search runs it.
_LISTED = select(embedding_models).order_by(embedding_models.c.role)


@dataclass(frozen=True, slots=True)
class EmbeddingModel:
    """A model that vectors are stored of."""

    model_id: str  # name@sha256 of the weights
    name: str  # of its folder, as the setting would name it
    role: Role
    stage: Stage | None  # of a wanted model
    progress_done: int
    progress_total: int
    problem: str | None  # why the change to it stopped; None while it goes on
    parity: str | None  # what the comparison with its predecessor found


def listed(connection: Connection) -> Sequence[EmbeddingModel]:
    """All of them: the active one first, then the wanted or the kept one."""
    rows = connection.execute(_LISTED).mappings()
    return [EmbeddingModel(**row) for row in rows]


def having(connection: Connection, role: Role) -> EmbeddingModel | None:
    """The model of the role; None if there is none."""
    return next((model for model in listed(connection) if model.role == role), None)


def active(connection: Connection) -> EmbeddingModel:
    """The model that answers; raises `ModelUnavailable` before the first start has chosen one."""
    found = having(connection, "active")
    if found is None:
        raise ModelUnavailable("No embedding model has been chosen yet; start the service once.")
    return found


def settle(connection: Connection, model_id: str, name: str) -> EmbeddingModel:
    """The active model; a database that has none yet takes this one."""
    found = having(connection, "active")
    if found is None:
        _add(connection, model_id, name, "active")
        return active(connection)
    return found


def want(connection: Connection, model_id: str, name: str) -> None:
    """Begins the change to a model, or takes up again one that stopped; what was kept for a rollback is given up.

    Raises `Conflict` for the active model, for the kept one, and while another is wanted.
    """
    roles = {model.role: model for model in listed(connection)}
    if model_id == active(connection).model_id:
        raise Conflict(f"'{name}' answers already.")
    if "kept" in roles and model_id == roles["kept"].model_id:
        raise Conflict(f"'{name}' is kept from before and up to date; `scholiast reembed --rollback` goes back to it.")
    wanted = roles.get("wanted")
    if wanted is not None and wanted.model_id != model_id:
        raise Conflict(f"The change to '{wanted.name}' is under way; `scholiast reembed --cancel` gives it up.")
    if wanted is not None:
        connection.execute(update(embedding_models).where(_is("wanted")).values(name=name, problem=None))
        return
    connection.execute(delete(embedding_models).where(_is("kept")))
    _add(connection, model_id, name, "wanted")


def note(connection: Connection, model_id: str, stage: Stage, done: int, total: int) -> None:
    """Notes how far the change to a wanted model is, in units of the stage."""
    connection.execute(
        update(embedding_models)
        .where(_is("wanted"), embedding_models.c.model_id == model_id)
        .values(stage=stage, progress_done=done, progress_total=total)
    )


def stop(connection: Connection, model_id: str, problem: str) -> None:
    """Notes why the change to a wanted model does not go on; what was made for it stays."""
    connection.execute(
        update(embedding_models).where(_is("wanted"), embedding_models.c.model_id == model_id).values(problem=problem)
    )


def switch(connection: Connection, model_id: str, parity: str) -> bool:
    """Makes the wanted model the active one and keeps the other; False if it is not wanted any more."""
    wanted = having(connection, "wanted")
    if wanted is None or wanted.model_id != model_id or wanted.problem is not None:
        return False
    values = {"stage": None, "progress_done": 0, "progress_total": 0}
    connection.execute(update(embedding_models).where(_is("active")).values(role="kept"))
    connection.execute(update(embedding_models).where(_is("wanted")).values(role="active", parity=parity, **values))
    return True


def roll_back(connection: Connection) -> EmbeddingModel:
    """Exchanges the active and the kept model, and gives the one that answers now; raises `Conflict` without one."""
    if having(connection, "kept") is None:
        raise Conflict("No earlier model is kept, so there is none to go back to.")
    connection.execute(update(embedding_models).where(_is("active")).values(role="leaving"))
    connection.execute(update(embedding_models).where(_is("kept")).values(role="active"))
    connection.execute(update(embedding_models).where(embedding_models.c.role == "leaving").values(role="kept"))
    return active(connection)


def give_up(connection: Connection, role: Literal["wanted", "kept"]) -> EmbeddingModel:
    """Forgets the wanted or the kept model, whose vectors a worker then removes; raises `Conflict` if there is none."""
    found = having(connection, role)
    if found is None:
        missing = {"wanted": "No change of the embedding model is under way.", "kept": "No earlier model is kept."}
        raise Conflict(missing[role])
    connection.execute(delete(embedding_models).where(_is(role)))
    return found


def _add(connection: Connection, model_id: str, name: str, role: Role) -> None:
    connection.execute(insert(embedding_models).values(model_id=model_id, name=name, role=role))


def _is(role: Role) -> ColumnElement[bool]:
    return embedding_models.c.role == role
