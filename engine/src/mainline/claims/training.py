"""Claims about the training of the declared model: it learns, it stays finite, and it can be done again.

They hold for any family of estimators. What is memorised is two different rows, or one row of each class, each repeated
until no hyperparameter calls it too few: a linear model can tell those apart as a forest can.
"""

import hashlib
import os
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import yaml
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from mainline import children, processes
from mainline.claims.declarations import module
from mainline.claims.rows import few, tiny
from mainline.contract import Array
from mainline.data import dataset
from mainline.data.dataset import Prepared
from mainline.data.storage import write_columns
from mainline.declared import own_model, params
from mainline.declared.params import Params
from mainline.errors import ParamsError, UseCaseError
from mainline.model import estimator, export, frames
from mainline.stages import fitting
from mainline.stages.harness import PINNED

MEMORISED = 0.5
"""The most that may be left of a constant's squared error on a tiny set; a model that learns leaves far less."""
ROWS, SETTINGS = "rows", "params.yaml"
LIMIT = 300.0
"""Seconds that the second fit may take, with its start; a few are usual."""
REMEDY = "let model.params learn more, or see what src/usecase/features.py computes"


def a_tiny_set_is_memorised() -> None:
    """Of a few rows that differ, each repeated, the fitted model knows the labels: features and target arrive in it."""
    settings = params.load()
    rows = tiny(settings, few())
    target = _target(rows)
    loss = _loss(target, _raw(_fit(settings, rows), settings, rows))
    left = loss / _constant(target)
    if not left <= MEMORISED:
        raise _refused(settings, f"leaves {left:.0%} of a constant's squared error on rows that are repeated")


def the_loss_falls_in_training() -> None:
    """After the last iteration the squared error on a tiny set is below that after the first.

    That of a model which does not learn in iterations is below that of the best constant.
    """
    settings = params.load()
    rows = tiny(settings, few())
    target, pipeline = _target(rows), _fit(settings, rows)
    curve = estimator.learning_curve(pipeline, _table(settings, rows), module("interface").TASK)
    if len(curve) > 1:
        first, last, than = _loss(target, curve[0]), _loss(target, curve[-1]), "after its first iteration"
    else:
        first, last, than = _constant(target), _loss(target, _raw(pipeline, settings, rows)), "of a constant"
    if not last < first:
        raise _refused(settings, f"ends with a squared error of {last:.4g} on a tiny set; it was {first:.4g} {than}")


def a_fit_on_random_data_is_finite() -> None:
    """Fitted once on real values whose columns were shuffled, each by itself, the model gives numbers."""
    settings, rows, random = params.load(), few(), np.random.default_rng(6)
    shuffled = {name: values[random.permutation(len(rows))] for name, values in rows.features.items()}
    rows = Prepared(rows.request, shuffled, rows.label, rows.hash)
    raw = _raw(_fit(settings, rows), settings, rows)
    if not np.isfinite(raw).all():
        wrong = int((~np.isfinite(raw).reshape(len(raw), -1).all(axis=1)).sum())
        raise _refused(settings, f"gives no finite number for {wrong:,} of {len(rows):,} rows with shuffled features")


def a_fit_that_is_done_again_gives_the_same_bytes() -> None:
    """A process that begins anew with the same rows, as after a crash, exports the same model to the last byte."""
    settings, rows = params.load(), few()
    with TemporaryDirectory() as folder:
        write_columns(rows.as_columns(), Path(folder) / f"{ROWS}.parquet")
        written = settings.model_dump(mode="json", by_alias=True, exclude_unset=True)
        (Path(folder) / SETTINGS).write_text(yaml.safe_dump(written), encoding="utf-8")
        with ThreadPoolExecutor(2) as pool:
            once, again = pool.map(_in_a_process, [folder, folder])
    if once != again:
        found = f"{settings.model.type} is another model each time it is fitted on {len(rows):,} rows"
        raise ParamsError("model.params", found, "leave random_state to `seed`, or declare another estimator")


