"""Are the embedding models there that the database names, and does every vector come from one of them?"""

from collections.abc import Callable, Iterator

from sqlalchemy import func, select

from app.checks.finding import FIX, Finding, Scene
from app.checks.repairs import DropForeignVectors
from app.embedding_models import ignored_setting
from app.settings import Settings
from retrieval.errors import ModelUnavailable
from retrieval.store import models
from retrieval.store.schema import node_vectors, representations

# The id of the model that a name stands for, as the embedder itself says it; raises `ModelUnavailable`.
IdentifyModel = Callable[[Settings, str], str]


def check_models(scene: Scene, settings: Settings, identify: IdentifyModel) -> Iterator[Finding]:
    """Models that are missing or not what they were, a setting that counts for nothing, vectors of other models."""
    known = models.listed(scene.connection)
    for model in known:
        pull = f"Run: scholiast models pull {model.name.rpartition('/')[2]}"
        try:
            found = identify(settings, model.name)
        except ModelUnavailable as missing:
            yield Finding(missing.detail, pull)
            continue
        if found != model.model_id:
            problem = f"Vectors come from the model {model.model_id}, but under its name there is {found} now."
            yield Finding(problem, f"Bring its files back under that name, or {pull[0].lower()}{pull[1:]}")
        if model.problem is not None:
            remedy = f"Try again: scholiast reembed {model.name}; or give it up: scholiast reembed --cancel"
            yield Finding(f"The change of the embedding model stopped. {model.problem}", remedy)
        if model.role == "active" and (ignored := ignored_setting(settings, model)):
            yield Finding(f"{ignored}.", f"Or set SCHOLIAST_EMBEDDING_MODEL={model.name}")
    ids = [model.model_id for model in known]
    for table in (representations, node_vectors):
        counted = select(table.c.model_id, func.count()).where(table.c.model_id.not_in(ids)).group_by(table.c.model_id)
        for model_id, count in scene.connection.execute(counted):
            problem = f"{count} vectors come from the model {model_id}, which is not in use."
            yield Finding(problem, f"{FIX} (removes them)", DropForeignVectors())
