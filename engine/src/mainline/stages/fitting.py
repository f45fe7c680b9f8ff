"""Fit the declared model on rows in memory, and answer rows with it; nothing is exported or written."""

import os
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils._param_validation import InvalidParameterError
from sklearn.utils.validation import has_fit_parameter

from mainline import progress
from mainline.conformance.arrays import check_column, check_predictions
from mainline.contract import Array
from mainline.data import dataset
from mainline.data.dataset import Prepared
from mainline.data.parts import Parts, Rows
from mainline.declared.params import Params
from mainline.errors import ParamsError
from mainline.labels import classes
from mainline.model import estimator, frames, weights
from mainline.model.boosting import libraries
from mainline.stages import gradual, own_code
from mainline.stages.harness import BY_DVC
from usecase import interface, scoring

MODEL = Path("models/model")
"""Where the fitted model is exported to."""
PIECE = 1 << 18
"""Rows that are predicted at a time: memory does not grow with all of them."""


def read(params: Params, parts: Sequence[str]) -> Rows:
    """Read some parts as the declared model is fitted: into memory, or a period at a time."""
    request = [field.name for field in interface.REQUEST]
    read_ = Parts if params.model.fit.by == "period" else dataset.read
    return read_(dataset.FOLDER, parts, request, params.features)


def fit(params: Params, rows: Rows) -> Pipeline:
    """Fit the declared model on n rows.

    Raises:
        ParamsError: when the estimator refuses its hyperparameters or the data.
    """
    if BY_DVC in os.environ:
        own_code.check(params, os.environ[BY_DVC])
    numeric, categorical = names(params, rows)
    pipeline = estimator.build(params.model, params.preprocessing, numeric, categorical, interface.TASK, params.seed)
    name = params.model.type.rpartition(".")[2]
    older, newer = gradual.apart(params.model.fit, rows)
    _check_labels(older, newer)
    # All rows of a period may weigh 0, but not all that are fitted on, nor all that stop the fit.
    weigh(older)
    if newer:
        weigh(newer)
    try:
        with progress.clock(f"fitting {name} on {len(rows):,} rows"):
            if not (params.model.fit.at_once and isinstance(rows, Prepared)):
                answers = partial(_answers, estimator_=pipeline[-1])
                gradual.fit(params, pipeline, rows, (numeric, categorical), answers, _classes())
                return pipeline
            # What `pipeline.fit` does, but for the table, which is gone before the estimator needs memory of its own.
            target, weight = _answers(rows, pipeline[-1])
            matrix = pipeline[:-1].fit_transform(frames.table(rows.features, numeric, categorical), target)
            pipeline[-1].fit(matrix, target, **({} if weight is None else {"sample_weight": weight}))
            return pipeline
    except (InvalidParameterError, ValueError, TypeError, *_errors(pipeline[-1])) as error:
        reason = " ".join(str(error).split())[:300]
        raise ParamsError("model.params", f"{name} refuses: {reason}", "correct params.yaml") from error


def target(rows: Rows) -> Array:
    """Return what is fitted of n rows, shape (n,).

    Raises:
        UseCaseError: when it is not a number per row.
    """
    found = []
    for some in rows.batches():
        found.append(scoring.fit_target(some.label, some.request))
        check_column("scoring.py: fit_target", found[-1], len(some))
    return found[0] if len(found) == 1 else np.concatenate(found)


def _errors(estimator_: Any) -> tuple[type[Exception], ...]:
    library = libraries.of(estimator_)
    return library.ERRORS if library else ()


def predict(pipeline: Pipeline, rows: Rows, params: Params) -> Array:
    """Answer n rows with the fitted pipeline, as a client would be answered."""
    if isinstance(rows, Parts):
        return np.concatenate([predict(pipeline, some, params) for some in rows.batches()])
    numeric, categorical = names(params, rows)
    tables = (frames.table(rows.take(some).features, numeric, categorical) for some in _in_pieces(len(rows)))
    raw = np.concatenate([frames.predict(pipeline, table, interface.TASK) for table in tables])
    predicted = scoring.respond(raw, rows.request)
    check_predictions("scoring.py: respond", predicted, len(rows), classes(interface))
    return predicted


def names(params: Params, rows: Rows) -> tuple[list[str], list[str]]:
    """Split the declared features by kind, numbers first; `prepare` has seen to it that all others are text.

    The kind is read from the rows, so that an edit of `features.py` that moves no feature fits nothing again.
    """
    numeric = [name for name in params.features if rows.features[name].dtype.kind in "biuf"]
    return numeric, [name for name in params.features if name not in numeric]


def weigh(rows: Rows) -> Array | None:
    """Return the use case's weights of n rows, of which all in a period may be 0; None if it weighs none.

    Raises:
        UseCaseError: when they are not a weight per row, or all are 0.
    """
    if not weights.are_given(scoring):
        return None  # without reading periods for nothing
    return weights.together(_weigh_each(some) for some in rows.batches())


def _weigh_each(rows: Prepared) -> Array | None:
    return weights.each(scoring, rows.label, rows.request) if weights.are_given(scoring) else None


def _in_pieces(rows: int) -> Iterator[slice]:
    """Cut n rows into pieces of at most `PIECE`, at least one."""
    return (slice(start, start + PIECE) for start in range(0, max(rows, 1), PIECE))


def _answers(rows: Prepared, estimator_: Any) -> tuple[Array, Array | None]:
    """Return what is fitted of n rows, all or a period's, and how much each counts, shape (n,) both; None if the same.

    Raises:
        UseCaseError: when they are not a number per row.
        ParamsError: when the estimator takes no weights.
    """
    wanted, weight = target(rows), _weigh_each(rows)
    if weight is not None and not has_fit_parameter(estimator_, "sample_weight"):
        found = f"{type(estimator_).__name__} takes no weights, and scoring.weight gives them"
        raise ParamsError(
            "model.type", found, "declare another estimator, or take weight out of src/usecase/scoring.py"
        )
    return wanted, weight


def _classes() -> int:
    return 0 if interface.TASK == "regression" else len(classes(interface) or (0, 1))


def _check_labels(rows: Rows, stopping: Rows | None) -> None:
    """Refuse to fit a classifier on rows that lack a class.

    Args:
        rows: to fit on.
        stopping: newer rows, which stop the fit; None without.

    Raises:
        ParamsError: naming it.
    """
    if interface.TASK == "regression":
        return
    lacking, known = _lacking(rows), classes(interface) or (0, 1)
    if lacking:
        named = ", ".join(repr(name) for name in lacking)
        found = f"no row to fit on is labelled {named}"
        if stopping and not set(lacking) & set(_lacking(stopping)):
            found = f"{named} labels no row to fit on, but rows of the newest periods, which only stop the fit"
            raise ParamsError(
                "model.fit.early_stopping", found, "declare fewer `periods` there, or take older data too"
            )
        other = ", or take out of CLASSES what does not occur" if len(known) > 2 else ""
        raise ParamsError("data", found, f"take more rows to fit on, by data or split{other}")


def _lacking(rows: Rows) -> list[Any]:
    """List the classes that no row is labelled with."""
    wanted = target(rows)
    return [name for code, name in enumerate(classes(interface) or (0, 1)) if not (wanted == code).any()]
