"""A use case without time through the whole machinery: one snapshot, split by a hash of the patient's number."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mainline.data import sides
from mainline.gate import findings
from mainline.stages import harness
from tests.mainline.serving.running import running
from tests.project import Project


@pytest.fixture(scope="module")
def released(timeless_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The same with a store and an origin, released as v1.0.0; then the second snapshot is trained and not released."""
    folder = tmp_path_factory.mktemp("released")
    made = timeless_project.twin(folder / "project")
    made.give_origin(str(folder / "origin.git"))
    made.run("python", "-m", "mainline", "remote", str(folder / "storage"))
    made.commit("Name a store")
    made.run("git", "push", "--quiet", "origin", "main")
    assert "v1.0.0 is released." in made.run("python", "-m", "mainline", "promote").stdout
    made.run("python", "-m", "mainline", "window", "--snapshot", "second")
    made.run("dvc", "repro", "--quiet")
    made.commit("Take the second snapshot")
    return made


def test_a_row_keeps_its_side_in_a_larger_snapshot(timeless_project: Project, released: Project) -> None:
    """Each patient of the first snapshot is in the same part of the second, though rows came in another order."""
    before, after = _parts(timeless_project), _parts(released)
    assert {patient: after[patient] for patient in before} == before
    assert len(after) > len(before)
    assert set(before.values()) == {"train", "validation", "test"}


def test_data_that_is_sorted_by_its_label_is_split_evenly(timeless_project: Project) -> None:
    """The mean label of the test rows is within three standard errors of the others'."""
    labels = {name: _prepared(timeless_project, name)["label"] for name in ("train", "test")}
    error = labels["test"].std() / np.sqrt(len(labels["test"]))
    assert abs(labels["test"].mean() - labels["train"].mean()) < 3 * error


def test_the_contract_is_kept(timeless_project: Project) -> None:
    """The tests that the template keeps pass as they stand: they need neither a time nor `unlabelled`."""
    said = timeless_project.run("python", "-m", "pytest", "-p", "no:cacheprovider", "-q").stdout
    assert re.search(r"^\d+ passed in", said, re.MULTILINE)


def test_missing_labels_are_counted_without_a_function_for_it(timeless_project: Project) -> None:
    """Rows whose label is missing are no rows to learn from, and are counted as such."""
    counts = _read(timeless_project, "metrics/data.json")
    assert counts == {"accepted": 400, "quarantined": 0, "labelled": 392, "missing": 8}


def test_the_gate_judges_on_groups_of_rows(released: Project) -> None:
    """The second snapshot is held against the released model on rows that neither was fitted on."""
    released.run("python", "-m", "mainline", "gate", succeed=None)
    found = findings.read((released.path / findings.FILE).read_bytes())
    verdicts = {check.name: check for check in found.checks}
    assert (found.comparison.cluster, found.comparison.days) == ("group of rows", found.comparison.rows)
    assert found.comparison.difference is not None
    assert verdicts["holdout"].observed.endswith(" groups of rows")
    assert verdicts["skew"].observed == "none"
    assert verdicts["same production"].observed.startswith("0 of 99 shared rows")
    assert "fitted on" not in verdicts["against production"].reason
    assert {change.after for change in found.data} == {
        "second, 0 to 25 % by patient", "second, 25 to 45 % by patient", "second, 45 to 100 % by patient",
    }  # fmt: skip


@pytest.mark.slow
def test_a_larger_test_is_not_compared_in_silence(released: Project, tmp_path: Path) -> None:
    """A candidate whose test reaches into the rows that production was fitted on says that this flatters production."""
    made = released.twin(tmp_path / "project")
    made.declare(split={"test": 0.6})
    made.run("dvc", "repro", "--quiet")
    made.run("python", "-m", "mainline", "gate", succeed=None)
    found = findings.read((made.path / findings.FILE).read_bytes())
    reason = next(check.reason for check in found.checks if check.name == "against production")
    assert "it was fitted on about 25% of the test rows" in reason


def test_a_request_without_a_time_is_answered(timeless_project: Project, tmp_path: Path) -> None:
    """A server answers a golden request as the package did, up to last bits, and tells no age of the data."""
    golden = _read(timeless_project, "models/package/golden.json")
    with running(tmp_path, timeless_project.path / "models/package") as server:
        status, body = server.ask("/predict", golden["requests"][:1])
        _, page = server.ask("/metrics", key=server.admin)
    assert status == 200
    (answered,) = json.loads(body)["predictions"]
    assert answered["progression"] == pytest.approx(golden["predictions"][0], rel=1e-6)
    assert b"mainline_model_age_seconds{" not in page


