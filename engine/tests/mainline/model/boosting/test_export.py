"""XGBoost and LightGBM as ONNX: the same predictions, also of rows with gaps, without either library."""

import hashlib
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from mainline.contract import Task
from mainline.declared.params import Model, Preprocessing
from mainline.errors import ParamsError
from mainline.model import batches, estimator, export, frames, runtime
from mainline.stages.harness import PINNED
from tests.mainline.model.boosting.fitted import (
    CATEGORICAL,
    FAMILIES,
    NUMERIC,
    PARITY,
    TASKS,
    answers,
    build,
    draw,
    fit,
    label,
    table,
    write,
)  # fmt: skip
from tests.project import LIMIT, ROOT

XGB, XGB_CLASSIFIER = FAMILIES["xgboost"]
LGBM, LGBM_CLASSIFIER = FAMILIES["lightgbm"]
OBJECTIVES: list[tuple[str, Task, dict[str, Any]]] = [
    *((XGB, "regression", {"objective": f"reg:{name}"}) for name in (
        "squarederror", "squaredlogerror", "absoluteerror", "pseudohubererror", "gamma", "tweedie", "logistic",
    )),
    (XGB, "regression", {"objective": "count:poisson"}),
    (XGB, "regression", {"objective": "reg:quantileerror", "quantile_alpha": 0.9}),
    (XGB, "regression", {"base_score": 0.3}),
    (XGB, "regression", {"grow_policy": "lossguide", "max_leaves": 31, "max_depth": 0}),
    (XGB_CLASSIFIER, "classification", {"scale_pos_weight": 3.0}),
    (XGB_CLASSIFIER, "multiclass", {"objective": "multi:softmax"}),
    (XGB_CLASSIFIER, "multiclass", {"num_parallel_tree": 3, "subsample": 0.5}),
    *((LGBM, "regression", {"objective": name}) for name in (
        "l1", "huber", "fair", "mape", "poisson", "gamma", "tweedie", "cross_entropy",
    )),
    (LGBM, "regression", {"objective": "quantile", "alpha": 0.9}),
    (LGBM, "regression", {"boosting_type": "rf", "subsample": 0.5, "subsample_freq": 1}),
    (LGBM, "regression", {"boosting_type": "dart"}),
    (LGBM, "regression", {"use_missing": False}),
    (LGBM, "regression", {"min_child_samples": 900}),
    (LGBM_CLASSIFIER, "classification", {"sigmoid": 2.0}),
    (LGBM_CLASSIFIER, "multiclass", {"class_weight": "balanced"}),
]  # fmt: skip
"""What changes how leaves become predictions; at last trees of one leaf."""


@pytest.mark.parametrize("gaps", [0.0, 0.2], ids=["whole", "gaps"])
@pytest.mark.parametrize("categorical", ["ordinal", "one-hot"])
@pytest.mark.parametrize(("type_", "task"), TASKS)
def test_onnx_predicts_what_the_library_predicts(type_: str, task: Task, categorical: str, gaps: float) -> None:
    """On new rows with gaps and unknown text, fitted with gaps or without, both agree to seven digits."""
    pipeline = fit(type_, task, draw(gaps=gaps), categorical)
    content, exported = write(pipeline, task, draw(gaps=gaps))
    new = draw(codes="abxy", gaps=0.5, seed=2)
    new["code"][::5] = ""
    assert (exported.format, exported.reason) == ("onnx", "")
    np.testing.assert_allclose(
        answers(content, exported, new), frames.predict(pipeline, table(new), task), rtol=0, atol=PARITY
    )


@pytest.mark.parametrize(("type_", "task", "params"), OBJECTIVES, ids=[f"{one[0]} {one[2]}" for one in OBJECTIVES])
def test_every_objective_is_exported(type_: str, task: Task, params: dict[str, Any]) -> None:
    """What an objective makes of the sums of leaves, the graph makes of them too."""
    pipeline = fit(type_, task, draw(), **params)
    content, exported = write(pipeline, task, draw())
    new = draw(gaps=0.5, seed=2)
    np.testing.assert_allclose(
        answers(content, exported, new), frames.predict(pipeline, table(new), task), rtol=0, atol=PARITY
    )


@pytest.mark.parametrize(("type_", "task"), TASKS)
def test_a_row_alone_is_answered_as_in_a_batch(type_: str, task: Task) -> None:
    """The answer does not depend on the rows beside it, to the last bit."""
    content, exported = write(fit(type_, task, draw()), task, draw())
    assert batches.difference(runtime.load(content, exported.describe()).predict, draw(seed=2)) == 0


