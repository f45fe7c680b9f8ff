"""A variant of the declared model: changed in one thing, fitted, and judged on rows it was not fitted on.

Only the parts asked for are read. Experiments ask for training and validation rows: what is chosen here is
judged later, by the gate, on test rows that no choice has seen.
"""

import io
import sys
from collections.abc import Iterable
from contextlib import nullcontext, redirect_stdout
from pathlib import Path

from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from mainline import personal
from mainline.conformance.names import check_features, check_policy
from mainline.contract import Array
from mainline.data import dataset
from mainline.data.dataset import Prepared
from mainline.data.storage import read_json
from mainline.declared.params import Params
from mainline.errors import MainlineError
from mainline.labels import classes
from mainline.model import metrics
from mainline.model.metric import Metric
from mainline.stages import fitting
from usecase import features, interface


def read(params: Params, parts: Iterable[str]) -> Prepared:
    """Read the declared features of some parts.

    Raises:
        MainlineError: when the pipeline has not made them yet.
        ParamsError, PolicyError: when a feature is unknown or banned.
    """
    parts = tuple(parts)
    allowed = personal.columns(interface)
    check_policy(params.features, interface.REQUEST, interface.BANNED, key=interface.KEY, declared=allowed)
    check_features(params.features, (*features.NUMERIC, *features.CATEGORICAL))
    for part in parts:
        if not part_file(part).is_file():
            raise MainlineError(f"there is no {part_file(part)}. Run `make repro` first.")
    return dataset.read(dataset.FOLDER, parts, [field.name for field in interface.REQUEST], params.features)


def part_file(part: str) -> Path:
    """Name the file of a part's prepared rows."""
    return dataset.FOLDER / f"{part}.parquet"


def fit(params: Params, rows: Prepared) -> Pipeline:
    """Fit on n rows, on one thread, so that the result repeats; only a terminal sees how long it takes.

    Raises:
        ParamsError: when the estimator refuses its hyperparameters.
    """
    quiet = nullcontext() if sys.stdout.isatty() else redirect_stdout(io.StringIO())
    with threadpool_limits(limits=1), quiet:
        return fitting.fit(params, rows)


def predict(pipeline: Pipeline, rows: Prepared, params: Params) -> Array:
    """Answer n rows as a client would be answered, on one thread."""
    with threadpool_limits(limits=1):
        return fitting.predict(pipeline, rows, params)


def primary(params: Params) -> Metric:
    """Return the metric that models are compared by."""
    described = fitting.MODEL / "model.json"
    threshold = read_json(described).get("threshold") if params.evaluation.costs and described.is_file() else None
    return metrics.declared(interface.TASK, classes(interface), params.evaluation, threshold).primary


def clusters(rows: Prepared) -> Array:
    """Return the cluster of each of n rows: its day, UTC, or of data without time its group of rows."""
    return dataset.clusters(features, rows)
