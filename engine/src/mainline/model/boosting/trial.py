"""Ask a library for its hyperparameters by a fit on a few rows: it checks names and values only while it fits."""

import math
import os
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np

from mainline.contract import Task
from mainline.declared.params import Model
from mainline.errors import ParamsError, nearest
from mainline.model.boosting.libraries import Library

ROWS = 24
OF_DATA = (
    "base_score", "class_weight", "feature_contri", "feature_weights", "interaction_constraints",
    "max_bin_by_feature", "monotone_constraints",
)  # fmt: skip
"""Hyperparameters that name columns or classes of the data; the real fit checks them."""


def fit(library: Library, estimator: Any, task: Task) -> Any:
    """Fit at most two iterations of an estimator on a few rows of two columns; of a label between 0 and 1, or classes.

    Raises:
        ValueError: when it does not take a value; also TypeError and the library's own errors.
    """
    declared = estimator.get_params()
    tried = type(estimator)(**{name: value for name, value in declared.items() if name not in OF_DATA})
    rounds = declared.get(library.ROUNDS)
    if rounds is None or (isinstance(rounds, int) and rounds > 2):
        tried.set_params(**{library.ROUNDS: 2})
    matrix = np.random.default_rng(0).normal(size=(ROWS, 2))
    kinds = {"regression": np.linspace(0.2, 0.8, 2), "classification": np.arange(2), "multiclass": np.arange(3)}
    with _silent():
        return tried.fit(matrix, np.resize(kinds[task], ROWS))


def check(library: Library, estimator: Any, model: Model, task: Task) -> None:
    """Refuse hyperparameters that do not exist, are not taken, or make a model that cannot be exported.

    Raises:
        ParamsError: in the library's own words.
    """
    for name, value in model.params.items():
        if isinstance(value, float) and not math.isfinite(value):  # both libraries fit some of them in silence
            raise ParamsError(f"model.params.{name}", f"is {value}", "write a finite number")
    refusals: tuple[type[Exception], ...] = (ValueError, TypeError, *library.ERRORS)
    try:
        fitted = fit(library, estimator, task)
        link = library.ensemble(fitted).link
    except refusals as error:
        reason = _first_line(error)
        name = _named(reason, model.params) or _refused_alone(library, estimator, model, task, refusals)
        raise ParamsError(f"model.params{name and f'.{name}'}", reason, "correct params.yaml") from error
    if (link == "softmax") == (task == "regression"):
        kind = "regression" if task == "regression" else "classification"
        raise ParamsError("model.params.objective", f"is not one of a {kind}", "leave it out, or declare one that is")
    known = library.names(fitted) - library.REFUSED.keys()
    for name in model.params:
        if name not in known:
            raise ParamsError(f"model.params.{name}", f"is not a parameter of {model.type}", nearest(name, known))


def _named(reason: str, params: Mapping[str, Any]) -> str:
    """Return the hyperparameter that a reason is about, by its name or else by its value; '' if it says neither."""
    texts = {name: value for name, value in params.items() if isinstance(value, str)}
    for name, said in (*zip(params, params, strict=True), *texts.items()):
        if re.search(rf"(?<!\w){re.escape(said)}(?!\w)", reason):
            return name
    return ""


def _refused_alone(
    library: Library, estimator: Any, model: Model, task: Task, refusals: tuple[type[Exception], ...]
) -> str:
    """Return the hyperparameter without which the fit goes well; '' if none is alone to blame."""
    given = estimator.get_params()
    for name in model.params:
        others = {other: value for other, value in given.items() if other != name}
        with suppress(*refusals):
            fit(library, type(estimator)(**others), task)
            return name
    return ""


@contextmanager
def _silent() -> Iterator[None]:
    """Let nobody see warnings, and what LightGBM's own code writes to the terminal before it raises."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _first_line(error: Exception) -> str:
    """Return what a library says first, without the place in its own source."""
    line = next(iter(str(error).strip().splitlines()), type(error).__name__)
    return re.sub(r"^\[[\d:]+\] \S+: |^\S+\.(h|cpp):\d+: (Error: )?| at /.*", "", line).strip(" .")
