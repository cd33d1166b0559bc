"""Which learning rate a step of training has: a warm-up, a long constant stretch, a linear decay at the end.

Unlike a cosine, this can be continued: the checkpoint from before the decay goes on as if it had never ended
(Hu et al., "MiniCPM", 2024). Knows nothing of what is trained.
"""

from dataclasses import dataclass

WARM_UP = 50  # steps
DECAY_SHARE = 0.2  # of all steps; what is learnt at the constant rate shows only once the rate falls
LONGEST_DECAY = 500


@dataclass(frozen=True, slots=True)
class Schedule:
    """The learning rates of a run of so many steps."""

    steps: int
    peak: float

    @property
    def decay_begins(self) -> int:
        """The first step at a falling rate."""
        return self.steps - max(1, min(round(self.steps * DECAY_SHARE), LONGEST_DECAY))

    def rate(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        left = (self.steps - step) / (self.steps - self.decay_begins)
        return self.peak * min((step + 1) / WARM_UP, left, 1.0)
