"""Chooses among several drafts of one answer: the one that agrees best with the others and cites most.

After Wang et al., "Self-consistency improves chain of thought reasoning in language models", 2023; answers in sentences
agree by degrees, so the overlap of their terms takes the place of a vote.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from generation.alignment import content
from generation.citation_check import MARKER
from generation.drafting import Draft
from generation.types import GenerationOptions, Usage
from retrieval.sentences import sentence_spans

# Drafts differ only if they are sampled; a greedy request is sampled at this temperature.
TEMPERATURE = 0.7
# Agreement tells right from wrong better than citations do: many wrong answers are cited too.
_CITATION_WEIGHT = 0.5


@dataclass(frozen=True, slots=True)
class Weighed:
    """A draft with what speaks for it, each 0..1."""

    draft: Draft
    agreement: float  # mean overlap of its terms with those of each other draft
    cited: float  # share of its sentences that carry a citation

    @property
    def score(self) -> float:
        """What the choice goes by."""
        return self.agreement + _CITATION_WEIGHT * self.cited


def weigh(drafts: Sequence[Draft]) -> list[Weighed]:
    """The drafts in their order, weighed."""
    terms = [content(MARKER.sub("", draft.text)) for draft in drafts]
    return [
        Weighed(draft, _mean([_overlap(own, other) for other in [*terms[:place], *terms[place + 1 :]]]), _cited(draft))
        for place, (draft, own) in enumerate(zip(drafts, terms, strict=True))
    ]


def varied(options: GenerationOptions, number: int) -> GenerationOptions:
    """The options of one of several drafts: sampled, each with a seed of its own where there is a seed."""
    seed = None if options.seed is None else (options.seed + number) % 2**63
    return replace(options, temperature=options.temperature or TEMPERATURE, seed=seed)


def usage_of_all(drafts: Sequence[Draft], chosen: int) -> Usage | None:
    """What all drafts took together; it ended as the chosen one did. None if nothing was counted."""
    usages = [draft.usage for draft in drafts if draft.usage is not None]
    ended = drafts[chosen].usage
    if ended is None:
        return None
    return replace(
        ended,
        prompt_tokens=sum(usage.prompt_tokens for usage in usages),
        completion_tokens=sum(usage.completion_tokens for usage in usages),
        first_token_milliseconds=usages[0].first_token_milliseconds,
        total_milliseconds=sum(usage.total_milliseconds for usage in usages),
        reused_tokens=sum(usage.reused_tokens for usage in usages),
        guessed_tokens=sum(usage.guessed_tokens for usage in usages),
        accepted_tokens=sum(usage.accepted_tokens for usage in usages),
    )


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one | other else 0.0


def _cited(draft: Draft) -> float:
    sentences = [draft.text[start:end] for start, end in sentence_spans(draft.text, streamed=True)]
    return _mean([float(bool(MARKER.search(sentence))) for sentence in sentences])


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
