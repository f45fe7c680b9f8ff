"""How far two metrics put the same models in one order.

Kendall's tau (*A new measure of rank correlation*, Biometrika 1938), with the normal approximation of what it is by
chance. Ties agree with neither order.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

SURE = 1.645
"""What chance alone reaches once in 20 times, in standard deviations; three models never do."""


@dataclass(frozen=True)
class Agreement:
    """The pairs of models that both metrics put in the same order, all pairs, and tau in standard deviations."""

    same: int
    pairs: int
    deviations: float

    @property
    def is_sure(self) -> bool:
        """Whether chance alone would seldom agree so far."""
        return self.deviations > SURE


def agreement(found: Sequence[tuple[float, float]]) -> Agreement:
    """Compare the orders of n models by two metrics of each, of which more, or less, is better in both."""
    pairs = [(one, other) for place, one in enumerate(found) for other in found[:place]]
    products = [(a[0] - b[0]) * (a[1] - b[1]) for a, b in pairs]
    same, other = (sum(sign * product > 0 for product in products) for sign in (1, -1))
    spread = math.sqrt(len(pairs) * (2 * len(found) + 5) / 9)
    return Agreement(same, len(pairs), (same - other) / spread if pairs else 0.0)
