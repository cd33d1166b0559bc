"""What goes over HTTP about the routes of a collection."""

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import BaseModel, Field, model_validator

from app.schemas.fields import QueryText, Strict, Translation
from retrieval.routing.names import AnyRouteName
from retrieval.routing.nearest_route import NONE
from retrieval.routing.routes import FEWEST_EXAMPLES, LONGEST_EXAMPLE, MAX_EXAMPLES, MAX_ROUTES, RouteSettings


class RouteSettingsDetails(Strict):
    """What a route changes for its questions, where the request does not say otherwise."""

    instruction: Annotated[str, Field(max_length=1_000, description="Joins the system prompt.")] = ""
    passages: Annotated[int, Field(ge=1, le=20, description="Passages that the answer may use.")] | None = None
    source: Annotated[AnyRouteName | None, Field(description="As `options.route`; `none`: nothing is searched.")] = None
    translation: Annotated[Translation | None, Field(description="As `options.translation`.")] = None

    def made(self) -> RouteSettings:
        """The settings as the pipeline sees them."""
        translation = None if self.translation is None else tuple(self.translation)
        return RouteSettings(self.instruction, self.passages, self.source, translation)


class RouteDetails(Strict):
    """A kind of question."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
    examples: Annotated[
        list[Annotated[QueryText, Field(max_length=LONGEST_EXAMPLE)]],
        Field(min_length=FEWEST_EXAMPLES, max_length=MAX_EXAMPLES, description="Questions of this kind."),
    ]
    settings: RouteSettingsDetails = RouteSettingsDetails()


class RouteList(Strict):
    """The routes of a collection, in order."""

    routes: Annotated[list[RouteDetails], Field(min_length=2, max_length=MAX_ROUTES)]

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [route.name for route in self.routes]
        if len(set(names)) < len(names) or NONE in names:
            raise ValueError(f"every route needs a name of its own, and `{NONE}` is taken")
        return self


class ConfusionDetails(BaseModel):
    """Examples of each route (rows) by the route that the others take them for (columns; the last is `none`)."""

    names: Sequence[str]
    counts: Sequence[Sequence[int]]
    accuracy: float
    threshold: Annotated[float, Field(description="The score below which a question is of no route.")]
