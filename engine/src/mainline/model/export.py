"""From a fitted pipeline to bytes that any version of the machinery can load, without pickle."""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from mainline.contract import Array, Task
from mainline.errors import ParamsError
from mainline.model import batches, conversion, frames, own_graph, runtime
from mainline.model.boosting import libraries

_SMALLER = "raise limits.parity, or let fit_target of src/usecase/scoring.py return smaller numbers"
"""The remedy where float32 is too coarse for what is predicted."""


@dataclass(frozen=True)
class Exported:
    """How to run an exported model. `parity` is its largest difference from scikit-learn on the rows it was held to."""

    type: str
    format: str
    task: Task
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    parity: float
    reason: str = ""
    trusted: tuple[str, ...] = field(default=())

    @property
    def filename(self) -> str:
        """The file's name inside a package."""
        return f"model.{self.format}"

    def describe(self) -> dict[str, Any]:
        """Return the description as JSON."""
        return asdict(self)


def export(
    pipeline: Pipeline, type_: str, task: Task, numeric: Sequence[str], categorical: Sequence[str],
    rows: Mapping[str, Array], tolerance: float,
) -> tuple[bytes, Exported]:  # fmt: skip
    """Export a fitted pipeline: to ONNX if it predicts as the library does, alone and in a batch, else to skops.

    Both are held to the given rows, and to the same rows with a feature missing from each: clients may leave out
    what no test row lacks, and converted trees and forests send a missing value down the wrong branch.

    Args:
        pipeline: fitted on `frames.table`.
        type_: import path of the estimator, for the record.
        task: what a prediction is.
        numeric: names of the number features, in the order of the fit.
        categorical: names of the text features, likewise.
        rows: n rows of features on which both must agree.
        tolerance: the largest difference allowed, in the units of the fit target.

    Raises:
        ParamsError: when scikit-learn itself gives a row another prediction alone than in a batch, or when ONNX differs
            and the estimator is of another library, or of the use case, neither of which a package may need.
    """
    expected = frames.predict(pipeline, frames.table(rows, numeric, categorical), task)
    shape = {"type": type_, "task": task, "numeric": tuple(numeric), "categorical": tuple(categorical)}
    try:
        content = conversion.to_onnx(pipeline, len(numeric), len(categorical), task)
        described = Exported(**shape, format="onnx", parity=0.0)  # type: ignore[arg-type]
        loaded = runtime.load(content, described.describe())
        parity = _difference(loaded, rows, expected)
        worst = max(parity, _difference_with_gaps(loaded, pipeline, _with_gaps(rows, numeric), described))
        reason = "" if worst <= tolerance else f"ONNX differs by {worst:.3g}, allowed is {tolerance:g}"
        reason = reason or _dependence(loaded, rows, tolerance, "ONNX")
    except conversion.SizeError as error:
        reason = str(error)
    except Exception as error:  # a converter may fail in any way; the fallback is the answer to all of them
        if own_graph.is_own(pipeline[-1]):
            raise own_graph.refusal(pipeline[-1], error) from error
        reason = f"no conversion to ONNX ({type(error).__name__})"
    if not reason:
        return content, Exported(**shape, format="onnx", parity=parity)  # type: ignore[arg-type]
    if libraries.of(pipeline[-1]) or own_graph.is_own(pipeline[-1]):
        remedy = own_graph.REMEDY if own_graph.is_own(pipeline[-1]) else _SMALLER
        raise ParamsError("model.type", f"{type_} is packaged as ONNX alone, and {reason}", remedy)
    content, trusted = _to_skops(pipeline)
    described = Exported(**shape, format="skops", parity=0.0, reason=reason, trusted=trusted)  # type: ignore[arg-type]
    loaded = runtime.load(content, described.describe())
    depends = _dependence(loaded, rows, tolerance, type_.rpartition(".")[2])
    if depends:
        raise ParamsError("model.type", depends, "scale its features, choose another type, or raise limits.parity")
    return content, Exported(**{**described.describe(), "parity": _difference(loaded, rows, expected)})


