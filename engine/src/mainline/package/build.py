"""Write a model package: everything needed to answer a request, sealed by its manifest."""

import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from mainline import clocks
from mainline.conformance.code import unattended
from mainline.contract import Array, FeatureTable, Field
from mainline.data.columns import from_rows, to_rows
from mainline.data.lookup import Table
from mainline.errors import UseCaseError
from mainline.limits import document
from mainline.model import batches
from mainline.package import manifest, schemas
from mainline.package.predictor import Predictor
from mainline.package.responses import Response

GOLDEN_ROWS = 20
RUNTIME = {"onnx": ("numpy", "onnxruntime"), "skops": ("numpy", "onnxruntime", "pandas", "scikit-learn", "skops")}
"""The libraries a package needs at run time, by the format of its model."""


@dataclass(frozen=True)
class Contents:
    """The contents of a package, except for those read from the use case's code."""

    description: Mapping[str, Any]
    request: tuple[Field, ...]
    response: Field
    tables: Mapping[str, Table]
    model: bytes
    profile: Mapping[str, Any]
    card: str
    test_predictions: bytes
    test_columns: Mapping[str, Array]
    code: Path
    measured: bytes | None = None
    """The measured model, if `model`, which is served, was fitted again and so is another one."""
    monitor: Mapping[str, Any] | None = None
    """What playing the window back allows, for `./mainline monitor`; None of data without time."""
    strangers: int = 0
    """Test rows that the tables answer otherwise than when their period was prepared; see `sealing`."""


class _Entry(zipfile.ZipInfo):
    """An entry whose sizes stand in its ZIP64 field alone, as Python writes it since 3.11.4; 3.11.2 repeats them."""

    def FileHeader(self, zip64: bool | None = None) -> bytes:  # noqa: N802
        """The local header: version 4.5, and sizes that refer to the ZIP64 field."""
        header = super().FileHeader(zip64)
        self.create_version = self.extract_version = zipfile.ZIP64_VERSION
        return header[:4] + bytes([zipfile.ZIP64_VERSION]) + header[5:18] + b"\xff" * 8 + header[26:]


def write_arrays(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write arrays as `numpy.savez_compressed` does, but with the same bytes from every Python."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            entry = _Entry(f"{name}.npy")
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as file:
                np.lib.format.write_array(file, array, allow_pickle=False)


def build(directory: Path, contents: Contents, check: Callable[[Predictor], None] | None = None) -> Predictor:
    """Fill an empty directory with a package and load it back.

    The golden requests are spread over the test rows, with the declared example in each personal field; their
    predictions are the finished package's own. `check` may refuse the package before its predictions are looked at,
    which depend on the rows beside them if a feature does.
    """
    described = dict(contents.description)
    (directory / "code").mkdir()
    (directory / "tables").mkdir()
    for name in ("features", "scoring"):
        (directory / "code" / f"{name}.py").write_bytes(unattended(contents.code / f"{name}.py"))
    for name, table in contents.tables.items():
        write_arrays(directory / "tables" / f"{name}.npz", table.arrays())
    name = described["name"]
    (directory / f"model.{described['model']['format']}").write_bytes(contents.model)
    if contents.measured is not None:
        (directory / f"judged.{described['judged']['format']}").write_bytes(contents.measured)
    (directory / "test_predictions.parquet").write_bytes(contents.test_predictions)
    (directory / "model_card.md").write_text(contents.card, encoding="utf-8")
    (directory / "requirements.txt").write_text(_requirements(described["model"]["format"]), encoding="utf-8")
    _write_json(directory / "profile.json", contents.profile)
    if contents.monitor is not None:
        _write_json(directory / document.NAME, contents.monitor)
    _write_json(
        directory / "request.schema.json", schemas.of_request(name, contents.request, described.get("personal"))
    )
    described |= {
        "request": [clocks.write_field(field) for field in contents.request],
        **({"clocks": found} if (found := clocks.of_fields(contents.request)) else {}),
        "response": clocks.write_field(contents.response),
        "tables": [_declared(table.declared) for table in contents.tables.values()],
    }
    _write_json(directory / "response.schema.json", schemas.of_response(name, Response(described)))
    manifest.seal(directory, described)
    unfinished = Predictor.load(directory)
    both = [unfinished, *([] if contents.measured is None else [Predictor.load(directory, measured=True)])]
    if check is not None:
        check(unfinished)
    _write_golden(directory, contents, unfinished)
    dependence = max(_dependence(one, contents.test_columns) for one in both)
    parity = {"batch": dependence, "strangers": contents.strangers}
    manifest.seal(directory, described | {"parity": parity})
    return Predictor.load(directory)


def _write_golden(directory: Path, contents: Contents, predictor: Predictor) -> None:
    count = len(next(iter(contents.test_columns.values())))
    chosen = np.linspace(0, count - 1, min(GOLDEN_ROWS, count)).astype(int)
    columns = {name: values[chosen] for name, values in contents.test_columns.items()}
    for field in contents.request:
        if field.name in contents.description.get("personal", {}):
            example = from_rows([{field.name: field.example}], [field])
            columns |= {name: np.repeat(value, len(chosen)) for name, value in example.items()}
    requests = to_rows(columns, contents.request)
    _write_json(directory / "golden.json", {"requests": requests, "predictions": predictor.predict(requests)})


def _dependence(predictor: Predictor, rows: Mapping[str, Array]) -> float:
    """Return how far predictions may move with the rows beside them, measured on n rows.

    Raises:
        UseCaseError: when one is a number in one batch and none in another.
    """
    bound = batches.bound(batches.difference(predictor.predict_columns, rows))
    if not np.isfinite(bound):
        raise UseCaseError(
            "a row's prediction is NaN either alone or in a batch, but not both; correct src/usecase/scoring.py."
        )
    return bound


def _declared(table: FeatureTable) -> dict[str, Any]:
    return {**asdict(table), "columns": list(table.columns)}


def _requirements(format_: str) -> str:
    return "".join(f"{name}=={version(name)}\n" for name in RUNTIME[format_])


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
