"""Predict with an exported model: ONNX where a faithful conversion exists, else scikit-learn through skops."""

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mainline.contract import Array, Task

OURS = ("sklearn.", "numpy.", "scipy.")
"""What the types in a file of skops begin with, beyond those that skops trusts by itself: code that the lock pins."""


def trusted(names: Iterable[str]) -> list[str]:
    """Return what a file of skops may hold: classes of pinned code, and no function, since some run text as code.

    Args:
        names: import paths, as skops reports them.
    """
    return [name for name in names if name.startswith(OURS) and "__" not in name and _is_class(name)]


def _is_class(name: str) -> bool:
    module, _, attribute = name.rpartition(".")
    try:
        return isinstance(getattr(import_module(module), attribute, None), type)
    except ImportError:
        return False


class Inputs(NamedTuple):
    """Features of n rows beside each other, in the model's order; a matrix without columns has no rows either."""

    numeric: Array
    """float32, shape (n, c)."""
    categorical: Array
    """Text as objects, shape (n, k)."""


class Runtime(ABC):
    """What answers: features in, one number per row out, or the probabilities of its classes."""

    def __init__(self, model: Mapping[str, Any]) -> None:
        self._numeric: Sequence[str] = model["numeric"]
        self._categorical: Sequence[str] = model["categorical"]

    def predict(self, features: Mapping[str, Array]) -> Array:
        """Predict n rows of features, each column of shape (n,); returns float64 of shape (n,) or (n, K)."""
        return self.run(self.arrange(features))

    def arrange(self, features: Mapping[str, Array]) -> Inputs:
        """Stand n rows of features, each column of shape (n,), beside each other."""
        return Inputs(
            np.array([features[name] for name in self._numeric], np.float32).T,
            np.array([features[name] for name in self._categorical], object).T,
        )

    @abstractmethod
    def run(self, inputs: Inputs) -> Array:
        """Predict n rows that are arranged; returns float64 of shape (n,), of K > 2 classes (n, K)."""


def load(content: bytes | Path, model: Mapping[str, Any]) -> Runtime:
    """Load an exported model, or the file of one, by its description (see `export.Exported`)."""
    kind = OnnxRuntime if model["format"] == "onnx" else SkopsRuntime
    return kind(content, model)


class OnnxRuntime(Runtime):
    """ONNX Runtime on one thread: the fastest for one row, and repeatable to the last bit."""

    def __init__(self, content: bytes | Path, model: Mapping[str, Any]) -> None:
        super().__init__(model)
        os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # before its import: it reports to its maker otherwise
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Weights outside of the model would be read from the current folder: from files that nobody sealed.
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", os.devnull)
        source = content if isinstance(content, bytes) else str(content)
        self._session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
        if hasattr(self._session, "_model_bytes"):  # the file, kept to load it for another device; here is no other
            self._session._model_bytes = b""
        self._run = self._session.run
        task: Task = model["task"]
        self._outputs = [self._session.get_outputs()[-1].name]
        self._column = {"regression": 0, "classification": 1}.get(task)

    def run(self, inputs: Inputs) -> Array:
        """Predict n rows; see `Runtime`."""
        given = {name: matrix for name, matrix in zip(Inputs._fields, inputs, strict=True) if len(matrix)}
        result = self._run(self._outputs, given)[0]
        found = np.asarray(result, dtype=np.float64).reshape(result.shape[0], -1)
        return found if self._column is None else found[:, self._column]


class SkopsRuntime(Runtime):
    """scikit-learn itself, from a file that may construct the declared types and nothing else."""

    def __init__(self, content: bytes | Path, model: Mapping[str, Any]) -> None:
        from skops.io import load, loads

        super().__init__(model)
        read = loads if isinstance(content, bytes) else load
        self._pipeline = read(content, trusted=trusted(model["trusted"]))
        self._task: Task = model["task"]

    def run(self, inputs: Inputs) -> Array:
        """Predict n rows; see `Runtime`."""
        from mainline.model.frames import predict, table

        names, columns = (*self._numeric, *self._categorical), (*inputs.numeric.T, *inputs.categorical.T)
        rows = table(dict(zip(names, columns, strict=True)), self._numeric, self._categorical)
        return np.asarray(predict(self._pipeline, rows, self._task), dtype=np.float64)