def _dependence(loaded: runtime.Runtime, rows: Mapping[str, Array], tolerance: float, name: str) -> str:
    """Say how far predictions depend on their batch, if that is too far; '' if it is not."""
    bound = batches.bound(batches.difference(loaded.predict, rows))
    return "" if bound <= tolerance else f"{name} differs alone and in a batch by {bound:.3g}, allowed is {tolerance:g}"


def _difference(loaded: runtime.Runtime, rows: Mapping[str, Array], expected: Array) -> float:
    """Return the largest absolute difference of n predictions; infinite where one of the two is not a number."""
    difference = np.abs(loaded.predict(rows) - expected)
    return float(np.max(np.nan_to_num(difference, nan=np.inf)))


def _with_gaps(rows: Mapping[str, Array], numeric: Sequence[str]) -> dict[str, Array]:
    """Take one feature from each of n rows, in turn: NaN for a number, '' for text."""
    turn = np.arange(len(next(iter(rows.values())))) % len(rows)
    return {
        name: np.where(turn == index, np.float32(np.nan) if name in numeric else "", values)
        for index, (name, values) in enumerate(rows.items())
    }


def _difference_with_gaps(
    loaded: runtime.Runtime, pipeline: Pipeline, rows: Mapping[str, Array], exported: Exported
) -> float:
    """Return the largest difference over n rows with gaps; 0 where scikit-learn itself refuses missing values."""
    try:
        expected = frames.predict(pipeline, frames.table(rows, exported.numeric, exported.categorical), exported.task)
    except ValueError:
        return 0.0
    return _difference(loaded, rows, expected)


def _to_skops(pipeline: Pipeline) -> tuple[bytes, tuple[str, ...]]:
    """Write a skops file whose bytes repeat, and list the types it needs beyond those skops trusts by itself."""
    from skops.io import dumps, get_untrusted_types

    content = _without_addresses(dumps(pipeline))
    types = sorted(get_untrusted_types(data=content))
    strange = sorted({*types} - {*runtime.trusted(types)})
    if strange:
        remedy = "declare an estimator whose fitted parts are of scikit-learn, numpy and scipy"
        raise ParamsError("model.type", f"cannot be packed without running code of {strange[0]}", remedy)
    return content, tuple(types)


def _without_addresses(content: bytes) -> bytes:
    """Number the objects of a skops file in order of appearance; skops names them by memory address."""
    source = zipfile.ZipFile(io.BytesIO(content))
    schema = json.loads(source.read("schema.json"))
    numbers: dict[int, int] = {}
    files: dict[str, str] = {}

    def renumber(node: Any) -> Any:
        if isinstance(node, list):
            return [renumber(item) for item in node]
        if not isinstance(node, dict):
            return node
        changed = {}
        for key, value in node.items():
            if key == "__id__":
                value = numbers.setdefault(value, len(numbers) + 1)
            elif key == "file" and isinstance(value, str):
                value = files.setdefault(value, f"{len(files) + 1}{value[value.rfind('.') :]}")
            else:
                value = renumber(value)
            changed[key] = value
        return changed

    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("schema.json"), json.dumps(renumber(schema)))
        for old, new in files.items():
            content = source.read(old)
            archive.writestr(zipfile.ZipInfo(new), _without_gaps(content) if new.endswith(".npy") else content)
    return target.getvalue()


def _without_gaps(content: bytes) -> bytes:
    """Write zeros in a structured array's file where scikit-learn leaves what memory had.

    That is between the fields, and in a leaf of a tree the side to which missing values would go.
    """
    array = np.load(io.BytesIO(content), allow_pickle=False)
    if array.dtype.names is None:
        return content
    clean = np.zeros(array.shape, array.dtype)  # `zeros_like` leaves what is between the fields
    for name in array.dtype.names:
        clean[name] = array[name]
    if {"missing_go_to_left", "left_child"} <= {*array.dtype.names}:
        clean["missing_go_to_left"][array["left_child"] < 0] = 0
    target = io.BytesIO()
    np.save(target, clean, allow_pickle=False)
    return target.getvalue()
