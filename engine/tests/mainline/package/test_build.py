"""Building a package: complete, repeatable, and free of code that would not run elsewhere."""

import json
import shutil
import struct
import zipfile
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.linear_model import LinearRegression
from skops.io import dumps

from mainline.contract import FeatureTable, Field
from mainline.data.lookup import Table
from mainline.declared import params
from mainline.errors import UseCaseError
from mainline.model.frames import table
from mainline.package import manifest
from mainline.package.build import GOLDEN_ROWS, Contents, build, write_arrays
from mainline.stages import package as stage
from tests.project import Project

FEATURES = """
import numpy as np

def prediction_time(columns):
    return columns["at"]

def compute(columns, tables):
    return {"size": np.float32(columns["size"]), "seats": np.float32(np.nan_to_num(tables["planes"]["seats"]))}
"""
SCORING = """
def respond(raw, columns):
    return raw
"""
NAMES = ("size", "seats")
ROWS = 100
MODEL = LinearRegression().fit(table({"size": np.arange(3), "seats": np.array([0, 1, 0])}, NAMES, ()), [0.0, 3.0, 4.0])
ONNX = convert_sklearn(MODEL, initial_types=[("numeric", FloatTensorType([None, 2]))]).SerializeToString()
PACKED = {
    "code/features.py", "code/scoring.py", "golden.json", "manifest.json", "model_card.md", "profile.json",
    "request.schema.json", "requirements.txt", "response.schema.json", "tables/planes.npz", "test_predictions.parquet",
}  # fmt: skip


