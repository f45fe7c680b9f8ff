"""XGBoost fitted in rounds, on rows in memory or, a batch at a time, on pages of their bins on the disk."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import xgboost

from mainline.errors import ParamsError
from mainline.model.boosting import page_space
from mainline.model.rounds import Batch, Batches

_LARGEST_SEED = 2**31
_BINS = 256
"""XGBoost's own number of bins."""


class Learner:
    """See `rounds.Learner`. The bytes are those of the estimator's own `fit`, if that is one segment."""

    def __init__(
        self, estimator: Any, classes: int, batches: Batches, stopping: Batches | None, pages: Path | None
    ) -> None:
        """Bring rows into bins.

        Args:
            estimator: not fitted.
            classes: K, or 0 of a regression.
            batches: the rows to fit on.
            stopping: rows that stop the fit.
            pages: an empty folder for bins on the disk; None keeps them in memory.
        """
        self._estimator = estimator
        self._booster: Any = None
        self.rounds = int(estimator.get_num_boosting_rounds())
        self._params = estimator.get_xgb_params()
        if self._params.get("tree_method") not in (None, "auto", "hist"):
            raise ParamsError("model.params.tree_method", "knows no rounds or periods", "leave it out (hist)")
        if self._params.pop("feature_weights", None) is not None:
            raise ParamsError("model.params.feature_weights", "may not be declared beside model.fit", "leave it out")
        if classes > 2:
            softmax = self._params.get("objective") == "multi:softmax"
            self._params |= {"objective": "multi:softmax" if softmax else "multi:softprob", "num_class": classes}
        self._matrix = self._bins(batches, pages, "fit")
        self._watched = []
        if stopping:
            self._watched = [(self._bins(stopping, pages, "stop", ref=self._matrix), "stop")]

    def _bins(self, batches: Batches, pages: Path | None, name: str, ref: Any = None) -> Any:
        options = {"max_bin": self._estimator.max_bin or _BINS, "nthread": 1, "ref": ref}
        if pages is None:
            return xgboost.QuantileDMatrix(_Batches(batches), **options)
        page_space.check(pages, (batch.matrix.shape for batch in batches()), options["max_bin"])
        return xgboost.ExtMemQuantileDMatrix(_Batches(batches, cache_prefix=str(pages / name)), **options)

    def advance(self, count: int, seed: int) -> Sequence[float]:
        """See `rounds.Learner`."""
        found: dict[str, dict[str, list[float]]] = {}
        self._booster = xgboost.train(
            self._params | {"random_state": seed % _LARGEST_SEED}, self._matrix, count, evals=self._watched,
            evals_result=found, verbose_eval=False, xgb_model=self._booster,
        )  # fmt: skip
        return next(iter(found["stop"].values())) if found else []

    def dump(self) -> bytes:
        """See `rounds.Learner`."""
        return bytes(self._booster.save_raw("ubj"))

    def restore(self, content: bytes) -> None:
        """See `rounds.Learner`."""
        self._booster = xgboost.Booster(self._params, model_file=bytearray(content))

    def finish(self, rounds: int) -> Any:
        """See `rounds.Learner`."""
        booster = self._booster
        if booster.num_boosted_rounds() > rounds:
            booster = booster[:rounds]
        self._estimator.load_model(bytearray(booster.save_raw("ubj")))
        return self._estimator


class _Batches(xgboost.DataIter):
    """Batches as XGBoost asks for them: several times from the first one on."""

    def __init__(self, batches: Batches, **options: Any) -> None:
        self._all = batches
        self._left: Iterator[Batch] = iter(())
        super().__init__(release_data=True, **options)

    def reset(self) -> None:
        """Begin again."""
        self._left = iter(self._all())

    def next(self, input_data: Any) -> bool:
        """Hand over the next batch; False if there is none."""
        batch = next(self._left, None)
        if batch is None:
            return False
        input_data(data=batch.matrix, label=batch.target, weight=batch.weight)
        return True
