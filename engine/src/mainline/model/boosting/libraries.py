"""Which libraries besides scikit-learn a model may come from, and what is asked of each."""

from collections.abc import Collection, Mapping
from inspect import Parameter, signature
from typing import Any, Protocol

from mainline.model.boosting.ensemble import Ensemble


class Library(Protocol):
    """A library's own part: what is pinned and refused, and its fitted trees as arrays."""

    ROUNDS: str
    """The hyperparameter that says how many iterations there are."""
    PINNED: Mapping[str, Any]
    """Arguments of every estimator, on which it depends whether a fit repeats to the last bit."""
    REFUSED: Mapping[str, str]
    """Hyperparameters that may not be declared, each with what to do instead."""
    ERRORS: tuple[type[Exception], ...]
    """What it raises if it refuses hyperparameters or data."""

    def names(self, fitted: Any) -> set[str]:
        """Return every hyperparameter that a fitted estimator knows."""

    def ensemble(self, fitted: Any) -> Ensemble:
        """Return the trees of a fitted estimator; ValueError, saying why, if arrays cannot hold what it answers."""


def of(estimator: Any) -> Library | None:
    """Return the library of an estimator, or of its class; None of one of scikit-learn's."""
    kind = estimator if isinstance(estimator, type) else type(estimator)
    match kind.__module__.partition(".")[0]:
        case "xgboost":
            from mainline.model.boosting import xgboost

            return xgboost
        case "lightgbm":
            from mainline.model.boosting import lightgbm

            return lightgbm
        case "catboost":
            from mainline.model.boosting import catboost

            return catboost
    return None


def listed(kind: type) -> Collection[str] | None:
    """Return the hyperparameters that a class's constructor lists; None if it takes others too."""
    parameters = signature(kind).parameters
    is_open = any(one.kind is Parameter.VAR_KEYWORD for one in parameters.values())
    return None if is_open else parameters.keys()
