"""Every regressor and classifier that can be declared: how it is exported, how faithfully, and how fast a row is.

    python -m benchmarks.estimators [FILTER]    all whose name has the text in it; a quarter of an hour without one

Each is fitted in two processes that begin anew, with its library's own hyperparameters, on made-up rows: 2,000 to fit
on, 500 to compare, four numbers and a text. What is printed is a table in Markdown; a row says why an estimator is
refused, if it is.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from mainline.stages.harness import PINNED

ROWS, COMPARED, SEED, PARITY = 2000, 500, 7, 1e-3
NUMERIC, CATEGORICAL = ["size", "age", "height", "hours"], ["code"]
SEED_OF_SETS = "PYTHONHASHSEED"
LIMIT = 300
"""Seconds for an estimator."""
CALLS, BLOCKS = 20, 5
HEAD = (
    "", "task", "package", "difference", "with gaps", "alone", "bytes repeat", "model, KB", "a row, us",
    "by its library, us",
)  # fmt: skip


def _part(path: str, **given: Any) -> dict[str, Any]:
    return {"type": f"sklearn.{path}", "params": given}


LINE, LOGIT = _part("linear_model.Ridge"), _part("linear_model.LogisticRegression")
TREE, TREE_OF_CLASSES = (_part(f"tree.DecisionTree{kind}", max_depth=6) for kind in ("Regressor", "Classifier"))
SCALE = ["scale", _part("preprocessing.StandardScaler")]
MADE: Mapping[str, Mapping[str, Any]] = {
    "StackingRegressor": {"estimators": [["line", LINE], ["tree", TREE]], "final_estimator": LINE},
    "VotingRegressor": {"estimators": [["line", LINE], ["tree", TREE]]},
    "BaggingRegressor": {"estimator": TREE},
    "AdaBoostRegressor": {"estimator": TREE},
    "RANSACRegressor": {"estimator": _part("linear_model.LinearRegression")},
    "TransformedTargetRegressor": {"regressor": LINE, "transformer": _part("preprocessing.StandardScaler")},
    "StackingClassifier": {"estimators": [["line", LOGIT], ["tree", TREE_OF_CLASSES]], "final_estimator": LOGIT},
    "VotingClassifier": {"estimators": [["line", LOGIT], ["tree", TREE_OF_CLASSES]], "voting": "soft"},
    "BaggingClassifier": {"estimator": TREE_OF_CLASSES},
    "CalibratedClassifierCV": {"estimator": _part("svm.LinearSVC")},
    "OneVsRestClassifier": {"estimator": LOGIT},
    "SelfTrainingClassifier": {"estimator": LOGIT},
    "FixedThresholdClassifier": {"estimator": LOGIT},
    "TunedThresholdClassifierCV": {"estimator": LOGIT},
    "SVC": {"probability": True},
    "NuSVC": {"probability": True},
    "SGDClassifier": {"loss": "log_loss"},
}
"""Hyperparameters of those that are made of others, or give probabilities only if they are asked to."""
MORE: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    ("sklearn.pipeline.Pipeline", "regression", {"steps": [SCALE, ["line", LINE]]}),
    ("sklearn.pipeline.Pipeline", "classification", {"steps": [SCALE, ["line", LOGIT]]}),
    ("xgboost.XGBRegressor", "regression", {}),
    ("xgboost.XGBClassifier", "classification", {}),
    ("lightgbm.LGBMRegressor", "regression", {}),
    ("lightgbm.LGBMClassifier", "classification", {}),
    ("catboost.CatBoostRegressor", "regression", {}),
    ("catboost.CatBoostClassifier", "classification", {}),
)


def everything() -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield import path, task and hyperparameters of every estimator."""
    from sklearn.utils import all_estimators

    for task, kind in (("regression", "regressor"), ("classification", "classifier")):
        for name, found in all_estimators(type_filter=kind):
            module = ".".join(found.__module__.split(".")[:2])
            yield f"{module}.{name}", task, MADE.get(name, {})
    yield from MORE


