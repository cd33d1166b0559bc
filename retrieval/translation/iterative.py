"""Iterative retrieval for questions over several hops: what the first passages name is looked up, round after round.

Two ways to the next hop, neither of which needs a model that writes: passages whose headings or document a passage
names (links between entities, as in Asai et al., "Learning to Retrieve Reasoning Paths", ICLR 2020), and the question
together with what a passage says of it (query expansion by the first hop, as in MDR, Xiong et al., ICLR 2021).
"""

from collections.abc import Mapping, Sequence

from retrieval.analysis import terms
from retrieval.translation.bridges import best_sentences
from retrieval.translation.looking import Leader, Link, Look, Rewrite, Translation
from retrieval.translation.writing import Writer
from retrieval.types import Json

ROUNDS = 2
# Passages of the first round that are followed, and links from each.
LEADERS = 3
LINKS = 2
VOTE = 0.5
# Share of the question's rarity that the passages so far must hold for another round not to be needed.
ENOUGH = 0.9


def iterative(look: Look, _writer: Writer | None) -> Translation:
    """Links from the first passages on, and the question with the sentences that speak of it."""
    leaders = list(look.leaders(LEADERS))
    rewrites = [
        Rewrite(" ".join([look.question, *best_sentences(look.question, leader.text, 1)]), vote=VOTE)
        for leader in leaders
    ]
    links: list[Link] = []
    seen = list(leaders)
    rounds: list[Mapping[str, Json]] = []
    for number in range(1, ROUNDS + 1):
        covered = _covered(look, seen)
        if number > 1 and (not leaders or covered >= ENOUGH):
            rounds.append({"round": number, "stopped": "nothing new" if not leaders else "enough", "covered": covered})
            break
        found = [(leader, target) for leader in leaders for target in look.linked(leader)[:LINKS]]
        links += [Link(leader.key, target.key) for leader, target in found]
        known = {leader.key for leader in seen}
        leaders = list({target.key: target for _, target in found if target.key not in known}.values())
        seen += leaders
        rounds.append({"round": number, "covered": covered, "followed": [_name(leader) for leader in leaders]})
    return Translation(rewrites, links, rounds)


def _covered(look: Look, leaders: Sequence[Leader]) -> float:
    """The share of the question's rarity that the passages together hold."""
    rarity = look.rarity(terms(look.question))
    held = {term for leader in leaders for term in terms(" ".join([*leader.headings, leader.text]))}
    total = sum(rarity.values())
    return round(sum(weight for term, weight in rarity.items() if term in held) / total, 4) if total else 1.0


def _name(leader: Leader) -> str:
    return leader.headings[-1] if leader.headings else leader.text[:60]