def an_own_model_keeps_the_interface_of_scikit_learn() -> None:
    """A model type of `src/usecase/` passes scikit-learn's own checks of estimators, with its defaults.

    Those of libraries are held by their own tests.
    """
    settings = params.load()
    if not own_model.is_own(settings.model.type):
        return
    found = type(estimator.made(settings.model, settings.seed))
    try:
        results = _checked(found())
    except TypeError as error:
        remedy = "give each hyperparameter of its __init__ a default, as scikit-learn asks"
        raise ParamsError("model.type", f"{found.__name__} has no defaults ({error})", remedy) from error
    failed = [result for result in results if result["status"] == "failed"]
    if failed:
        first = failed[0]["exception"]
        said = " ".join(str(first).split())[:300].rstrip(".") or type(first).__name__
        tried = f"fails {len(failed)} of {len(results)} checks of scikit-learn's, first {failed[0]['check_name']}"
        raise ParamsError("model.type", f"{found.__name__} {tried} ({said})", f"correct {_own_file(settings)}")


def _checked(made: Any) -> list[dict[str, Any]]:
    """Return the result of each of scikit-learn's checks of an estimator."""
    from sklearn.utils.estimator_checks import check_estimator  # takes a second, for few forks

    with _quiet(), threadpool_limits(1):
        return list(check_estimator(made, on_fail=None, on_skip=None))


def _own_file(settings: Params) -> str:
    return str(own_model.file(settings.model.type))


def _in_a_process(folder: str) -> str:
    """Return what `exported` does in a process of its own, with what the pipeline pins.

    Raises:
        UseCaseError: if it fails there.
    """
    pins = PINNED | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    ran = processes.run(children.command(__name__, folder), LIMIT, env=children.environment() | pins, text=True)
    if ran.returncode:
        said = (ran.stderr.strip() or "no reason was given").splitlines()[-1]
        raise UseCaseError(f"the declared model cannot be fitted in a process of its own: {said}")
    return str(ran.stdout.split()[-1])


def exported(folder: Path) -> str:
    """Fit the model of a folder's `params.yaml` on its rows; return the sha256 of what is exported."""
    settings, interface = params.load(folder / SETTINGS), module("interface")
    rows = dataset.read(folder, [ROWS], [field.name for field in interface.REQUEST], settings.features)
    content, _ = export.export(
        _fit(settings, rows), settings.model.type, interface.TASK, *fitting.names(settings, rows), rows.features,
        settings.limits.parity,
    )  # fmt: skip
    return hashlib.sha256(content).hexdigest()


def _fit(settings: Params, rows: Prepared) -> Pipeline:
    """Fit on n rows in one thread: so few are not worth more, and threads that wait cost others their time."""
    with _quiet(), threadpool_limits(1):
        return fitting.fit(settings, rows)


def _raw(pipeline: Pipeline, settings: Params, rows: Prepared) -> Array:
    """Predict n rows on the scale of the fit's target, shape (n,), or (n, K) for K classes."""
    with _quiet():
        return frames.predict(pipeline, _table(settings, rows), module("interface").TASK)


@contextmanager
def _quiet() -> Iterator[None]:
    """Let an estimator warn and overflow: what comes of it is looked at."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def _table(settings: Params, rows: Prepared) -> pd.DataFrame:
    return frames.table(rows.features, *fitting.names(settings, rows))


def _target(rows: Prepared) -> Array:
    return np.asarray(module("scoring").fit_target(rows.label, rows.request), np.float64)


def _loss(target: Array, raw: Array) -> float:
    """Return the mean squared error of n targets, of K classes summed over their probabilities."""
    truth = np.eye(raw.shape[1])[target.astype(int)] if raw.ndim > 1 else target
    return float(np.square(raw - truth).reshape(len(target), -1).sum(axis=1).mean())


def _constant(target: Array) -> float:
    """Return the squared error of the best constant, of three or more classes that of their shares."""
    if module("interface").TASK == "multiclass":
        return 1 - float(np.square(np.bincount(target.astype(int)) / len(target)).sum())
    return float(np.var(target))


def _refused(settings: Params, found: str) -> ParamsError:
    return ParamsError("model", f"{settings.model.type.rpartition('.')[2]} {found}", REMEDY)


CLAIMS = (
    a_tiny_set_is_memorised, the_loss_falls_in_training, a_fit_on_random_data_is_finite,
    a_fit_that_is_done_again_gives_the_same_bytes, an_own_model_keeps_the_interface_of_scikit_learn,
)  # fmt: skip

if __name__ == "__main__":
    print(exported(Path(sys.argv[1])))