@pytest.mark.parametrize("type_", [XGB, LGBM])
@pytest.mark.parametrize(("numeric", "categorical"), [(NUMERIC, []), ([], CATEGORICAL)], ids=["numbers", "text"])
def test_one_kind_of_feature_is_exported(type_: str, numeric: list[str], categorical: list[str]) -> None:
    """A model on numbers alone, or on text alone, answers as the library does."""
    rows = {name: values for name, values in draw().items() if name in (*numeric, *categorical)}
    preprocessing = Preprocessing(numeric="auto", categorical="ordinal")
    pipeline = estimator.build(Model(type=type_, params={}), preprocessing, numeric, categorical, "regression", 1)
    pipeline.fit(frames.table(rows, numeric, categorical), label(draw(), "regression"))
    _, exported = export.export(pipeline, type_, "regression", numeric, categorical, rows, PARITY)
    assert exported.parity < PARITY


@pytest.mark.parametrize("type_", [XGB, LGBM])
def test_a_feature_equal_to_a_rounded_threshold_takes_the_same_branch(type_: str) -> None:
    """Thresholds half-way between neighbouring float32 numbers, which rounding moves onto the upper one, are kept."""
    whole = np.repeat(np.arange(2**24 - 64, 2**24, dtype=np.float32), 10)
    rows = {"size": whole, "age": np.zeros_like(whole), "code": np.full(len(whole), "a", dtype=object)}
    small = {"min_child_samples": 1, "min_data_in_bin": 1} if type_ == LGBM else {"min_child_weight": 0}
    pipeline = build(type_, "regression", n_estimators=3, **small).fit(table(rows), whole.astype(np.float64) % 7)
    assert write(pipeline, "regression", rows)[1].format == "onnx"


@pytest.mark.parametrize(("type_", "task"), TASKS)
def test_the_curve_ends_at_the_prediction(type_: str, task: Task) -> None:
    """There is one prediction per iteration, and the last is the model's own."""
    pipeline = fit(type_, task, draw(), n_estimators=5)
    new = table(draw(gaps=0.5, seed=2))
    curve = estimator.learning_curve(pipeline, new, task)
    assert len(curve) == 5
    np.testing.assert_allclose(curve[-1], frames.predict(pipeline, new, task), rtol=0, atol=PARITY)
    first = fit(type_, task, draw(), n_estimators=1)
    np.testing.assert_allclose(curve[0], frames.predict(first, new, task), rtol=0, atol=PARITY)


@pytest.mark.parametrize("type_", [XGB, LGBM])
def test_what_float32_cannot_hold_is_refused(type_: str) -> None:
    """There is no package with the library in it: past the limit, one line says by how much and what to do."""
    pipeline = fit(type_, "regression", draw())
    with pytest.raises(ParamsError, match=r"packaged as ONNX alone, and ONNX differs by \S+, allowed is 1e-12; raise "):
        write(pipeline, "regression", draw(), tolerance=1e-12)


def digest(type_: str, task: Task) -> str:
    """Return the sha256 of what a newly fitted estimator is exported to."""
    return hashlib.sha256(write(fit(type_, task, draw(), subsample=0.7), task, draw())[0]).hexdigest()


def test_bytes_repeat_in_another_process() -> None:
    """Two processes, of which one may take more threads, fit and write the same bytes, with either library."""
    program = (
        "from tests.mainline.model.boosting import test_export as here\n"
        "print(here.digest(here.XGB, 'regression'), here.digest(here.LGBM_CLASSIFIER, 'multiclass'))"
    )
    found = []
    for threads in ("1", "2"):
        environment = os.environ | PINNED | {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": threads}
        finished = subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=LIMIT
        )
        found.append(finished.stdout.strip() or finished.stderr)
    assert len(found[0]) == 129, found[0]
    assert found[0] == found[1]


def test_answers_need_neither_library(tmp_path: Any) -> None:
    """What loads and answers a package imports onnxruntime alone."""
    content, exported = write(fit(XGB, "regression", draw()), "regression", draw())
    (tmp_path / "model").write_bytes(content)
    program = (
        "import sys, numpy as np\nfrom pathlib import Path\nfrom mainline.model import runtime\n"
        f"loaded = runtime.load(Path('model').read_bytes(), {exported.describe()!r})\n"
        "rows = {'size': np.ones(1), 'age': np.ones(1), 'code': np.array(['a'], object)}\n"
        "assert loaded.predict(rows).shape == (1,)\n"
        "print(sorted({'xgboost', 'lightgbm', 'sklearn', 'skl2onnx', 'pandas'} & set(sys.modules)))"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=LIMIT
    )
    assert finished.stdout.strip() == "[]", finished.stderr