@pytest.fixture
def contents(tmp_path: Path) -> Contents:
    """Everything for a small package."""
    code = tmp_path / "code"
    code.mkdir()
    (code / "features.py").write_text(FEATURES)
    (code / "scoring.py").write_text(SCORING)
    planes = FeatureTable("planes", key="tail", columns=("seats",), static=True)
    return Contents(
        description={"name": "small", "task": "regression", "model": describe("onnx")},
        request=(
            Field("at", "time", "When", "2013-09-01T10:00:00Z"),
            Field("size", "number", "How large", 1.5),
            Field("tail", "string", "Which", "N1", optional=True),
        ),
        response=Field("delay", "number", "How late", 0.5),
        tables={"planes": Table(planes, np.array(["N1"]), None, np.array([[1.0]]))},
        model=bytes(ONNX),
        profile={"rows": 3},
        card="# small\n",
        test_predictions=b"rows",
        test_columns={
            "at": np.arange(ROWS), "size": np.arange(float(ROWS)), "tail": np.array(["N1", ""] * (ROWS // 2), object),
        },
        code=code,
    )  # fmt: skip


def describe(format_: str) -> dict[str, Any]:
    """Return the description of the model."""
    return {"format": format_, "task": "regression", "numeric": list(NAMES), "categorical": [], "trusted": []}


def read(directory: Path) -> dict[str, bytes]:
    """Read every file below a directory."""
    found = {path.relative_to(directory).as_posix(): path for path in directory.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items()}


def empty(path: Path) -> Path:
    """Make a directory."""
    path.mkdir()
    return path


def test_package_is_complete(contents: Contents, tmp_path: Path) -> None:
    """A built package holds its files, sealed, and says what it is."""
    predictor = build(empty(tmp_path / "package"), contents)
    assert read(tmp_path / "package").keys() == PACKED | {"model.onnx"}
    described, files = manifest.read(tmp_path / "package")
    assert described["digest"] == predictor.digest
    assert (described["name"], described["model"]) == ("small", describe("onnx"))
    assert files["test_predictions.parquet"] == b"rows"
    assert predictor.request == contents.request
    assert predictor.tables["planes"].declared == contents.tables["planes"].declared


def test_package_built_again_is_the_same(contents: Contents, tmp_path: Path) -> None:
    """The same contents give the same bytes, in another folder."""
    build(empty(tmp_path / "one"), contents)
    build(empty(tmp_path / "two"), contents)
    assert read(tmp_path / "one") == read(tmp_path / "two")


def test_shipped_package_built_again_is_the_same(
    small_project: Project, package_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The package stage run again on the same inputs, elsewhere, writes the flights' package byte for byte."""
    unread = shutil.ignore_patterns(".git", ".dvc", "raw", "validated", "package")
    shutil.copytree(small_project.path, tmp_path / "again", ignore=unread)
    monkeypatch.chdir(tmp_path / "again")
    stage.package(params.load())
    assert read(tmp_path / "again" / "models" / "package") == read(package_dir)


def test_golden_requests_are_spread_over_the_test_rows(contents: Contents, tmp_path: Path) -> None:
    """The examples go from the first test row to the last, with the package's own predictions."""
    predictor = build(empty(tmp_path / "package"), contents)
    golden = json.loads((tmp_path / "package" / "golden.json").read_text())
    assert len(golden["requests"]) == len(golden["predictions"]) == GOLDEN_ROWS
    assert golden["requests"][0] == {"at": "1970-01-01T00:00:00Z", "size": 0.0, "tail": "N1"}
    assert golden["requests"][-1] == {"at": "1970-01-01T01:39:00Z", "size": 99.0}
    assert golden["predictions"] == predictor.predict(golden["requests"])
    assert golden["predictions"][0] == pytest.approx(1)


def test_few_test_rows_are_all_golden(contents: Contents, tmp_path: Path) -> None:
    """With fewer rows than examples each row is one, once."""
    few = {name: values[:3] for name, values in contents.test_columns.items()}
    build(empty(tmp_path / "package"), replace(contents, test_columns=few))
    golden = json.loads((tmp_path / "package" / "golden.json").read_text())
    assert [request["size"] for request in golden["requests"]] == [0, 1, 2]


@pytest.mark.parametrize(
    ("format_", "model", "libraries"),
    [
        ("onnx", bytes(ONNX), ["numpy", "onnxruntime"]),
        ("skops", dumps(MODEL), ["numpy", "onnxruntime", "pandas", "scikit-learn", "skops"]),
    ],
)
def test_requirements_are_what_the_format_needs(
    contents: Contents, tmp_path: Path, format_: str, model: bytes, libraries: list[str]
) -> None:
    """The package names the libraries of its runtime in the versions it was made with, and no other."""
    description = {**contents.description, "model": describe(format_)}
    build(empty(tmp_path / "package"), replace(contents, description=description, model=model))
    lines = (tmp_path / "package" / "requirements.txt").read_text().splitlines()
    assert lines == [f"{name}=={version(name)}" for name in libraries]
    assert (tmp_path / "package" / f"model.{format_}").read_bytes() == model


@pytest.mark.parametrize("module", ["features", "scoring"])
@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("import pandas as pd", "pandas"),
        ("import numpy, scipy.stats", r"scipy\.stats"),
        ("from sklearn.base import clone", r"sklearn\.base"),
        ("from mainline.contract import Field", r"mainline\.contract"),
        ("from usecase import interface", "usecase"),
        ("from . import tables", r"\."),
        ("from .calendar import holidays", r"\.calendar"),
        ("def late():\n    import pandas", "pandas"),
    ],
)
def test_code_that_would_not_run_elsewhere_is_refused(
    contents: Contents, tmp_path: Path, module: str, line: str, name: str
) -> None:
    """Code in a package may import numpy and the standard library; anything else is named, and where to move it."""
    file = contents.code / f"{module}.py"
    file.write_text(f"{line}\n{file.read_text()}")
    with pytest.raises(
        UseCaseError, match=rf"{module}\.py, line \d+, imports {name}; code .* Move .*usecase/tables\.py"
    ):
        build(empty(tmp_path / "package"), contents)


def test_code_may_import_numpy_and_the_standard_library(contents: Contents, tmp_path: Path) -> None:
    """What every Python with numpy has may be used."""
    file = contents.code / "features.py"
    file.write_text(f"import calendar, os.path\nfrom numpy.typing import NDArray\n{file.read_text()}")
    assert build(empty(tmp_path / "package"), contents).predict([]) == []


def test_arrays_have_the_same_bytes_from_every_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python that repeats sizes before the ZIP64 field, as 3.11.0 to 3.11.3 do, writes what the others write."""
    arrays = {"key": np.array(["a", "bc"]), "values": np.arange(2000.0).reshape(2, 1000)}
    write_arrays(tmp_path / "new.npz", arrays)
    header = zipfile.ZipInfo.FileHeader

    def repeating(entry: zipfile.ZipInfo, zip64: bool | None = None) -> bytes:
        written = header(entry, zip64)
        entry.create_version = entry.extract_version = zipfile.DEFAULT_VERSION
        sizes = struct.pack("<LL", entry.compress_size, entry.file_size)
        return written[:4] + bytes([zipfile.DEFAULT_VERSION]) + written[5:18] + sizes + written[26:]

    monkeypatch.setattr(zipfile.ZipInfo, "FileHeader", repeating)
    write_arrays(tmp_path / "old.npz", arrays)
    assert (tmp_path / "old.npz").read_bytes() == (tmp_path / "new.npz").read_bytes()
    with np.load(tmp_path / "old.npz") as loaded:
        assert {name: loaded[name].tolist() for name in loaded} == {name: arrays[name].tolist() for name in arrays}
