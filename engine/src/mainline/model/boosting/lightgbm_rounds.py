"""LightGBM fitted in rounds on rows in memory."""

from collections.abc import Sequence
from typing import Any

import lightgbm
import numpy as np
from sklearn.base import clone

from mainline.errors import ParamsError
from mainline.model.rounds import Batch

_LARGEST_SEED = 2**31


class Learner:
    """See `rounds.Learner`. The bytes are those of the estimator's own `fit`, if that is one segment."""

    def __init__(self, estimator: Any, rows: Batch, stopping: Batch | None) -> None:
        """Take the rows to fit on, and those that stop the fit."""
        if estimator.boosting_type != "gbdt":
            found = f"is {estimator.boosting_type}, whose later rounds change or average the earlier ones"
            raise ParamsError("model.params.boosting_type", found, "leave out model.fit, or take gbdt")
        self._estimator, self._rows, self._stopping = estimator, rows, stopping
        self._booster: Any = None
        self.rounds = int(estimator.n_estimators)

    def advance(self, count: int, seed: int) -> Sequence[float]:
        """See `rounds.Learner`."""
        segment = clone(self._estimator).set_params(n_estimators=count, random_state=seed % _LARGEST_SEED)
        watched: dict[str, Any] = {}
        if stopping := self._stopping:
            weight = None if stopping.weight is None else [stopping.weight]
            watched = {"eval_X": stopping.matrix, "eval_y": stopping.target, "eval_sample_weight": weight}
        rows = self._rows
        segment.fit(rows.matrix, rows.target, sample_weight=rows.weight, init_model=self._booster, **watched)
        self._booster = segment.booster_
        return next(iter(next(iter(segment.evals_result_.values())).values())) if watched else []

    def dump(self) -> bytes:
        """See `rounds.Learner`."""
        return str(self._booster.model_to_string(num_iteration=-1)).encode()

    def restore(self, content: bytes) -> None:
        """See `rounds.Learner`."""
        self._booster = lightgbm.Booster(model_str=content.decode())

    def finish(self, rounds: int) -> Any:
        """See `rounds.Learner`. The estimator learns of columns and classes by one round, whose tree is replaced."""
        some = np.arange(min(len(self._rows.target), 100))
        if hasattr(self._estimator, "predict_proba"):
            some = np.union1d(some, np.unique(self._rows.target, return_index=True)[1])
        declared = self._estimator.n_estimators
        self._estimator.set_params(n_estimators=1).fit(self._rows.matrix[some], self._rows.target[some])
        self._estimator.set_params(n_estimators=declared)
        self._estimator._Booster = lightgbm.Booster(model_str=self._booster.model_to_string(num_iteration=rounds))
        return self._estimator
