"""The key `model.fit` of `params.yaml`: how much of the rows a fit has in memory, when it stops, where it can go on."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from mainline.declared.reading import Section
from mainline.errors import ParamsError
from mainline.text import count

if TYPE_CHECKING:
    from mainline.declared.window import Data, Split

Count = Annotated[int, Field(ge=1)]
MOST = 256
"""Workers that can be declared; a number beyond is a slip."""
OVERRULED = ("early_stopping", "max_iter", "n_iter_no_change", "tol", "validation_fraction", "warm_start")
"""Hyperparameters of scikit-learn that `partial_fit` does not look at: `passes` says how often it sees the rows."""


class EarlyStopping(Section):
    """Boosting ends when the loss on rows that it is not fitted on has not fallen for so many rounds.

    These rows are the newest `periods` of the training rows. Validation and test rows shape no model.
    """

    rounds: Count
    periods: Count = 1


class Fit(Section):
    """How the declared estimator is fitted, if not at once on all rows.

    `by: period` reads a period at a time; an estimator with `partial_fit` goes through the rows `passes` times. With
    `checkpoint`, a fit that was killed goes on after the last so many rounds (passes) that it had finished. So many
    `workers` fit a model of XGBoost or LightGBM together, each on the rows of some periods.
    """

    by: Literal["window", "period"] = "window"
    workers: Annotated[int, Field(ge=1, le=MOST)] = 1
    passes: Count = 1
    checkpoint: Count | None = None
    early_stopping: EarlyStopping | None = None

    @property
    def at_once(self) -> bool:
        """Whether the estimator is fitted by its own `fit`, on all rows."""
        return self.by == "window" and self.checkpoint is None and self.early_stopping is None


def check(fit: Fit, hyperparameters: dict[str, Any], data: "Data", split: "Split") -> None:
    """Hold the key to the window and to the hyperparameters.

    Raises:
        ParamsError: if rows cannot be had as it says.
    """
    if fit.passes > 1 and fit.by != "period":
        raise ParamsError("model.fit.passes", f"is {fit.passes}, and rows come at once", "declare by: period, too")
    if data.snapshot and not fit.at_once and (fit.by == "period" or fit.early_stopping):
        key = "by" if fit.by == "period" else "early_stopping"
        raise ParamsError(f"model.fit.{key}", "asks for periods, and data without time have none", "leave it out")
    train = len(data.periods) - int(split.validation + split.test)
    if fit.workers > 1:
        _check_workers(fit, train)
    if fit.early_stopping is None:
        return
    if split.refit:
        found = "would stop the served model by rows that it is to be fitted on (split.refit)"
        raise ParamsError("model.fit.early_stopping", found, "declare one of the two")
    if fit.early_stopping.periods >= train:
        found = f"keeps {fit.early_stopping.periods} of {train} training periods from the fit"
        raise ParamsError("model.fit.early_stopping.periods", found, "leave one to fit on, or take a longer window")
    for name in ("eval_metric", "metric"):
        if name in hyperparameters:
            found = "would be what stops the fit; the objective's own loss does that"
            raise ParamsError(f"model.params.{name}", found, "leave it out")


def _check_workers(fit: Fit, train: int) -> None:
    """Refuse what several workers cannot do together, with so many training periods."""
    if fit.by != "period":
        found = f"is {fit.workers}, and rows come at once"
        raise ParamsError("model.fit.workers", found, "declare by: period, too: each worker has some periods")
    if fit.early_stopping:
        found = f"does not go with workers: {fit.workers}"
        raise ParamsError("model.fit.early_stopping", found, "declare one of the two")
    if fit.workers > train:
        found = f"is {fit.workers}, and {count(train, 'period')} to train on"
        raise ParamsError("model.fit.workers", found, f"declare at most {train}, or take a longer window")
