"""XGBoost, LightGBM and CatBoost as ONNX: the same predictions, also of rows with gaps, without the library."""

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
    rounds,
    table,
    write,
)  # fmt: skip
from tests.project import LIMIT, ROOT

XGB, XGB_CLASSIFIER = FAMILIES["xgboost"]
LGBM, LGBM_CLASSIFIER = FAMILIES["lightgbm"]
CAT, CAT_CLASSIFIER = FAMILIES["catboost"]
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
    *((CAT, "regression", {"loss_function": name}) for name in (
        "MAE", "Quantile:alpha=0.9", "Huber:delta=1", "LogCosh", "Lq:q=3", "MAPE", "Expectile:alpha=0.3", "Poisson",
        "Tweedie:variance_power=1.5",
    )),
    (CAT, "regression", {"grow_policy": "Lossguide", "max_leaves": 9}),
    (CAT, "regression", {"grow_policy": "Depthwise", "nan_mode": "Max"}),
    (CAT, "regression", {"nan_mode": "Max"}),
    (CAT, "regression", {"model_shrink_rate": 0.1, "boost_from_average": False}),
    (CAT, "regression", {"min_data_in_leaf": 900, "grow_policy": "Depthwise"}),
    (CAT_CLASSIFIER, "classification", {"loss_function": "CrossEntropy"}),
    (CAT_CLASSIFIER, "classification", {"loss_function": "MultiClass"}),
    (CAT_CLASSIFIER, "multiclass", {"grow_policy": "Lossguide", "auto_class_weights": "Balanced"}),
]  # fmt: skip
"""What changes how leaves become predictions; trees of one leaf among them."""


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


@pytest.mark.parametrize("type_", [XGB, LGBM, CAT])
@pytest.mark.parametrize(("numeric", "categorical"), [(NUMERIC, []), ([], CATEGORICAL)], ids=["numbers", "text"])
def test_one_kind_of_feature_is_exported(type_: str, numeric: list[str], categorical: list[str]) -> None:
    """A model on numbers alone, or on text alone, answers as the library does."""
    rows = {name: values for name, values in draw().items() if name in (*numeric, *categorical)}
    preprocessing = Preprocessing(numeric="auto", categorical="ordinal")
    pipeline = estimator.build(Model(type=type_, params={}), preprocessing, numeric, categorical, "regression", 1)
    pipeline.fit(frames.table(rows, numeric, categorical), label(draw(), "regression"))
    _, exported = export.export(pipeline, type_, "regression", numeric, categorical, rows, PARITY)
    assert exported.parity < PARITY


@pytest.mark.parametrize("type_", [XGB, LGBM, CAT])
def test_a_feature_equal_to_a_rounded_threshold_takes_the_same_branch(type_: str) -> None:
    """Thresholds half-way between neighbouring float32 numbers, which rounding moves onto the upper one, are kept."""
    whole = np.repeat(np.arange(2**24 - 64, 2**24, dtype=np.float32), 10)
    rows = {"size": whole, "age": np.zeros_like(whole), "code": np.full(len(whole), "a", dtype=object)}
    small = {LGBM: {"min_child_samples": 1, "min_data_in_bin": 1}, XGB: {"min_child_weight": 0}, CAT: {}}[type_]
    pipeline = build(type_, "regression", **{rounds(type_): 3}, **small).fit(table(rows), whole.astype(np.float64) % 7)
    assert write(pipeline, "regression", rows)[1].format == "onnx"


@pytest.mark.parametrize(("type_", "task"), TASKS)
def test_the_curve_ends_at_the_prediction(type_: str, task: Task) -> None:
    """There is one prediction per iteration, and the last is the model's own."""
    pipeline = fit(type_, task, draw(), **{rounds(type_): 5, "learning_rate": 0.3})
    new = table(draw(gaps=0.5, seed=2))
    curve = estimator.learning_curve(pipeline, new, task)
    assert len(curve) == 5
    np.testing.assert_allclose(curve[-1], frames.predict(pipeline, new, task), rtol=0, atol=PARITY)
    first = fit(type_, task, draw(), **{rounds(type_): 1, "learning_rate": 0.3})
    np.testing.assert_allclose(curve[0], frames.predict(first, new, task), rtol=0, atol=PARITY)


@pytest.mark.parametrize("type_", [XGB, LGBM, CAT])
def test_what_float32_cannot_hold_is_refused(type_: str) -> None:
    """There is no package with the library in it: past the limit, one line says by how much and what to do."""
    pipeline = fit(type_, "regression", draw())
    with pytest.raises(ParamsError, match=r"packaged as ONNX alone, and ONNX differs by \S+, allowed is 1e-12; raise "):
        write(pipeline, "regression", draw(), tolerance=1e-12)


def digest(type_: str, task: Task) -> str:
    """Return the sha256 of what a newly fitted estimator is exported to."""
    some = {"subsample": 0.7} | ({"bootstrap_type": "Bernoulli"} if type_.startswith("catboost") else {})
    return hashlib.sha256(write(fit(type_, task, draw(), **some), task, draw())[0]).hexdigest()


def test_bytes_repeat_in_another_process() -> None:
    """Two processes, of which one may take more threads, fit and write the same bytes, with each library."""
    program = (
        "from tests.mainline.model.boosting import test_export as here\n"
        "print(here.digest(here.XGB, 'regression'), here.digest(here.LGBM_CLASSIFIER, 'multiclass'),"
        " here.digest(here.CAT_CLASSIFIER, 'multiclass'))"
    )
    found = []
    for threads in ("1", "2"):
        environment = os.environ | PINNED | {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": threads}
        finished = subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=LIMIT
        )
        found.append(finished.stdout.strip() or finished.stderr)
    assert len(found[0]) == 194, found[0]
    assert found[0] == found[1]


@pytest.mark.parametrize("type_", [XGB, CAT])
def test_answers_need_no_library(tmp_path: Any, type_: str) -> None:
    """What loads and answers a package imports onnxruntime alone."""
    content, exported = write(fit(type_, "regression", draw()), "regression", draw())
    (tmp_path / "model").write_bytes(content)
    program = (
        "import sys, numpy as np\nfrom pathlib import Path\nfrom mainline.model import runtime\n"
        f"loaded = runtime.load(Path('model').read_bytes(), {exported.describe()!r})\n"
        "rows = {'size': np.ones(1), 'age': np.ones(1), 'code': np.array(['a'], object)}\n"
        "assert loaded.predict(rows).shape == (1,)\n"
        "print(sorted({'xgboost', 'lightgbm', 'catboost', 'sklearn', 'skl2onnx', 'pandas'} & set(sys.modules)))"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=LIMIT
    )
    assert finished.stdout.strip() == "[]", finished.stderr
