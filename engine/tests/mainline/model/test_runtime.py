"""Exported models as they answer: a number per row, the same alone and among others."""

import os
import subprocess
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.linear_model import LinearRegression, LogisticRegression
from skops.io import dumps
from skops.io.exceptions import UntrustedTypesFoundException

from mainline.contract import Array, Task
from mainline.model import runtime
from mainline.model.frames import table

NAMES = ("a", "b", "c")
RANDOM = np.random.default_rng(3)
ROWS = {name: RANDOM.normal(size=64).astype(np.float32) for name in NAMES}
TABLE = table(ROWS, NAMES, ())
LINEAR = LinearRegression().fit(TABLE, TABLE @ np.array([1.0, 2.0, 3.0]))
LOGISTIC = LogisticRegression().fit(TABLE, TABLE["a"] > 0.2)


def load(model: LinearRegression | LogisticRegression, task: Task, numeric: Sequence[str] = NAMES) -> runtime.Runtime:
    """Load a model of scikit-learn as ONNX."""
    options = {id(model): {"zipmap": False}} if task == "classification" else None
    converted = convert_sklearn(model, initial_types=[("numeric", FloatTensorType([None, 3]))], options=options)
    described = {"format": "onnx", "task": task, "numeric": numeric, "categorical": ()}
    return runtime.load(bytes(converted.SerializeToString()), described)


@pytest.mark.parametrize(
    ("answering", "expected"),
    [
        (load(LINEAR, "regression"), LINEAR.predict(TABLE)),
        (load(LOGISTIC, "classification"), LOGISTIC.predict_proba(TABLE)[:, 1]),
    ],
    ids=["regression", "classification"],
)
def test_answer_is_one_number_per_row(answering: runtime.Runtime, expected: Array) -> None:
    """A value or the probability of the positive class, as float64 of shape (n,)."""
    found = answering.predict(ROWS)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("count", [1, 7])
def test_any_number_of_rows_is_answered_alike(count: int) -> None:
    """One row, or some, have the answers that they have among all, to the last bit."""
    answering = load(LINEAR, "regression")
    few = {name: values[:count] for name, values in ROWS.items()}
    np.testing.assert_array_equal(answering.predict(few), answering.predict(ROWS)[:count])


def test_features_are_taken_by_name() -> None:
    """The order of the model's description counts, not that of the features, and others are ignored."""
    mixed = {"other": ROWS["a"], "c": ROWS["c"], "a": ROWS["a"], "b": ROWS["b"]}
    answering = load(LINEAR, "regression")
    np.testing.assert_array_equal(answering.predict(mixed), answering.predict(ROWS))
    turned = load(LINEAR, "regression", numeric=("c", "b", "a"))
    swapped = {"a": ROWS["c"], "b": ROWS["b"], "c": ROWS["a"]}
    np.testing.assert_array_equal(turned.predict(swapped), answering.predict(ROWS))


def test_skops_model_answers_as_scikit_learn() -> None:
    """The other format gives scikit-learn's own numbers."""
    described = {"format": "skops", "task": "regression", "numeric": NAMES, "categorical": (), "trusted": ()}
    np.testing.assert_array_equal(runtime.load(dumps(LINEAR), described).predict(ROWS), LINEAR.predict(TABLE))


@pytest.mark.parametrize("location", ["weights", "../weights", "*/_ORT_MEM_ADDR_/*"])
def test_weights_outside_of_a_model_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, location: str
) -> None:
    """A model whose weights are in another file is refused, also if the file is where the server was started."""
    (tmp_path / "started").mkdir()
    for folder in (tmp_path, tmp_path / "started"):
        (folder / "weights").write_bytes(np.ones((3, 3), np.float32).tobytes())
    monkeypatch.chdir(tmp_path / "started")
    weights = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[3, 3], data_location=TensorProto.EXTERNAL)
    for key, value in (("location", location), ("offset", "0"), ("length", "36")):
        weights.external_data.add(key=key, value=value)
    given = helper.make_tensor_value_info("numeric", TensorProto.FLOAT, [None, 3])
    answered = helper.make_tensor_value_info("answer", TensorProto.FLOAT, [None, 3])
    graph = helper.make_graph([helper.make_node("MatMul", ["numeric", "w"], ["answer"])], "g", [given], [answered],
                              [weights])  # fmt: skip
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    with pytest.raises(Exception, match="ONNXRuntimeError"):
        runtime.load(
            made.SerializeToString(),
            {"format": "onnx", "task": "regression", "numeric": NAMES, "categorical": ()},
        )


def test_type_outside_of_the_list_is_not_built() -> None:
    """A skops file may make what its package declares and nothing else."""
    described = {"format": "skops", "task": "regression", "numeric": NAMES, "categorical": (), "trusted": ()}
    with pytest.raises(UntrustedTypesFoundException, match=r"decimal\.Decimal"):
        runtime.load(dumps([LINEAR, Decimal(1)]), described)


def test_nothing_is_reported_about_a_machine_or_kept_in_its_home(tmp_path: Path) -> None:
    """ONNX Runtime would make an identifier of the machine, and a list of what to send to its maker."""
    file, home = tmp_path / "model.onnx", tmp_path / "home"
    converted = convert_sklearn(LINEAR, initial_types=[("numeric", FloatTensorType([None, 3]))])
    file.write_bytes(converted.SerializeToString())
    home.mkdir()
    described = {"format": "onnx", "task": "regression", "numeric": NAMES, "categorical": ()}
    code = (
        f"from pathlib import Path; from mainline.model import runtime; runtime.load(Path({str(file)!r}), {described})"
    )
    here = {name: value for name, value in os.environ.items() if not name.startswith(("ORT_", "XDG_"))}
    subprocess.run([sys.executable, "-c", code], env=here | {"HOME": str(home)}, check=True)
    assert [*home.rglob("*")] == []
