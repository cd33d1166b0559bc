"""Routes of the embedding model: look at it, change it while the old one answers, go back."""

from fastapi import APIRouter
from sqlalchemy import Connection

from app.dependencies import ServiceDep
from app.embedding_models import begin_change
from app.schemas.embedding import EmbeddingChange, EmbeddingState, ModelDetails, WantedDetails
from app.service import Service
from retrieval.store import models, reembedding
from retrieval.store.models import EmbeddingModel

router = APIRouter(prefix="/v1/embedding-model", tags=["embedding"])


@router.get("")
def get_embedding(service: ServiceDep) -> EmbeddingState:
    """Which model answers, and how far a change is."""
    return _state(service)


@router.put("/wanted", status_code=202)
def change_embedding(service: ServiceDep, change: EmbeddingChange) -> EmbeddingState:
    """Begins the change to another model, or takes up again one that stopped; the active one answers meanwhile."""
    embedders = service.engines.embedders
    begin_change(service.settings, service.storage.database, embedders, change.model, force=change.force)
    return _state(service)


@router.delete("/wanted")
def cancel_change(service: ServiceDep) -> EmbeddingState:
    """Gives up the change that is under way, and what was made for it."""
    with service.storage.database.write() as connection:
        models.give_up(connection, "wanted")
    return _state(service)


@router.post("/rollback")
def roll_back(service: ServiceDep) -> EmbeddingState:
    """Lets the kept model answer again, at once; the other one is kept in its place."""
    with service.storage.database.write() as connection:
        models.roll_back(connection)
    return _state(service)


@router.delete("/kept")
def forget_kept(service: ServiceDep) -> EmbeddingState:
    """Gives up the way back: the kept model's vectors and indexes are removed."""
    with service.storage.database.write() as connection:
        models.give_up(connection, "kept")
    return _state(service)


def _state(service: Service) -> EmbeddingState:
    with service.storage.database.read() as connection:
        active = models.active(connection)
        wanted, kept = models.having(connection, "wanted"), models.having(connection, "kept")
        return EmbeddingState(
            active=_details(connection, active, counted=kept is not None),
            wanted=_wanted(wanted) if wanted is not None else None,
            kept=_details(connection, kept, counted=True) if kept is not None else None,
            parity=active.parity,
        )


def _details(connection: Connection, model: EmbeddingModel, *, counted: bool) -> ModelDetails:
    # To count means to look at every chunk, and while another is made the active one lacks nothing.
    behind = reembedding.remaining(connection, model.model_id) if counted else 0
    return ModelDetails(id=model.model_id, name=model.name, behind=behind)


def _wanted(model: EmbeddingModel) -> WantedDetails:
    return WantedDetails(
        id=model.model_id,
        name=model.name,
        stage=model.stage,
        done=model.progress_done,
        total=model.progress_total,
        problem=model.problem,
    )
