"""A package answers requests: the same everywhere, alone or in a batch, without the training libraries."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mainline.data.columns import from_rows
from mainline.data.storage import read_columns
from mainline.errors import PackageError, RequestError
from mainline.package import manifest
from mainline.package.predictor import Predictor
from tests.project import LIMIT

BLOCKED = ("sklearn", "pandas", "pyarrow", "scipy", "skops", "skl2onnx", "onnx", "joblib", "pandera", "dvc", "yaml")
SERVE = f"""
import json, sys
sys.modules.update(dict.fromkeys({BLOCKED}))
from mainline.package.predictor import Predictor
print(json.dumps(Predictor.load(sys.argv[1]).predict(json.load(sys.stdin))))
"""
SHIFTED = """
_compute = compute
def compute(columns, tables):
    features = _compute(columns, tables)
    return features | {NUMERIC[0]: features[NUMERIC[0]] + 60}
"""
RAISED = """
_respond = respond
def respond(raw, columns):
    return _respond(raw, columns) + 1000
"""


@pytest.fixture(scope="module")
def predictor(package_dir: Path) -> Predictor:
    """The real package, loaded."""
    return Predictor.load(package_dir)


@pytest.fixture(scope="module")
def golden(package_dir: Path) -> dict[str, Any]:
    """The package's own examples: requests and predictions."""
    return json.loads((package_dir / "golden.json").read_text(encoding="utf-8"))


def extended(package_dir: Path, target: Path, file: str, code: str) -> Predictor:
    """Load another version of the package: more code in a file, the manifest sealed again."""
    shutil.copytree(package_dir, target)
    with (target / file).open("a", encoding="utf-8") as source:
        source.write(code)
    return resealed(target)


def resealed(package: Path) -> Predictor:
    """Load a changed package as if it had been built that way."""
    described = json.loads((package / manifest.NAME).read_bytes())
    manifest.seal(package, {name: value for name, value in described.items() if name not in ("files", "digest")})
    return Predictor.load(package)


def test_golden_requests_have_the_golden_predictions(predictor: Predictor, golden: dict[str, Any]) -> None:
    """The package answers its examples as it did when it was built, to the last bit."""
    assert len(golden["requests"]) == 20
    assert predictor.predict(golden["requests"]) == golden["predictions"]


def test_server_needs_no_training_library(predictor: Predictor, package_dir: Path, golden: dict[str, Any]) -> None:
    """A process in which scikit-learn, pandas, Arrow and SciPy can't be imported gives the golden predictions."""
    if predictor.manifest["model"]["format"] != "onnx":
        pytest.skip("the declared model has no faithful conversion to ONNX and is served by scikit-learn")
    answered = subprocess.run(
        [sys.executable, "-W", "error", "-c", SERVE, package_dir], input=json.dumps(golden["requests"]),
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}, capture_output=True, text=True, timeout=LIMIT,
    )  # fmt: skip
    assert answered.returncode == 0, answered.stderr
    assert json.loads(answered.stdout) == golden["predictions"]


def test_row_alone_is_predicted_as_in_a_batch(predictor: Predictor, golden: dict[str, Any]) -> None:
    """A prediction does not depend on what else is asked, nor on the order, to the last bit."""
    requests, predictions = golden["requests"], golden["predictions"]
    assert [predictor.predict([request])[0] for request in requests] == predictions
    assert predictor.predict(requests[::-1]) == predictions[::-1]


def test_no_rows_have_no_predictions(predictor: Predictor) -> None:
    """An empty list of requests is answered with an empty list."""
    assert predictor.predict([]) == []


def test_test_predictions_are_the_package_s_own(package_dir: Path, golden: dict[str, Any]) -> None:
    """The predictions that travel with the package match its golden ones on the flights they share."""
    kept = read_columns(package_dir / "test_predictions.parquet")["predicted"]
    chosen = np.linspace(0, len(kept) - 1, len(golden["predictions"])).astype(int)
    assert kept[chosen].tolist() == golden["predictions"]


