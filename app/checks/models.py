"""Do all vectors come from the configured model? Those of two models must never be compared."""

from collections.abc import Iterator

from sqlalchemy import func, select

from app.checks.finding import FIX, Finding, Scene
from app.checks.repairs import DropForeignVectors
from retrieval.store.schema import representations


def check_models(scene: Scene) -> Iterator[Finding]:
    """Vectors of other models than the configured one."""
    if scene.model_id is None:
        return
    counted = select(representations.c.model_id, func.count()).group_by(representations.c.model_id)
    counts = {row[0]: row[1] for row in scene.connection.execute(counted)}
    own = counts.pop(scene.model_id, 0)
    for model_id, count in sorted(counts.items()):
        problem = f"{count} vectors come from the model {model_id}, but {scene.model_id} is configured."
        if sum(counts.values()) < own:
            yield Finding(problem, f"{FIX} (removes them)", DropForeignVectors(scene.model_id))
        else:
            # Most of the data says that the setting is what is wrong; to remove it would cost hours of embedding.
            name = model_id.partition("@")[0]
            yield Finding(problem, f"Set SCHOLIAST_EMBEDDING_MODEL={name}, or use another data folder.")


def model_disagrees(scene: Scene) -> bool:
    """True if the configured model is not the one that most vectors come from."""
    return any(finding.repair is None for finding in check_models(scene))
