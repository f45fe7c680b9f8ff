"""A fit by several processes at once, each of which holds the rows of some periods: `model.fit.workers`.

How many they are is a parameter of the fit, since it shapes the model. Where they run is not: on this machine, or on
the cluster that `compute.yaml` declares, with the same bytes.
"""

import io
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mainline.declared import compute
from mainline.declared.compute import Compute
from mainline.declared.params import Model
from mainline.model import learners
from mainline.model.boosting import network
from mainline.model.boosting.network import Address
from mainline.model.rounds import Batch, Batches
from mainline.stages import gang, software
from mainline.stages.entries import Entry
from mainline.stages.tasks import Inputs, Task

MODEL = "model"
"""The name of the estimator's bytes."""
_SAMPLE = 100
"""Rows from which an estimator learns of its columns."""


class Learner:
    """See `rounds.Learner`: a segment is fitted by all processes together, which are given their rows each time."""

    def __init__(self, estimator: Any, model: Model, classes: int, files: Sequence[Path]) -> None:
        """Share out periods.

        Args:
            estimator: of XGBoost or LightGBM, not fitted.
            model: as it is declared.
            classes: K, or 0 of a regression.
            files: of the batches of each period, in order.
        """
        self._estimator, self._classes = estimator, classes
        self._content = b""
        sample = _sample(files, classes)
        self._own = learners.of(estimator, model, classes, lambda: [sample], None, None)
        self.rounds = self._own.rounds
        number = min(model.fit.workers, len(files))
        cuts = [len(files) * place // number for place in range(number + 1)]
        self._tasks = [
            Task(f"share {place + 1} of {number} of the fit", "", tuple(files[cuts[place] : cuts[place + 1]]), (place,))
            for place in range(number)
        ]

    def advance(self, count: int, seed: int) -> Sequence[float]:
        """See `rounds.Learner`."""
        work = partial(_advance, self._estimator, self._classes, self._content, count, seed)
        self._content = gang.run(work, self._tasks, _where())[0].files[MODEL]
        return []

    def dump(self) -> bytes:
        """See `rounds.Learner`."""
        return self._content

    def restore(self, content: bytes) -> None:
        """See `rounds.Learner`."""
        self._content = content

    def finish(self, rounds: int) -> Any:
        """See `rounds.Learner`."""
        self._own.restore(self._content)
        return self._own.finish(rounds)


def load(content: bytes | Path) -> Batch:
    """Read a batch that `np.savez` wrote, from its file or its bytes."""
    with np.load(io.BytesIO(content) if isinstance(content, bytes) else content, allow_pickle=False) as found:
        return Batch(found["matrix"], found["target"], found.get("weight"))


def _where() -> Compute:
    """Return where the processes run; those of a process that works for another are on its own machine."""
    return Compute() if os.environ.get(software.WORKER) else compute.load()


def _sample(files: Sequence[Path], classes: int) -> Batch:
    """Take some rows of the first period, and one of each class."""
    found: list[Batch] = []
    lacking = set(range(classes))
    for file in files:
        batch = load(file)
        places = list(range(min(len(batch.target), _SAMPLE))) if not found else []
        for code in sorted(lacking):
            if (batch.target == code).any():
                places.append(int(np.argmax(batch.target == code)))
                lacking.discard(code)
        found.append(Batch(batch.matrix[places], batch.target[places], None))
        if not lacking:
            break
    return Batch(np.concatenate([one.matrix for one in found]), np.concatenate([one.target for one in found]), None)


def _advance(
    estimator: Any, classes: int, content: bytes, count: int, seed: int,
    inputs: Inputs, place: int, addresses: Sequence[Address],
) -> Entry:  # fmt: skip
    """Fit so many rounds more with the others, on the rows of this place; the first place returns the estimator."""
    batches: Batches = partial(_batches, inputs)
    with network.joined(estimator, place, addresses) as declared:
        learner = learners.boosting(estimator.set_params(**declared), classes, batches)
        if content:
            learner.restore(content)
        learner.advance(count, seed)
        found = learner.dump()
    return Entry({} if place else {MODEL: found}, None)


def _batches(inputs: Inputs) -> list[Batch]:
    return [load(content) for content in inputs.values()]
