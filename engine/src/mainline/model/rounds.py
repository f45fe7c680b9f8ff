"""A fit in rounds: in segments that each begin with the bytes that the one before ended with.

So a fit that was killed after a segment goes on from its bytes and ends with the bytes of one that was not.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from mainline.contract import Array
from mainline.declared.fit import Fit


class Batch(NamedTuple):
    """n rows as an estimator takes them."""

    matrix: Array
    """Shape (n, c)."""
    target: Array
    """Shape (n,)."""
    weight: Array | None
    """Shape (n,)."""


Batches = Callable[[], Iterable[Batch]]
"""Yields batches one after another, the same ones at each call."""


class State(NamedTuple):
    """How far a fit has come."""

    rounds: int
    losses: Sequence[float]
    """After each round, on the rows that stop it; none without such rows."""
    content: bytes
    """The estimator so far, as its learner writes it."""


class Memory(Protocol):
    """Where the state of a fit outlives its process."""

    def read(self) -> State | None:
        """Return the last state of the same fit; None if there is none."""

    def write(self, state: State) -> None:
        """Keep a state in the place of the one before."""


class Learner(Protocol):
    """An estimator that is fitted in rounds."""

    rounds: int
    """How many are declared."""

    def advance(self, count: int, seed: int) -> Sequence[float]:
        """Fit so many rounds more; return the loss after each on the rows that stop it, none without such rows."""

    def dump(self) -> bytes:
        """Write the estimator as it is so far."""

    def restore(self, content: bytes) -> None:
        """Take what `dump` wrote for the estimator so far."""

    def finish(self, rounds: int) -> Any:
        """Return the fitted estimator as it was after so many rounds."""


def learn(learner: Learner, plan: Fit, seed: int, memory: Memory | None = None) -> tuple[Any, int]:
    """Fit all rounds, or until the loss no longer falls; return the fitted estimator and the rounds that it keeps.

    A segment draws random numbers from the seed plus the rounds before it.

    Args:
        learner: the estimator with its rows.
        plan: how it is to be fitted.
        seed: of the first segment.
        memory: where a state of the same fit may be, and where states are kept.
    """
    patience = plan.early_stopping.rounds if plan.early_stopping else None
    segment = plan.checkpoint or patience or learner.rounds
    state = memory.read() if memory else None
    if state:
        learner.restore(state.content)
    done, losses = (state.rounds, list(state.losses)) if state else (0, [])
    while done < learner.rounds and not _is_over(losses, patience):
        count = min(segment, learner.rounds - done)
        losses.extend(learner.advance(count, seed + done))
        done += count
        if segment < learner.rounds:
            content = learner.dump()
            learner.restore(content)
            if memory:
                memory.write(State(done, losses, content))
    kept = _best(losses) + 1 if losses else done
    return learner.finish(kept), kept


def _is_over(losses: Sequence[float], patience: int | None) -> bool:
    """Whether the least loss is so many rounds ago."""
    return bool(patience and losses and len(losses) - 1 - _best(losses) >= patience)


def _best(losses: Sequence[float]) -> int:
    """Return the place of the least loss; one that is not a number is none."""
    return int(np.argmin(np.nan_to_num(losses, nan=np.inf)))
