"""What goes over HTTP about the embedding models."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from app.schemas.fields import Strict


class EmbeddingChange(Strict):
    """Which model is to answer in future."""

    model: Annotated[str, Field(min_length=1, max_length=500, description="Name of a folder under the models folder.")]
    force: Annotated[bool, Field(description="Also if the model does not know the documents' language.")] = False


class ModelDetails(BaseModel):
    """An embedding model that vectors are stored of."""

    id: str
    name: str
    behind: int  # texts that it has still to embed; until then they are found by their words where it answers


class WantedDetails(BaseModel):
    """A model that is to answer, and how far the change to it is."""

    id: str
    name: str
    stage: Literal["embed", "index", "check"] | None
    done: int
    total: int
    problem: str | None


class EmbeddingState(BaseModel):
    """The model that answers, the one that is being made, the one kept for a rollback."""

    active: ModelDetails
    wanted: WantedDetails | None
    kept: ModelDetails | None
    parity: str | None  # how the active model compared with its predecessor
