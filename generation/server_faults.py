"""What can go wrong with a generator that another server runs, and what follows from it.

Knows statuses and kinds of failure, not the client that meets them.
"""

import math

from retrieval.errors import ModelUnavailable, Overloaded, ScholiastError

_TOO_MANY_REQUESTS = 429
_UNAVAILABLE = 503
_SERVER_ERRORS = 500
# What a person can do about a refusal; the server's own words go to the log only, they may say anything.
_ADVICE = {
    401: "it refused the key; set SCHOLIAST_GENERATOR_API_KEY",
    403: "it refused the key; set SCHOLIAST_GENERATOR_API_KEY",
    404: "it does not know the model, or the URL lacks its `/v1`; check SCHOLIAST_GENERATOR_MODEL and "
    "SCHOLIAST_GENERATOR_URL",
}
_OTHER_ADVICE = (
    "the log has its reason. If the prompt was too long for it, set SCHOLIAST_GENERATOR_CONTEXT_TOKENS or lower "
    "SCHOLIAST_PROMPT_TOKENS"
)


class ServerFault(Exception):
    """A failed call: the `error` that the caller sees and what to make of it.

    `passing`: the same call may succeed a moment later. `sick`: it speaks of a server in trouble, which the circuit
    breaker counts. `rest_seconds`: for how long the server asked to be left alone.
    """

    def __init__(
        self, error: ScholiastError, *, passing: bool = False, sick: bool = True, rest_seconds: float = 0.0
    ) -> None:
        super().__init__(error.detail)
        self.error = error
        self.passing = passing
        self.sick = sick
        self.rest_seconds = rest_seconds


def refused(status: int, retry_after: str | None) -> ServerFault:
    """The server answered with an error status; `retry_after` is its header of that name."""
    rest = _seconds(retry_after)
    if status == _TOO_MANY_REQUESTS or (status == _UNAVAILABLE and rest):
        again = max(1, math.ceil(rest))
        error = Overloaded(f"The generator's server is busy; try again in {again} seconds.", retry_after=again)
        return ServerFault(error, passing=True, rest_seconds=rest)
    if status >= _SERVER_ERRORS:
        return ServerFault(_unavailable(f"failed with status {status}; its own log may say why"), passing=True)
    advice = _ADVICE.get(status, _OTHER_ADVICE)
    return ServerFault(_unavailable(f"refused the request with status {status}: {advice}"), sick=False)


def unreachable() -> ServerFault:
    """No connection came about, or it broke off."""
    return ServerFault(
        _unavailable("cannot be reached, or broke off; check that it runs and that SCHOLIAST_GENERATOR_URL is right"),
        passing=True,
    )


def too_slow(seconds: float, setting: str) -> ServerFault:
    """It took longer than the setting allows. Not tried again: a slow server gets slower by being asked twice."""
    return ServerFault(_unavailable(f"took longer than {seconds:g} seconds; raise {setting} if it needs more"))


def unreadable() -> ServerFault:
    """What came is no streamed chat completion."""
    return ServerFault(
        _unavailable("sent something that is no chat completion; check that SCHOLIAST_GENERATOR_URL ends in `/v1`")
    )


def cut_short() -> ServerFault:
    """The stream ended before the answer did."""
    return ServerFault(_unavailable("ended its answer in the middle; ask again"))


def _unavailable(what: str) -> ModelUnavailable:
    return ModelUnavailable(f"The generator's server {what}.")


def _seconds(retry_after: str | None) -> float:
    """The header in seconds; 0 where it is missing or a date, which would trust two clocks to agree."""
    try:
        seconds = float(retry_after or 0)
    except ValueError:
        return 0.0
    return min(seconds, 3600.0) if seconds > 0 else 0.0
