"""Fit the declared model on rows in memory, and answer rows with it; nothing is exported or written."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils._param_validation import InvalidParameterError
from sklearn.utils.validation import has_fit_parameter

from mainline import progress
from mainline.conformance.arrays import check_column, check_predictions
from mainline.contract import Array
from mainline.data.dataset import Prepared
from mainline.declared.params import Params
from mainline.errors import ParamsError
from mainline.labels import classes
from mainline.model import estimator, frames, weights
from mainline.model.boosting import libraries
from usecase import interface, scoring

MODEL = Path("models/model")
"""Where the fitted model is exported to."""
PIECE = 1 << 18
"""Rows that are predicted at a time: memory does not grow with all of them."""


def fit(params: Params, rows: Prepared) -> Pipeline:
    """Fit the declared model on n rows.

    Raises:
        ParamsError: when the estimator refuses its hyperparameters or the data.
    """
    numeric, categorical = names(params, rows)
    pipeline = estimator.build(params.model, params.preprocessing, numeric, categorical, interface.TASK, params.seed)
    name = params.model.type.rpartition(".")[2]
    target = scoring.fit_target(rows.label, rows.request)
    check_column("scoring.py: fit_target", target, len(rows))
    _check_target(target)
    weighing = _weighing(rows, pipeline[-1])
    try:
        with progress.clock(f"fitting {name} on {len(rows):,} rows"):
            # What `pipeline.fit` does, but for the table, which is gone before the estimator needs memory of its own.
            matrix = pipeline[:-1].fit_transform(frames.table(rows.features, numeric, categorical), target)
            pipeline[-1].fit(matrix, target, **weighing)
            return pipeline
    except (InvalidParameterError, ValueError, TypeError, *_errors(pipeline[-1])) as error:
        reason = " ".join(str(error).split())[:300]
        raise ParamsError("model.params", f"{name} refuses: {reason}", "correct params.yaml") from error


def _errors(estimator_: Any) -> tuple[type[Exception], ...]:
    library = libraries.of(estimator_)
    return library.ERRORS if library else ()


def predict(pipeline: Pipeline, rows: Prepared, params: Params) -> Array:
    """Answer n rows with the fitted pipeline, as a client would be answered."""
    numeric, categorical = names(params, rows)
    tables = (frames.table(rows.take(some).features, numeric, categorical) for some in _in_pieces(len(rows)))
    raw = np.concatenate([frames.predict(pipeline, table, interface.TASK) for table in tables])
    predicted = scoring.respond(raw, rows.request)
    check_predictions("scoring.py: respond", predicted, len(rows), classes(interface))
    return predicted


def names(params: Params, rows: Prepared) -> tuple[list[str], list[str]]:
    """Split the declared features by kind, numbers first; `prepare` has seen to it that all others are text.

    The kind is read from the rows, so that an edit of `features.py` that moves no feature fits nothing again.
    """
    numeric = [name for name in params.features if rows.features[name].dtype.kind in "biuf"]
    return numeric, [name for name in params.features if name not in numeric]


def weigh(rows: Prepared) -> Array | None:
    """Return the use case's weights of n rows; None if it weighs none.

    Raises:
        UseCaseError: when they are not a weight per row.
    """
    return weights.of(scoring, rows.label, rows.request)


def _in_pieces(rows: int) -> Iterator[slice]:
    """Cut n rows into pieces of at most `PIECE`, at least one."""
    return (slice(start, start + PIECE) for start in range(0, max(rows, 1), PIECE))


def _weighing(rows: Prepared, estimator_: Any) -> dict[str, Array]:
    """Return the use case's weights of n rows as an argument of the fit; {} if it weighs none.

    Raises:
        UseCaseError: when they are not a weight per row.
        ParamsError: when the estimator takes none.
    """
    weight = weigh(rows)
    if weight is None:
        return {}
    if not has_fit_parameter(estimator_, "sample_weight"):
        found = f"{type(estimator_).__name__} takes no weights, and scoring.weight gives them"
        raise ParamsError(
            "model.type", found, "declare another estimator, or take weight out of src/usecase/scoring.py"
        )
    return {"sample_weight": weight}


def _check_target(target: Array) -> None:
    """Refuse to fit a classifier on rows that lack a class.

    Raises:
        ParamsError: naming it.
    """
    if interface.TASK == "regression":
        return
    known = classes(interface) or (0, 1)
    lacking = [name for code, name in enumerate(known) if not (target == code).any()]
    if lacking:
        found = f"no row to fit on is labelled {', '.join(repr(name) for name in lacking)}"
        other = ", or take out of CLASSES what does not occur" if len(known) > 2 else ""
        raise ParamsError("data", found, f"take more rows to fit on, by data or split{other}")
