"""Estimators of scikit-learn that are fitted in rounds: ensembles that grow, and others that take batches."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from mainline.model import runtime
from mainline.model.rounds import Batch, Batches


def size(estimator: Any) -> str | None:
    """Name the hyperparameter that says of how many rounds an ensemble is; None of what does not grow."""
    declared = estimator.get_params()
    if "warm_start" not in declared:
        return None
    return next((name for name in ("n_estimators", "max_iter") if name in declared and _is_ensemble(estimator)), None)


def _is_ensemble(estimator: Any) -> bool:
    return type(estimator).__module__.startswith("sklearn.ensemble.")


class _Written:
    """An estimator that skops writes and reads."""

    def __init__(self, estimator: BaseEstimator) -> None:
        self._estimator: Any = estimator
        self._declared = estimator.get_params(deep=False)

    def dump(self) -> bytes:
        """See `rounds.Learner`."""
        from skops.io import dumps

        return bytes(dumps(self._estimator))

    def restore(self, content: bytes) -> None:
        """See `rounds.Learner`."""
        from skops.io import get_untrusted_types, loads

        types = get_untrusted_types(data=content)
        self._estimator = loads(content, trusted=runtime.trusted(types))

    def finish(self, _: int) -> Any:
        """See `rounds.Learner`."""
        return self._estimator.set_params(**self._declared)


class Ensemble(_Written):
    """See `rounds.Learner`: an ensemble that grows by `warm_start`, and draws its random numbers by itself."""

    def __init__(self, estimator: BaseEstimator, rows: Batch) -> None:
        super().__init__(estimator)
        self._size, self._rows = str(size(estimator)), rows
        self.rounds = int(self._declared[self._size])
        self._done = 0

    def advance(self, count: int, _: int) -> Sequence[float]:
        """See `rounds.Learner`."""
        self._done += count
        self._estimator.set_params(warm_start=True, **{self._size: self._done})
        weighing = {} if self._rows.weight is None else {"sample_weight": self._rows.weight}
        self._estimator.fit(self._rows.matrix, self._rows.target, **weighing)
        return []

    def restore(self, content: bytes) -> None:
        """See `rounds.Learner`."""
        super().restore(content)
        self._done = int(self._estimator.get_params()[self._size])


class Partial(_Written):
    """See `rounds.Learner`: an estimator that `partial_fit` hands one batch after another; a round is a pass."""

    def __init__(self, estimator: BaseEstimator, classes: int, batches: Batches, passes: int) -> None:
        super().__init__(estimator)
        self._batches, self.rounds = batches, passes
        self._classes = {"classes": np.arange(classes)} if classes else {}

    def advance(self, count: int, seed: int) -> Sequence[float]:
        """See `rounds.Learner`."""
        for number in range(count):
            if "random_state" in self._declared:
                self._estimator.set_params(random_state=(seed + number) % 2**32)
            for batch in self._batches():
                if batch.weight is not None and not batch.weight.any():
                    continue  # estimators divide by the sum of weights
                weighing = {} if batch.weight is None else {"sample_weight": batch.weight}
                self._estimator.partial_fit(batch.matrix, batch.target, **self._classes, **weighing)
        return []
