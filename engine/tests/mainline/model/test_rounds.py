"""How many rounds a fit keeps."""

from collections.abc import Sequence
from typing import Any

import pytest

from mainline.declared.fit import Fit
from mainline.model import rounds

NAN = float("nan")


class Played:
    """A learner whose losses are given."""

    def __init__(self, losses: Sequence[float]) -> None:
        self._losses, self._done = losses, 0
        self.rounds = len(losses)

    def advance(self, count: int, seed: int) -> Sequence[float]:  # noqa: ARG002 - one of random numbers has it
        """Return the next losses."""
        self._done += count
        return self._losses[self._done - count : self._done]

    def dump(self) -> bytes:
        """Write how far it is."""
        return bytes([self._done])

    def restore(self, content: bytes) -> None:
        """Take how far it was."""
        self._done = content[0]

    def finish(self, rounds: int) -> Any:
        """Return the rounds kept."""
        return rounds


@pytest.mark.parametrize(
    ("losses", "kept"),
    [
        ([0.9, 0.5, 0.3, 0.4, 0.4, 0.4, 0.1], 3),
        ([0.9, 0.5, NAN, 0.3, 0.2, 0.2, 0.2], 5),
        ([NAN, 0.5, 0.4, 0.6, 0.6, 0.6, 0.1], 3),
    ],
)
def test_the_round_of_the_least_loss_is_kept(losses: Sequence[float], kept: int) -> None:
    """A fit stops two rounds after its least loss; a loss that is not a number is not the least."""
    plan = Fit.model_validate({"early_stopping": {"rounds": 2, "periods": 1}, "checkpoint": 1})
    assert rounds.learn(Played(losses), plan, seed=1) == (kept, kept)
