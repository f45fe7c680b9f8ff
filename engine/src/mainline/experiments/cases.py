"""Rows of the test by how wrong the model was, or by their key, as requests that can be explained."""

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np

from mainline.contract import Array
from mainline.data import dataset, predictions
from mainline.data.columns import to_rows
from mainline.data.storage import read_columns
from mainline.declared import params
from mainline.errors import MainlineError
from mainline.labels import classes
from usecase import interface

PREDICTIONS = Path("data/predictions/test.parquet")


def answered() -> tuple[Array, Array]:
    """Return labels, shape (n,), and predictions, shape (n,) or (n, K), of the test rows.

    Raises:
        MainlineError: when the pipeline has not run.
    """
    if not PREDICTIONS.is_file():
        raise MainlineError(f"there is no {PREDICTIONS}. Run `make repro` first.")
    names = classes(interface)
    columns = read_columns(PREDICTIONS, ["actual", *predictions.named(names)])
    return columns["actual"], predictions.from_columns(columns, names)


def worst(number: int) -> tuple[str, dict[str, Any]]:
    """Return the test row with the number-th largest error: what is said of it, and its request.

    Raises:
        MainlineError: when there are not so many rows, or the pipeline has not run.
    """
    actual, predicted = answered()
    if not 1 <= number <= len(actual):
        raise MainlineError(f"--worst: there is no row {number}; give 1, the worst, to {len(actual)}.")
    row = int(np.argsort(-_errors(actual, predicted), kind="stable")[number - 1])
    return f"Test row {row}, number {number} of the worst, whose label is {_named(actual[row])}", _requests()[row]


def keyed(text: str) -> tuple[str, dict[str, Any]]:
    """Return the test row with this key: the values of KEY in order, with commas between them.

    Raises:
        MainlineError: when there is none, or the use case has no key.
    """
    if not interface.KEY:
        raise MainlineError("--key: KEY in src/usecase/interface.py is empty; use --row or --worst.")
    wanted = [part.strip() for part in text.split(",")]
    actual, requests = answered()[0], _requests()
    for row, request in enumerate(requests):
        if _key(request) == wanted:
            return f"Test row {row}, whose label is {_named(actual[row])}", request
    example = ",".join(_key(requests[0]))
    close = get_close_matches(text, [",".join(_key(request)) for request in requests], n=1, cutoff=0.8)
    if close:
        raise MainlineError(f"--key: no test row has {text!r}; did you mean '{close[0]}'?")
    raise MainlineError(
        f"--key: no test row has {text!r}; give {', '.join(interface.KEY)} with commas between them, such as {example}."
    )


def _key(request: Mapping[str, Any]) -> list[str]:
    return [str(request.get(name, "")) for name in interface.KEY]


def _named(label: float) -> str:
    """Return a label as the data has it."""
    names = classes(interface)
    return str(names[int(label)]) if names else f"{label:g}"


def _errors(actual: Array, predicted: Array) -> Array:
    """Return how far each of n predictions is off: the distance, or what the actual class's probability lacks to 1."""
    if predicted.ndim == 1:
        return np.abs(actual - predicted)
    return 1 - predicted[np.arange(len(actual)), actual.astype(np.int64)]


def _requests() -> list[dict[str, Any]]:
    """Return the requests of the test rows, in the order of their predictions."""
    declared = params.load()
    names = [field.name for field in interface.REQUEST]
    return to_rows(dataset.read(dataset.FOLDER, declared.parts.test, names, []).request, interface.REQUEST)
