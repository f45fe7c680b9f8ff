"""Predict with an exported model: ONNX where a faithful conversion exists, else scikit-learn through skops."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import onnxruntime

from mainline.contract import Array, Task


class Runtime(Protocol):
    """What answers: features in, one number per row out."""

    def predict(self, features: Mapping[str, Array]) -> Array:
        """Predict n rows of features, each column of shape (n,); returns float64 of shape (n,)."""
        ...


def load(content: bytes, model: Mapping[str, Any]) -> Runtime:
    """Load an exported model by its description (see `export.Exported`)."""
    kind = OnnxRuntime if model["format"] == "onnx" else SkopsRuntime
    return kind(content, model)


class OnnxRuntime:
    """ONNX Runtime on one thread: the fastest for one row, and repeatable to the last bit."""

    def __init__(self, content: bytes, model: Mapping[str, Any]) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        self._run = self._session.run
        self._numeric: Sequence[str] = model["numeric"]
        self._categorical: Sequence[str] = model["categorical"]
        task: Task = model["task"]
        self._outputs = [self._session.get_outputs()[-1].name]
        self._column = 1 if task == "classification" else 0

    def predict(self, features: Mapping[str, Array]) -> Array:
        """Predict n rows; see `Runtime`."""
        inputs = {}
        if self._numeric:
            inputs["numeric"] = _matrix([features[name] for name in self._numeric], np.float32)
        if self._categorical:
            inputs["categorical"] = _matrix([features[name] for name in self._categorical], object)
        result = self._run(self._outputs, inputs)[0]
        return np.asarray(result, dtype=np.float64).reshape(result.shape[0], -1)[:, self._column]


class SkopsRuntime:
    """scikit-learn itself, from a file that may construct the declared types and nothing else."""

    def __init__(self, content: bytes, model: Mapping[str, Any]) -> None:
        from skops.io import loads

        self._pipeline = loads(content, trusted=list(model["trusted"]))
        self._model = model

    def predict(self, features: Mapping[str, Array]) -> Array:
        """Predict n rows; see `Runtime`."""
        from mainline.model.frames import predict, table

        rows = table(features, self._model["numeric"], self._model["categorical"])
        return np.asarray(predict(self._pipeline, rows, self._model["task"]), dtype=np.float64)


def _matrix(columns: Sequence[Array], dtype: Any) -> Array:
    """Stand c columns of length n beside each other, shape (n, c)."""
    return np.array(columns, dtype).T
