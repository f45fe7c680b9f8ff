"""Fitted pipelines as bytes: ONNX where it is faithful, skops where it is not."""

import hashlib
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from skops.io import dumps, get_untrusted_types
from skops.io.exceptions import UntrustedTypesFoundException

from mainline.contract import Array, Task
from mainline.declared.params import Model, Preprocessing
from mainline.errors import ParamsError
from mainline.model import conversion, estimator, export, frames, runtime
from tests.project import LIMIT, ROOT

HGB, RIDGE = "sklearn.ensemble.HistGradientBoostingRegressor", "sklearn.linear_model.Ridge"
TREE, NO_CONVERTER = "sklearn.tree.DecisionTreeRegressor", "sklearn.kernel_ridge.KernelRidge"
NUMERIC, CATEGORICAL = ["size", "age"], ["code"]
TOLERANCE = 1e-3
EXACT, THIRD = 0.0, np.float64(1 / 3)
"""A tolerance that a label of float64 does not keep in float32, so that a tree falls back; and what makes it such."""


def draw(count: int = 300, codes: str = "abc", gaps: float = 0.2, seed: int = 1) -> dict[str, Array]:
    """Draw rows of features; a share of the ages is missing."""
    random = np.random.default_rng(seed)
    age = np.where(random.random(count) < gaps, np.nan, random.normal(size=count))
    code = random.choice(np.array(list(codes), dtype=object), count)
    return {"size": random.normal(size=count).astype(np.float32), "age": age.astype(np.float32), "code": code}


def fit(type_: str, rows: dict[str, Array], shift: float = 0.0, **params: Any) -> Pipeline:
    """Fit a regression pipeline."""
    preprocessing = Preprocessing(numeric="auto", categorical="ordinal")
    model = Model(type=type_, params=params)
    pipeline = estimator.build(model, preprocessing, NUMERIC, CATEGORICAL, "regression", 1)
    target = 2 * rows["size"] + np.nan_to_num(rows["age"]) + (rows["code"] == "a") + shift
    return pipeline.fit(frames.table(rows, NUMERIC, CATEGORICAL), target)


def write(
    pipeline: Pipeline, rows: dict[str, Array], tolerance: float = TOLERANCE, task: Task = "regression"
) -> tuple[bytes, export.Exported]:
    """Export a pipeline, held to the rows."""
    return export.export(pipeline, "the.Type", task, NUMERIC, CATEGORICAL, rows, tolerance)


def answers(content: bytes, exported: export.Exported, rows: dict[str, Array]) -> Array:
    """Predict with the exported model."""
    return runtime.load(content, exported.describe()).predict(rows)


def digest(type_: str) -> str:
    """Return the sha256 of what a newly fitted estimator is exported to."""
    content, _ = write(fit(type_, draw(), THIRD), draw(), EXACT)
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(scope="module")
def boosted() -> Pipeline:
    """Histogram gradient boosting, fitted."""
    return fit(HGB, draw(), max_iter=20)


@pytest.fixture(scope="module")
def fallback() -> tuple[bytes, export.Exported]:
    """A decision tree, which fell back to skops."""
    return write(fit(TREE, draw(), THIRD), draw(), EXACT)


