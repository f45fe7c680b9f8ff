"""Packages of a few rows, really built: answers that are classes, and names that need care wherever they stand."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.linear_model import LinearRegression

from mainline.contract import Field
from mainline.model.frames import table
from mainline.package import build as building

CLASSES = ("Iris setosa", 'Iris "versicolor"', "Iris virgínica 🌸")
CODES = (7, 11, 40)
LENGTH, ROOMS, BACK, PLACE = "petal length (cm)", 'größe "in Räumen", ca.', "zurück am\t", "場所\\n{x}"
REQUEST = (
    Field("measured at", "time", "When", "2024-06-01T07:00:00Z"),
    Field(LENGTH, "number", "How long", 1.4, "cm", minimum=0),
    Field(ROOMS, "integer", "How many, if known", 4, optional=True),
    Field(BACK, "time", "When it came back, if it did", "2024-06-02T07:00:00Z", optional=True),
    Field(PLACE, "string", "Where", "Gaspésie", optional=True),
)
PLAIN = {"measured at": "measured_at", LENGTH: "petal_length", ROOMS: "rooms", BACK: "back", PLACE: "place"}
"""Names of the same fields that other languages take, too."""
ROWS = 60
_FEATURES = f"""
import numpy as np

def prediction_time(columns):
    return columns['measured at']

def compute(columns, tables):
    rooms = np.nan_to_num(columns[{ROOMS!r}] * 0.001)
    late = np.nan_to_num((columns[{BACK!r}] - columns['measured at']) * 1e-6)
    return {{"length": np.float32(columns[{LENGTH!r}] + rooms + late)}}
"""
_NUMBER = """
def respond(raw, columns):
    return raw
"""
_CLASSES = """
import numpy as np

def respond(raw, columns):
    near = np.exp(-np.abs(np.reshape(raw, (len(raw), -1))[:, :1] - np.array([[SHIFT, 3.0, 5.0]])))
    return near / near.sum(axis=1, keepdims=True)
"""


def classes(folder: Path, labels: tuple[str | int, ...] = CLASSES, shift: float = 1.0, response: str = "Art") -> Path:
    """Build a package that tells three classes by a length; `shift` is where the first is likeliest."""
    kind = "integer" if isinstance(labels[0], int) else "string"
    field = Field(response, kind, "Which of the three", labels[0])  # type: ignore[arg-type]
    return _build(folder, field, _CLASSES.replace("SHIFT", str(shift)), list(labels))


def plain_classes(folder: Path, labels: tuple[str | int, ...] = CLASSES) -> Path:
    """Build the same package with plain names of its fields; the classes keep theirs."""
    field = Field("Art", "integer" if isinstance(labels[0], int) else "string", "Which of the three", labels[0])
    return _build(folder, field, _CLASSES.replace("SHIFT", "1.0"), list(labels), names=PLAIN)


def number(folder: Path) -> Path:
    """Build a package that predicts a number under a name with quotes."""
    return _build(folder, Field('Länge "brutto", cm', "number", "How long", 1.0), _NUMBER)


def interval(folder: Path) -> Path:
    """Build a package that predicts a length from 0 to 6 within an interval of 1 below to 2 above."""
    field = Field("length", "number", "How long", 1.0, "cm", 0, 6)
    return _build(folder, field, _NUMBER, interval={"level": 0.9, "ends": [-1.0, 2.0]})


def _build(
    folder: Path, response: Field, scoring: str, labels: list[str | int] | None = None,
    names: Mapping[str, str] = MappingProxyType({}), **more: Any,
) -> Path:  # fmt: skip
    code = folder / "code"
    code.mkdir(parents=True)
    features = _FEATURES
    for name, other in names.items():
        features = features.replace(f"columns[{name!r}]", f"columns[{other!r}]")
    (code / "features.py").write_text(features, encoding="utf-8")
    (code / "scoring.py").write_text(scoring, encoding="utf-8")
    length = np.linspace(0, 6, ROWS)
    model = LinearRegression().fit(table({"length": length}, ("length",), ()), length)
    onnx = convert_sklearn(model, initial_types=[("numeric", FloatTensorType([None, 1]))]).SerializeToString()
    task = "multiclass" if labels else "regression"
    description = {
        "name": "flowers", "task": task,
        "model": {"format": "onnx", "task": task, "numeric": ["length"], "categorical": [], "trusted": []},
        "window": {"train": ["2024-05"], "validation": ["2024-05"], "test": ["2024-06"]},
    }  # fmt: skip
    at = np.arange(ROWS) + 28_619_000
    request = tuple(replace(field, name=names.get(field.name, field.name)) for field in REQUEST)
    gaps = np.arange(ROWS) % 3 == 0
    columns = {
        "measured at": at, LENGTH: length, ROOMS: np.where(gaps, np.nan, 4.0),
        BACK: np.where(gaps, np.nan, at + 60.0),
        PLACE: np.array(["", 'Zoë\'s "Garten", 場所', "Gaspésie"] * (ROWS // 3), object),
    }  # fmt: skip
    contents = building.Contents(
        description=description | ({"classes": labels} if labels else {}) | more,
        request=request,
        response=response,
        tables={},
        model=bytes(onnx),
        profile={"rows": ROWS},
        card="# flowers\n",
        test_predictions=b"rows",
        test_columns={names.get(name, name): column for name, column in columns.items()},
        code=code,
    )
    package = folder / "package"
    package.mkdir()
    building.build(package, contents)
    return package