def test_optional_field_may_be_left_out(predictor: Predictor, golden: dict[str, Any]) -> None:
    """A request is predicted without its optional fields, as if they were null."""
    optional = [field.name for field in predictor.request if field.optional]
    assert optional
    request = golden["requests"][0]
    without = {name: value for name, value in request.items() if name not in optional}
    assert predictor.predict([without]) == predictor.predict([request | dict.fromkeys(optional)])


def test_request_that_does_not_fit_is_refused(predictor: Predictor, golden: dict[str, Any]) -> None:
    """The first row that does not fit is named, and nothing is predicted."""
    with pytest.raises(RequestError, match=r"^row 1: no such field: is unknown; the fields are"):
        predictor.predict([golden["requests"][0], {"no such field": 1}])


def test_versions_with_other_features_live_side_by_side(
    predictor: Predictor, package_dir: Path, golden: dict[str, Any], tmp_path: Path
) -> None:
    """Each package computes with its own code, also when another version was loaded after it."""
    other = extended(package_dir, tmp_path / "other", "code/features.py", SHIFTED)
    columns = from_rows(golden["requests"], predictor.request)
    name = predictor.features.NUMERIC[0]
    np.testing.assert_array_equal(other.compute(columns)[name], predictor.compute(columns)[name] + 60)
    assert predictor.predict(golden["requests"]) == golden["predictions"]
    assert other.predict(golden["requests"]) != golden["predictions"]
    assert other.digest != predictor.digest
    assert Predictor.load(package_dir).predict(golden["requests"]) == golden["predictions"]


def test_versions_with_other_scoring_live_side_by_side(
    predictor: Predictor, package_dir: Path, golden: dict[str, Any], tmp_path: Path
) -> None:
    """What the client gets is worked out by the package's own code too."""
    other = extended(package_dir, tmp_path / "other", "code/scoring.py", RAISED)
    assert other.predict(golden["requests"]) == pytest.approx(np.array(golden["predictions"]) + 1000)
    assert predictor.predict(golden["requests"]) == golden["predictions"]


@pytest.mark.parametrize("name", ["features", "scoring"])
def test_package_code_has_a_name_of_its_own(predictor: Predictor, name: str) -> None:
    """A package's code is found under its digest and leaves the use case's modules alone."""
    module = getattr(predictor, name)
    assert module.__name__ == f"mainline_package_{predictor.digest[:16]}_{name}"
    assert module.__name__ in sys.modules
    assert sys.modules.get(f"usecase.{name}") is not module


def test_package_code_may_hold_dataclasses(package_dir: Path, tmp_path: Path) -> None:
    """Code that looks its own module up by name, as a dataclass does, runs."""
    code = "from dataclasses import dataclass\n@dataclass\nclass Point:\n    x: 'int' = 7\n"
    assert extended(package_dir, tmp_path / "other", "code/features.py", code).features.Point().x == 7


def test_loading_and_predicting_write_nothing(package_dir: Path, golden: dict[str, Any], tmp_path: Path) -> None:
    """Nothing appears or changes in the package's folder, not even a cache of compiled code."""
    package = shutil.copytree(package_dir, tmp_path / "package")

    def state() -> dict[str, tuple[int, int]]:
        return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in [package, *package.rglob("*")]}

    before = state()
    Predictor.load(package).predict(golden["requests"])
    assert state() == before


def test_pickle_in_a_package_is_never_run(predictor: Predictor, package_dir: Path, tmp_path: Path) -> None:
    """A feature table that holds pickled objects is refused, also where its manifest vouches for it."""
    name = next(iter(predictor.tables))
    objects = np.array([print], dtype=object)
    package = shutil.copytree(package_dir, tmp_path / "package")
    np.savez(package / "tables" / f"{name}.npz", key=objects, time=objects, values=objects)
    with pytest.raises(PackageError, match="Object arrays cannot be loaded when allow_pickle=False"):
        resealed(package)


@pytest.mark.parametrize("name", ["code/features.py", "code/scoring.py", "requirements.txt"])
def test_changed_package_is_not_run(package_dir: Path, tmp_path: Path, name: str) -> None:
    """Everything is verified before any code of the package runs."""
    package = shutil.copytree(package_dir, tmp_path / "package")
    (package / name).write_bytes(b"raise SystemExit('ran')")
    with pytest.raises(PackageError, match=f"{re.escape(name)} was changed"):
        Predictor.load(package)
