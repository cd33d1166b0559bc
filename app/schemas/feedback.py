"""What goes over HTTP about what people made of hits and answers."""

from typing import Annotated

from pydantic import Field

from app.schemas.fields import Identifier, Strict
from retrieval.store.impressions import FeedbackValue


class Feedback(Strict):
    """What somebody made of a hit, a citation, or of an answer or a search as a whole."""

    request_id: Annotated[Identifier, Field(description="Of the search or answer.")]
    chunk_id: Annotated[Identifier | None, Field(description="The hit; without it and `citation`: the whole.")] = None
    citation: Annotated[
        int | None, Field(ge=1, le=100, description="In place of the chunk: its number in the answer, or its rank.")
    ] = None
    value: Annotated[FeedbackValue, Field(description="`click` where a hit was opened.")]