def test_a_raw_file_is_predicted(timeless_project: Project, tmp_path: Path) -> None:
    """A file of the columns of the request, and others, is predicted as it is."""
    rows = _prepared(timeless_project, "test").filter(like="request.").rename(columns=lambda name: name[8:])
    rows.assign(note="as it came").to_csv(tmp_path / "patients.csv", index=False)
    command = ("python", "-m", "mainline", "predict", str(tmp_path / "patients.csv"), "--output", str(tmp_path / "out"))
    timeless_project.run(*command, "--package", "models/package")
    found = pd.read_csv(tmp_path / "out/predictions/part-00000.csv")
    kept = pd.read_parquet(timeless_project.path / "data/predictions/test.parquet")
    np.testing.assert_allclose(found["progression"], kept["predicted"], rtol=1e-6)


def test_ageing_does_not_apply(timeless_project: Project, tmp_path: Path) -> None:
    """What a feature is worth is measured, and staleness says that it does not apply."""
    made = timeless_project.twin(tmp_path / "project")
    said = made.run("python", "-m", "mainline", "explain").stdout
    assert "Staleness does not apply: the data has no time." in said
    assert ",bmi," in (made.path / "metrics/worth.csv").read_text()


def test_rows_of_a_group_are_on_one_side(timeless_project: Project, tmp_path: Path) -> None:
    """With GROUP, a column that no client sends, whole households are fitted on or tested, and clustered."""
    made = timeless_project.twin(tmp_path / "project")
    _declare_group(made)
    made.run("dvc", "repro", "--quiet")
    parts = _parts(made)
    households: dict[int, set[str]] = {}
    for patient, part in parts.items():
        households.setdefault(int(patient[1:]) // 4, set()).add(part)
    assert all(len(found) == 1 for found in households.values())
    kept = pd.read_parquet(made.path / "data/predictions/test.parquet")
    assert len(np.unique(sides.pool(kept["hash"].to_numpy()))) == sum("test" in found for found in households.values())
    assert _read(made, "models/package/manifest.json")["snapshot"]["by"] == ["household"]


@pytest.mark.parametrize(
    ("file", "before", "after", "said"),
    [
        ("src/usecase/features.py", "def compute", "def prediction_time(columns):\n    return 0\n\n\ndef compute",
         "features.py offers 'prediction_time', and params.yaml declares data.snapshot"),
        ("src/usecase/tables.py", "FEATURE_TABLES = ()",
         "from mainline.contract import FeatureTable\n\nFEATURE_TABLES = (FeatureTable('visits', 'patient', ('n',)),)",
         "table 'visits' goes by time, and params.yaml declares data.snapshot"),
        ("params.yaml", "test: 0.25", "test: 0.0001", "split: leaves no row of 392 for test; declare other shares"),
    ],
    ids=["prediction time", "moving table", "no rows"],
)  # fmt: skip
def test_what_needs_time_is_refused_in_one_line(
    timeless_project: Project, tmp_path: Path, file: str, before: str, after: str, said: str
) -> None:
    """A prediction time and a table that moves are nothing for data without time; nor is a part without rows."""
    made = timeless_project.twin(tmp_path / "project")
    path = made.path / file
    path.write_text(path.read_text().replace(before, after, 1))
    refused = made.run("python", "-m", "mainline.stages", "prepare", succeed=False, env=harness.PINNED).stderr
    assert said in refused
    assert "Traceback" not in refused


def _declare_group(made: Project) -> None:
    interface, source = made.path / "src/usecase/interface.py", made.path / "src/usecase/source.py"
    interface.write_text(interface.read_text().replace('KEY = ("patient",)', 'KEY = ("patient",)\nGROUP = "household"'))
    given = '            "age": loaded.data["age"],\n'
    source.write_text(source.read_text().replace(given, f'            "household": loaded.data.index // 4,\n{given}'))
    schema, column = made.path / "src/usecase/schema.py", '        "age": Column("float64"),\n'
    schema.write_text(schema.read_text().replace(column, f'        "household": Column("int64"),\n{column}'))


def _parts(made: Project) -> dict[str, str]:
    """Return the part that each patient is in."""
    return {
        patient: part
        for part in ("train", "validation", "test")
        for patient in _prepared(made, part)["request.patient"]
    }


def _prepared(made: Project, part: str) -> Any:
    return pd.read_parquet(made.path / f"data/features/{part}.parquet")


def _read(made: Project, name: str) -> dict[str, Any]:
    return dict(json.loads((made.path / name).read_text(encoding="utf-8")))