def main(wanted: str) -> None:
    """Print the table."""
    print(f"| {' | '.join(HEAD)} |\n| --- | --- | --- |{' ---: |' * (len(HEAD) - 3)}", flush=True)
    for path, task, given in everything():
        if wanted not in path:
            continue
        once, again = (_in_a_process(path, task, given) for _ in range(2))
        cells = once["cells"]
        if "digest" in once:
            cells[4:4] = ["yes" if once["digest"] == again.get("digest") else "no"]
        print(f"| `{path.removeprefix('sklearn.')}` | {task} | {' | '.join(cells)} |", flush=True)


def _in_a_process(path: str, task: str, given: Mapping[str, Any]) -> dict[str, Any]:
    command = [sys.executable, "-P", "-m", "benchmarks.estimators", "--one", json.dumps([path, task, given])]
    environment = os.environ | {SEED_OF_SETS: PINNED[SEED_OF_SETS]}  # as in stages: names of ONNX come from a set
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False, env=environment)
    except subprocess.TimeoutExpired:
        return {"cells": [f"did not end within {LIMIT} s", *[""] * (len(HEAD) - 3)]}
    if ran.returncode == 0:
        return dict(json.loads(ran.stdout))
    last = (ran.stderr.strip() or "no reason was given").splitlines()[-1]
    said = last.rpartition("Error: ")[2].removeprefix("params.yaml: ")
    return {"cells": [f"refused: {said[:160].replace('|', '/')}", *[""] * (len(HEAD) - 3)]}


def one(path: str, task: Any, given: dict[str, Any]) -> dict[str, Any]:
    """Fit an estimator here, and return its cells and the digest of what is exported."""
    from threadpoolctl import threadpool_limits

    from benchmarks import measure
    from mainline.declared import estimators
    from mainline.declared.params import Model, Preprocessing
    from mainline.model import batches, estimator, export, frames, runtime

    warnings.simplefilter("ignore")
    if path.startswith("sklearn."):
        estimators.check(
            path, given
        )  # of the others it would ask whether the lock has them, which a benchmark's need not
    model, names = Model(type=path, params=given), (NUMERIC, CATEGORICAL)
    estimator.check(model, task, SEED)
    fitted_on, compared = (_draw(count, seed) for count, seed in ((ROWS, 1), (COMPARED, 2)))
    with threadpool_limits(1):
        preprocessing = Preprocessing(numeric="auto", categorical="one-hot")
        pipeline = estimator.build(model, preprocessing, *names, task, SEED)
        pipeline.fit(frames.table(fitted_on, *names), _target(fitted_on, task))
        content, exported = export.export(pipeline, path, task, *names, compared, PARITY)
        loaded = runtime.load(content, exported.describe())
        row = {name: values[:1] for name, values in compared.items()}
        whole = pipeline.predict if task == "regression" else pipeline.predict_proba
        gaps = export._difference_with_gaps(loaded, pipeline, export._with_gaps(compared, NUMERIC), exported)
        cells = [
            exported.format,
            f"{exported.parity:.1g}",
            f"{gaps:.1g}",
            f"{batches.difference(loaded.predict, compared):.1g}",
            f"{len(content) / 1e3:,.0f}",
            f"{measure.microseconds(partial(loaded.predict, row), CALLS, BLOCKS):,.0f}",
            f"{measure.microseconds(partial(whole, frames.table(row, *names)), CALLS, BLOCKS):,.0f}",
        ]
    return {"cells": cells, "digest": hashlib.sha256(content).hexdigest()}


def _draw(count: int, seed: int) -> dict[str, Any]:
    """Draw n rows of features, as the stages hand them on."""
    import numpy as np

    random = np.random.default_rng(seed)
    numbers = {name: random.normal(size=count).astype(np.float32) for name in NUMERIC}
    return numbers | {name: random.choice(np.array(list("abcde"), object), count) for name in CATEGORICAL}


def _target(rows: Mapping[str, Any], task: str) -> Any:
    """Return positive numbers, or two classes."""
    import numpy as np

    noise = np.random.default_rng(3).normal(size=ROWS) * 0.2
    target = np.exp(0.5 * rows["size"] + np.sin(2 * rows["age"]) + 0.3 * (rows["code"] == "a") + noise)
    return target.astype(np.float64) if task == "regression" else (target > np.median(target)).astype(np.float64)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("filter", nargs="?", default="")
    parser.add_argument("--one")
    asked = parser.parse_args()
    if asked.one:
        json.dump(one(*json.loads(asked.one)), sys.stdout)
    else:
        main(asked.filter)