@pytest.mark.parametrize("type_", [HGB, RIDGE])
def test_onnx_predicts_what_scikit_learn_predicts(type_: str) -> None:
    """On new rows, with gaps, unknown text and none, the exported model agrees within the tolerance."""
    pipeline = fit(type_, draw())
    content, exported = write(pipeline, draw())
    new = draw(codes="abxy", gaps=0.5, seed=2)
    new["code"][::5] = ""
    expected = frames.predict(pipeline, frames.table(new, exported.numeric, exported.categorical), "regression")
    assert exported.format == "onnx"
    assert exported.filename == "model.onnx"
    np.testing.assert_allclose(answers(content, exported, new), expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize(
    "type_", ["sklearn.linear_model.LogisticRegression", "sklearn.ensemble.HistGradientBoostingClassifier"]
)
def test_onnx_predicts_the_probability_of_the_positive_class(type_: str) -> None:
    """A classifier's number per row is the same probability of 1 that scikit-learn gives."""
    rows = draw()
    preprocessing = Preprocessing(numeric="auto", categorical="one-hot")
    pipeline = estimator.build(Model(type=type_, params={}), preprocessing, NUMERIC, CATEGORICAL, "classification", 1)
    pipeline.fit(frames.table(rows, NUMERIC, CATEGORICAL), (rows["size"] > 0.3).astype(int))
    content, exported = write(pipeline, rows, task="classification")
    expected = pipeline.predict_proba(frames.table(rows, NUMERIC, CATEGORICAL))[:, 1]
    assert exported.format == "onnx"
    np.testing.assert_allclose(answers(content, exported, rows), expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize(("numeric", "categorical"), [(NUMERIC, []), ([], CATEGORICAL)], ids=["numbers", "text"])
def test_one_kind_of_feature_is_exported(numeric: list[str], categorical: list[str]) -> None:
    """A model on numbers alone, or on text alone, has one input and answers as scikit-learn does."""
    rows = {name: values for name, values in draw().items() if name in (*numeric, *categorical)}
    preprocessing = Preprocessing(numeric="auto", categorical="ordinal")
    pipeline = estimator.build(Model(type=HGB, params={}), preprocessing, numeric, categorical, "regression", 1)
    pipeline.fit(frames.table(rows, numeric, categorical), draw()["size"])
    content, exported = export.export(pipeline, HGB, "regression", numeric, categorical, rows, TOLERANCE)
    expected = frames.predict(pipeline, frames.table(rows, exported.numeric, exported.categorical), "regression")
    assert exported.format == "onnx", exported.reason
    np.testing.assert_allclose(answers(content, exported, rows), expected, rtol=0, atol=TOLERANCE)


def test_a_feature_equal_to_a_rounded_threshold_takes_the_same_branch() -> None:
    """Thresholds half-way between neighbouring float32 numbers, which rounding moves onto the upper one, are kept."""
    whole = np.repeat(np.arange(2**24 - 64, 2**24, dtype=np.float32), 10)
    rows = {"size": whole, "age": np.zeros_like(whole), "code": np.full(len(whole), "a", dtype=object)}
    estimator_ = estimator.build(
        Model(type=HGB, params={"min_samples_leaf": 1, "max_iter": 3}),
        Preprocessing(numeric="auto", categorical="ordinal"), NUMERIC, CATEGORICAL, "regression", 1,
    )  # fmt: skip
    pipeline = estimator_.fit(frames.table(rows, NUMERIC, CATEGORICAL), whole.astype(np.float64) % 7)
    _, exported = write(pipeline, rows)
    assert (exported.format, exported.reason) == ("onnx", "")


@pytest.mark.parametrize("gaps", [0.0, 0.3], ids=["never", "seen"])
@pytest.mark.parametrize(
    "type_",
    [
        TREE, "sklearn.tree.ExtraTreeRegressor", "sklearn.ensemble.RandomForestRegressor",
        "sklearn.ensemble.ExtraTreesRegressor", "sklearn.ensemble.BaggingRegressor",
    ],
)  # fmt: skip
def test_trees_send_missing_values_where_they_learned_to(type_: str, gaps: float) -> None:
    """As ONNX they answer rows with gaps as scikit-learn does, whether a row that was fitted on had gaps or none."""
    pipeline = fit(type_, draw(gaps=gaps))
    content, exported = write(pipeline, draw(gaps=gaps))
    assert (exported.format, exported.reason) == ("onnx", "")
    new = draw(codes="abxy", gaps=0.5, seed=2)
    new["size"][::3] = np.nan
    expected = frames.predict(pipeline, frames.table(new, exported.numeric, exported.categorical), "regression")
    np.testing.assert_allclose(answers(content, exported, new), expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("classes", [2, 3])
def test_a_forest_of_classes_sends_missing_values_likewise(classes: int) -> None:
    """Probabilities of two classes and of three are those of scikit-learn, also with gaps."""
    rows, task = draw(), ("classification", "multiclass")[classes - 2]
    preprocessing = Preprocessing(numeric="auto", categorical="ordinal")
    model = Model(type="sklearn.ensemble.RandomForestClassifier", params={"n_estimators": 9})
    pipeline = estimator.build(model, preprocessing, NUMERIC, CATEGORICAL, task, 1)  # type: ignore[arg-type]
    pipeline.fit(
        frames.table(rows, NUMERIC, CATEGORICAL), np.digitize(rows["size"], np.linspace(-0.5, 0.5, classes)[1:])
    )
    content, exported = write(pipeline, rows, task=task)  # type: ignore[arg-type]
    assert (exported.format, exported.reason) == ("onnx", "")
    new = draw(gaps=0.5, seed=2)
    new["size"][::3] = np.nan
    expected = pipeline.predict_proba(frames.table(new, NUMERIC, CATEGORICAL))
    found = answers(content, exported, new)
    np.testing.assert_allclose(found, expected if classes > 2 else expected[:, 1], rtol=0, atol=TOLERANCE)


def test_trees_of_too_many_nodes_fall_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """ONNX Runtime takes half a gigabyte for a million nodes, so more are not exported, and the reason says so."""
    pipeline = fit("sklearn.ensemble.RandomForestRegressor", draw(), n_estimators=3)
    nodes = sum(tree.tree_.node_count for tree in pipeline[-1].estimators_)
    monkeypatch.setattr(conversion, "LARGEST", nodes)
    assert write(pipeline, draw())[1].format == "onnx"
    monkeypatch.setattr(conversion, "LARGEST", nodes - 1)
    _, exported = write(pipeline, draw())
    assert (exported.format, exported.parity) == ("skops", 0)
    assert exported.reason == f"as ONNX more than {nodes - 1:,} nodes of trees would take too much memory"


@pytest.mark.parametrize("loss", ["poisson", "gamma"])
def test_boosted_counts_and_amounts_become_onnx(loss: str) -> None:
    """Boosting that sums logarithms answers counts and amounts without scikit-learn, on new rows as well."""
    rows, others = draw(), draw(seed=2)
    pipeline = fit(HGB, rows, shift=20.0, max_iter=20, loss=loss)
    content, exported = write(pipeline, rows)
    assert (exported.format, exported.reason) == ("onnx", "")
    expected = frames.predict(pipeline, frames.table(others, NUMERIC, CATEGORICAL), "regression")
    np.testing.assert_allclose(answers(content, exported, others), expected, rtol=1e-5)


def test_parity_is_the_largest_difference(boosted: Pipeline) -> None:
    """The recorded parity is what a reader of the package finds on the same rows."""
    content, exported = write(boosted, draw())
    expected = frames.predict(boosted, frames.table(draw(), exported.numeric, exported.categorical), "regression")
    assert exported.parity == np.max(np.abs(answers(content, exported, draw()) - expected))
    assert 0 < exported.parity < TOLERANCE
    assert exported.reason == ""


def test_difference_past_the_tolerance_falls_back(boosted: Pipeline) -> None:
    """A conversion that is off by more than the tolerance is not used, and the reason says by how much."""
    content, exported = write(boosted, draw(), tolerance=1e-12)
    assert exported.format == "skops"
    assert exported.filename == "model.skops"
    assert exported.reason.startswith("ONNX differs by ")
    assert exported.reason.endswith(", allowed is 1e-12")
    expected = frames.predict(boosted, frames.table(draw(), exported.numeric, exported.categorical), "regression")
    np.testing.assert_array_equal(answers(content, exported, draw()), expected)


def test_converter_that_gives_other_numbers_falls_back(boosted: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """A converter that is wrong without an error is found out."""
    wrong, _ = write(fit(HGB, draw(), shift=1.0, max_iter=20), draw())
    monkeypatch.setattr(conversion, "to_onnx", lambda *_: wrong)
    _, exported = write(boosted, draw())
    assert exported.format == "skops"
    assert exported.reason == "ONNX differs by 1, allowed is 0.001"


def test_converter_that_gives_no_number_falls_back(boosted: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """A converted model that predicts NaN counts as wrong by any measure."""
    wrong = fit(RIDGE, draw())
    wrong[-1].coef_ = np.full(3, np.nan)
    broken = conversion.to_onnx(wrong, 2, 1, "regression")
    monkeypatch.setattr(conversion, "to_onnx", lambda *_: broken)
    assert write(boosted, draw())[1].reason == "ONNX differs by inf, allowed is 0.001"


def test_gaps_that_no_row_has_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tree that skl2onnx converts is right for whole rows and wrong for missing values; whole rows don't hide it."""
    monkeypatch.setattr(conversion, "_OF_TREES", ())
    _, exported = write(fit(TREE, draw(), max_depth=4), draw(gaps=0.0))
    assert exported.format == "skops"
    assert exported.reason.startswith("ONNX differs by ")


def test_each_row_lacks_one_feature_in_turn() -> None:
    """The gaps that are tried leave out every feature, one per row, and nothing else."""
    rows = draw(count=7, gaps=0.0)
    tried = export._with_gaps(rows, NUMERIC)
    lacking = {"size": np.isnan(tried["size"]), "age": np.isnan(tried["age"]), "code": tried["code"] == ""}
    assert {name: np.flatnonzero(gone).tolist() for name, gone in lacking.items()} == {
        "size": [0, 3, 6], "age": [1, 4], "code": [2, 5],
    }  # fmt: skip
    for name, gone in lacking.items():
        np.testing.assert_array_equal(tried[name][~gone], rows[name][~gone])


def test_estimator_without_a_converter_falls_back() -> None:
    """Where there is no conversion at all, the package carries scikit-learn's own model and the reason."""
    pipeline = fit(NO_CONVERTER, draw())
    content, exported = write(pipeline, draw())
    assert (exported.format, exported.parity) == ("skops", 0)
    assert exported.reason == "no conversion to ONNX (MissingShapeCalculator)"
    expected = frames.predict(pipeline, frames.table(draw(), exported.numeric, exported.categorical), "regression")
    np.testing.assert_array_equal(answers(content, exported, draw()), expected)


def test_estimator_that_refuses_gaps_is_held_to_whole_rows() -> None:
    """Where scikit-learn itself fails on missing values, only the rows as they are must agree."""
    rows = draw(gaps=0.0)
    preprocessing = Preprocessing(numeric="passthrough", categorical="ordinal")
    pipeline = estimator.build(Model(type=RIDGE, params={}), preprocessing, NUMERIC, CATEGORICAL, "regression", 1)
    pipeline.fit(frames.table(rows, NUMERIC, CATEGORICAL), rows["size"])
    assert write(pipeline, rows)[1].format == "onnx"


def test_unlisted_type_is_refused(fallback: tuple[bytes, export.Exported]) -> None:
    """A skops file that needs a type beyond the listed ones is not loaded."""
    content, exported = fallback
    assert exported.trusted
    with pytest.raises(UntrustedTypesFoundException, match=exported.trusted[0]):
        runtime.load(content, exported.describe() | {"trusted": ()})


class Strange(DummyRegressor):  # type: ignore[misc]
    """An estimator of code that no lock pins; there is no conversion for it."""


def test_code_of_others_is_neither_packed_nor_loaded() -> None:
    """A package trusts types of scikit-learn, numpy and scipy alone, whatever its description says."""
    rows = draw(gaps=0.0)
    pipeline = fit(RIDGE, rows)
    pipeline.steps[-1] = ("estimator", Strange().fit(np.zeros((3, 1)), np.arange(3)))
    with pytest.raises(ParamsError, match=r"cannot be packed without running code of tests\..*Strange"):
        write(pipeline, rows)
    described = export.Exported("Strange", "skops", "regression", (*NUMERIC,), (*CATEGORICAL,), 0.0).describe()
    types = tuple(get_untrusted_types(data=dumps(pipeline)))
    with pytest.raises(UntrustedTypesFoundException, match="Strange"):
        runtime.load(dumps(pipeline), described | {"trusted": types})


def test_functions_are_neither_packed_nor_loaded() -> None:
    """A function of numpy that runs text as code is no type: a transformer that holds it is refused."""
    rows = draw(gaps=0.0)
    pipeline = fit(RIDGE, rows)
    pipeline.steps.insert(0, ("run", FunctionTransformer(inverse_func=np.testing.measure)))
    with pytest.raises(ParamsError, match=r"cannot be packed without running code of numpy\.testing.*measure"):
        write(pipeline, rows)
    described = export.Exported("Strange", "skops", "regression", (*NUMERIC,), (*CATEGORICAL,), 0.0).describe()
    types = tuple(get_untrusted_types(data=dumps(pipeline)))
    with pytest.raises(UntrustedTypesFoundException, match="measure"):
        runtime.load(dumps(pipeline), described | {"trusted": types})


def test_exporting_twice_gives_the_same_bytes(boosted: Pipeline, fallback: tuple[bytes, export.Exported]) -> None:
    """Export is a function of the fitted pipeline, in both formats."""
    assert write(boosted, draw()) == write(boosted, draw())
    assert write(fit(TREE, draw(), THIRD), draw(), EXACT) == fallback


def test_skops_bytes_repeat_in_another_process() -> None:
    """The file names no memory address, so another process, with another order of sets, writes the same bytes."""
    program = f"from tests.mainline.model import test_export; print(test_export.digest('{TREE}'))"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": "5"}
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=LIMIT
    )
    assert finished.stdout.strip() == digest(TREE), finished.stderr
