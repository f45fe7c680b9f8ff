"""A model type of the user's own: built, and exported by the graph that it offers, after its preprocessing."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from sklearn.pipeline import Pipeline

from mainline import faults
from mainline.contract import Task
from mainline.declared.params import Model, Preprocessing
from mainline.errors import ParamsError
from mainline.model import estimator, export, frames, runtime
from tests import own_models
from tests.mainline.model.test_export import CATEGORICAL, NUMERIC, draw
from tests.own_models import BOUNDED

CLASSES = '''
class Even(ClassifierMixin, BaseEstimator):
    """The shares of the classes, and more of the last the larger the first column."""

    def fit(self, X: Any, y: Any) -> "Even":
        X, y = validate_data(self, X, y)
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X: Any) -> Any:
        last = 1 / (1 + np.exp(-validate_data(self, X, reset=False)[:, :1]))
        others = np.repeat((1 - last) / (len(self.classes_) - 1), len(self.classes_) - 1, axis=1)
        return np.hstack([others, last])

    def predict(self, X: Any) -> Any:
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def to_onnx(self, columns: int) -> ModelProto:
        others = len(self.classes_) - 1
        constants = {"zero": np.array([0], np.int64), "one": np.float32([1]), "share": np.float32([1 / others])}
        nodes = [
            helper.make_node("Gather", ["rows", "zero"], ["first"], axis=1),
            helper.make_node("Sigmoid", ["first"], ["last"]),
            helper.make_node("Sub", ["one", "last"], ["rest"]),
            helper.make_node("Mul", ["rest", "share"], ["other"]),
            helper.make_node("Concat", ["other"] * others + ["last"], ["probabilities"], axis=1),
        ]
        graph = helper.make_graph(
            nodes, "even",
            [helper.make_tensor_value_info("rows", TensorProto.FLOAT, [None, columns])],
            [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, others + 1])],
            [helper.make_tensor(name, helper.np_dtype_to_tensor_dtype(one.dtype), one.shape, one)
             for name, one in constants.items()],
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
'''
UNIT = "[None, columns])],"
WRONG = {
    "no method": ("def to_onnx(", "def graph(",
                  r"Bounded has no to_onnx, and no package may need code of yours to predict; write `def to_onnx\("),
    "no graph": ("return helper.make_model(graph, ", "return dict(", r"to_onnx returns dict; return onnx\.ModelProto"),
    "too new": ("18)]", "24)]", r"Bounded\.to_onnx writes opset 24, and preprocessing is written up to \d+; give make"),
    "an operator that is not there": ('"Gemm"', '"Gem"', r"the graph of Bounded\.to_onnx does not run \(Validation"),
    "another width": ("self.coef_.reshape(-1, 1)", "self.coef_[1:].reshape(-1, 1)",
                      r"the graph of Bounded\.to_onnx does not run \("),
    "other predictions": ('"most": self.range_[1]', '"most": self.range_[1] - 1',
                          r"Bounded is packaged as ONNX alone, and ONNX differs by .*; let to_onnx compute what"),
    "two inputs": (UNIT, '[None, columns]), helper.make_tensor_value_info("more", 1, [1])],', r"has 2 inputs and 1 o"),
    "code that fails": ("self.coef_.reshape(-1, 1)", "self.coef_.reshape(-1, 99)",
                        r"src/usecase/models\.py, line \d+: ValueError: cannot reshape array"),
    "no columns": ("        return self\n", "        del self.n_features_in_\n        return self\n",
                   r"the graph of Bounded\.to_onnx does not run \(AttributeError: "),
    "no estimator": ("Bounded(RegressorMixin, BaseEstimator)", "Bounded", r"models\.Bounded is not an estimator"),
    "no names": ("self, alpha: float = 1.0", "self, *alpha: float", r"model\.type: .*; name each hyperparameter in i"),
    "a library that is not there": ("import numpy as np", "import numpy as np\nimport torch_geometric_x",
                                    r"src/usecase/models\.py, line \d+: ModuleNotFoundError: No module named 'torch"),
}  # fmt: skip


def offer(patch: pytest.MonkeyPatch, folder: Path, text: str) -> None:
    """Let `usecase.models` be of this text, in a place that the use case could have."""
    own_models.offer(patch, folder / "src/usecase", text)


def fit(type_: str = BOUNDED, task: Task = "regression", classes: int = 0, categorical: Any = "one-hot") -> Pipeline:
    """Build, check and fit an own model."""
    rows, model = draw(), Model(type=type_, params={})
    estimator.check(model, task, 1)
    preprocessing = Preprocessing(numeric="auto", categorical=categorical)
    pipeline = estimator.build(model, preprocessing, NUMERIC, CATEGORICAL, task, 1)
    target = 2 * rows["size"] + (rows["code"] == "a")
    if classes:
        target = np.arange(len(target)) % classes
    return pipeline.fit(frames.table(rows, NUMERIC, CATEGORICAL), target)


def write(pipeline: Pipeline, type_: str = BOUNDED, task: Task = "regression") -> tuple[bytes, export.Exported]:
    """Export a pipeline, held to its rows."""
    return export.export(pipeline, type_, task, NUMERIC, CATEGORICAL, draw(), 1e-3)


@pytest.mark.parametrize("categorical", ["one-hot", "ordinal"])
def test_its_graph_follows_its_preprocessing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, categorical: str) -> None:
    """What is packed is one graph, which says what the class says of rows that it has not seen, with gaps too."""
    offer(monkeypatch, tmp_path, own_models.documented())
    pipeline, unseen = fit(categorical=categorical), draw(codes="abcd", seed=2)
    content, exported = write(pipeline)
    assert (exported.format, exported.trusted) == ("onnx", ())
    expected = frames.predict(pipeline, frames.table(unseen, NUMERIC, CATEGORICAL), "regression")
    np.testing.assert_allclose(runtime.load(content, exported.describe()).predict(unseen), expected, atol=1e-4)
    assert content == write(pipeline)[0]
    onnx.checker.check_model(onnx.load_from_string(content))


@pytest.mark.parametrize(("task", "classes"), [("classification", 2), ("multiclass", 3)])
def test_a_classifier_offers_probabilities(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task: Task, classes: int
) -> None:
    """Of two classes the second counts; of more, each has a column."""
    mixin = own_models.changed(
        "import BaseEstimator, RegressorMixin", "import BaseEstimator, ClassifierMixin, RegressorMixin"
    )
    offer(monkeypatch, tmp_path, mixin + "\n" + CLASSES)
    pipeline = fit("usecase.models.Even", task, classes)
    content, exported = write(pipeline, "usecase.models.Even", task)
    found = runtime.load(content, exported.describe()).predict(draw())
    assert found.shape == ((300,) if classes == 2 else (300, 3))
    assert exported.parity < 1e-5


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_with_it_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The line names the class or its file, and what to write; no fallback would need the class to predict."""
    old, new, said = WRONG[name]
    offer(monkeypatch, tmp_path, own_models.changed(old, new))
    with pytest.raises(Exception) as raised:  # noqa: PT011 - what is said of it is what is asked for
        write(fit())
    assert re.search(said, str(faults.explain(raised.value))), str(raised.value)


def test_preprocessing_is_written_for_its_operators(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A set of operators too old for the preprocessing is named, and not mixed with a newer one."""
    old = 'make_opsetid("", 18)'
    offer(monkeypatch, tmp_path, own_models.changed(old, f'{old}, helper.make_opsetid("ai.onnx.ml", 1)'))
    with pytest.raises(ParamsError, match=r"does not run \(RuntimeError: Opset number 2 is higher than .*LabelEncoder"):
        write(fit(categorical="ordinal"))


def test_nothing_is_fitted_without_a_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing method is said before there are rows."""
    offer(monkeypatch, tmp_path, own_models.changed("def to_onnx(", "def graph("))
    with pytest.raises(ParamsError, match="has no to_onnx"):
        estimator.check(Model(type=BOUNDED, params={}), "regression", 1)
