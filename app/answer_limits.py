"""When to answer, in whose words, and from how much: the settings as the pipeline takes them."""

import math

from app.settings import SMALL_GENERATOR, Settings
from generation.answer import AnswerLimits

# A quote is never made up, takes about half a second, and says so where it hardly answers; what the small generator
# wrote in such places was false nine times in ten (docs/decisions.md).
QUOTE_FROM = 0.0


def answer_limits(settings: Settings) -> AnswerLimits:
    """When to answer, and from how much."""
    return AnswerLimits(
        settings.min_evidence,
        settings.answer_passages,
        settings.prompt_tokens,
        frozenset(settings.generator_languages),
        settings.min_answerable,
        quote_from(settings),
        settings.quote_passages,
    )


def quote_from(settings: Settings) -> float:
    """From which chance on mode `auto` quotes: from any where the generator is the small one that comes along."""
    if settings.quote_from is not None:
        return settings.quote_from
    is_small = settings.generator_backend == "transformers" and settings.generator_model == SMALL_GENERATOR
    return QUOTE_FROM if is_small and not settings.adapters else math.inf
