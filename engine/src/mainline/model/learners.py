"""Which estimators can be fitted as `model.fit` says, and what fits them."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from mainline.declared.fit import OVERRULED
from mainline.declared.params import Model
from mainline.errors import ParamsError
from mainline.model import growing
from mainline.model.rounds import Batch, Batches, Learner

_IN_ROUNDS = ("lightgbm", "xgboost")
"""Libraries whose fits can be cut into segments."""


def check(estimator: Any, model: Model) -> None:
    """Refuse an estimator that cannot be fitted as it is declared.

    Raises:
        ParamsError: saying which can.
    """
    plan, library = model.fit, _library(estimator)
    name = model.type.rpartition(".")[2]
    if plan.workers > 1 and library is None:
        found = f"is {plan.workers}, and {name} is fitted by one process"
        raise ParamsError("model.fit.workers", found, "leave it out, or declare XGBoost or LightGBM")
    if plan.by == "period" and library != "xgboost" and plan.workers == 1:
        _check_partial(estimator, model, name)
    elif plan.passes > 1:
        found = f"is {plan.passes}, and {name} sees all rows in each round"
        raise ParamsError("model.fit.passes", found, "leave it out")
    elif plan.checkpoint and library is None:
        _check_growing(estimator, name)
    if plan.early_stopping and library is None:
        remedy = "this is for XGBoost and LightGBM; boosting of scikit-learn stops by early_stopping: true of its own"
        raise ParamsError("model.fit.early_stopping", f"{name} does not take it", remedy)


def _check_partial(estimator: Any, model: Model, name: str) -> None:
    if not hasattr(estimator, "partial_fit"):
        found = f"{name} needs all rows at once: it has no partial_fit"
        others = "SGDRegressor, MLPRegressor or XGBRegressor, or their classifiers; or leave out by"
        raise ParamsError("model.fit.by", found, f"declare an estimator that has it, such as {others}")
    for given in OVERRULED:
        if given in model.params:
            found = "counts for nothing if rows come by period"
            raise ParamsError(f"model.params.{given}", found, "leave it out: model.fit.passes says how often")


def _check_growing(estimator: Any, name: str) -> None:
    if growing.size(estimator) is None:
        found = f"{name} is not fitted in rounds"
        raise ParamsError("model.fit.checkpoint", found, "leave it out, or declare boosting or a forest")
    own = estimator.get_params()
    # n_iter_no_change of histogram gradient boosting has a number also if early_stopping is off
    if own.get("early_stopping", own.get("n_iter_no_change")):
        found = f"{name} may stop by itself in the middle of a segment"
        raise ParamsError("model.fit.checkpoint", found, "declare early_stopping: false in model.params")


def of(
    estimator: Any, model: Model, classes: int, batches: Batches, stopping: Batches | None, pages: Path | None
) -> Learner:
    """Return what fits an estimator in rounds.

    Args:
        estimator: not fitted; `check` took it.
        model: as it is declared.
        classes: K, or 0 of a regression.
        batches: the rows to fit on.
        stopping: rows that stop the fit, None without.
        pages: an empty folder for what memory does not hold; None if it holds all rows.
    """
    if _library(estimator):
        return boosting(estimator, classes, batches, stopping, pages)
    if model.fit.by == "period":
        return growing.Partial(estimator, classes, batches, model.fit.passes)
    return growing.Ensemble(estimator, _one(batches()))


def boosting(
    estimator: Any, classes: int, batches: Batches, stopping: Batches | None = None, pages: Path | None = None
) -> Learner:
    """Return what fits an estimator of XGBoost or LightGBM in rounds; see `of`."""
    if _library(estimator) == "xgboost":
        from mainline.model.boosting import xgboost_rounds

        return xgboost_rounds.Learner(estimator, classes, batches, stopping, pages)
    from mainline.model.boosting import lightgbm_rounds

    return lightgbm_rounds.Learner(estimator, _one(batches()), _one(stopping()) if stopping else None)


def _library(estimator: Any) -> str | None:
    """Name the library of an estimator, if fits of it can be cut into segments; else None."""
    name = type(estimator).__module__.partition(".")[0]
    return name if name in _IN_ROUNDS else None


def _one(batches: Iterable[Batch]) -> Batch:
    """Put batches below each other."""
    found = list(batches)
    if len(found) == 1:
        return found[0]
    weights = [batch.weight for batch in found if batch.weight is not None]
    return Batch(
        np.concatenate([batch.matrix for batch in found]),
        np.concatenate([batch.target for batch in found]),
        np.concatenate(weights) if weights else None,
    )
