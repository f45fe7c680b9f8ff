"""A use case with a personal key, from raw data to the report of production: its values are only where they must be."""

import json
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from mainline.data import dataset
from mainline.data.columns import to_rows
from mainline.data.pseudonyms import VARIABLE
from mainline.declared.service import Settings
from mainline.gate import replay
from mainline.package.predictor import Predictor
from mainline.serving.answering import keys, routing
from mainline.serving.answering.model import Model
from mainline.serving.service import Service
from tests.mainline.serving.asking import Client
from tests.project import Project

REASON = "it finds the sample in the archive"
SAMPLE = re.compile(rb"\bS0[0-9]{3}\b")
EXAMPLE = b"S0475"
"""What `interface.py` gives as an example, and is shown as one."""
ROWS = 94
"""Rows of the newest month."""


@pytest.fixture(scope="module")
def declared(other_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The second use case with the number of a sample declared to be personal, its pipeline run."""
    made = other_project.twin(tmp_path_factory.mktemp("personal") / "project")
    file = made.path / "src/usecase/interface.py"
    file.write_text(f'{file.read_text()}\nPERSONAL = {{"sample": "{REASON}"}}\n')
    made.run("python", "-m", "mainline", "repro")
    return made


@pytest.fixture(scope="module")
def watched(declared: Project) -> dict[str, Any]:
    """The report of production that answered each test row, half of them before a change of the log's key."""
    newest = dataset.read(declared.path / dataset.FOLDER, ["2024-06"], _fields(declared), [])
    rows = to_rows(newest.request, Predictor.load(declared.path / "models/package").request)
    labels = pd.DataFrame(rows)[["measured_at", "sample"]].assign(
        malignant=newest.label, known_at="2024-07-01T00:00:00Z"
    )
    labels.to_csv(declared.path / "labels.csv", index=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(declared.path)
        for key, part in (("o" * 32, rows[::2]), (f"{'n' * 32},{'o' * 32}", rows[1::2])):
            patch.setenv(VARIABLE, key)
            _serve(declared.path, part)
        declared.run(
            "python", "-m", "mainline", "monitor", "--logs", "logs", "--labels", "labels.csv", succeed=None,
            env={VARIABLE: os.environ[VARIABLE]},
        )  # fmt: skip
    (declared.path / "labels.csv").unlink()
    return json.loads((declared.path / ".mainline/production/monitoring/report/monitoring.json").read_bytes())


def _fields(project: Project) -> list[str]:
    return [field.name for field in Predictor.load(project.path / "models/package").request]


def _serve(folder: Path, rows: list[dict[str, Any]]) -> None:
    file = folder / ".mainline/keys.yaml"
    file.parent.mkdir(exist_ok=True)
    file.unlink(missing_ok=True)
    settings = Settings.model_validate({"keys": file, "log": {"directory": folder / "logs"}})
    key = keys.make(file, "client", "predict")
    service = Service(settings, routing.single(Model.load(folder / "models/package", "v1.0.0")))
    service.start()
    assert Client(service, key).predict(rows).status == 200
    service.stop()


def test_labels_and_features_are_joined_by_the_hashes(watched: dict[str, Any]) -> None:
    """Each event finds its label and its row of the pipeline, whichever key hid it."""
    (version,) = watched["versions"]
    assert sum(day["labelled"] for day in version["days"]) == sum(day["events"] for day in version["days"]) == ROWS
    observed = {check["name"]: check["observed"] for check in version["checks"]}
    assert observed["skew of features"] == f"0.00% of {ROWS} events"


def test_no_number_of_a_sample_is_anywhere_but_in_the_data(declared: Project, watched: dict[str, Any]) -> None:
    """Git, package, log, rolled rows and reports hold none; the data and the package's table of samples hold all."""
    found: dict[str, set[bytes]] = {}
    places = ("metrics", "models", "logs", ".mainline", "dvc.lock")
    for path in (path for place in places for path in [declared.path / place, *(declared.path / place).rglob("*")]):
        if path.is_file():
            found[path.relative_to(declared.path).as_posix()] = set(SAMPLE.findall(_content(path))) - {EXAMPLE}
    held = {name for name, values in found.items() if values}
    assert held == {"models/package/tables/archive.npz"}
    assert {"metrics/reference.csv", "models/package/golden.json", "models/package/test_predictions.parquet"} < set(
        found
    )
    assert any(name.endswith(".jsonl") for name in found)
    assert any("/rows/" in name for name in found)
    assert watched["rows"] == ROWS


def _content(path: Path) -> bytes:
    """Return the bytes of a file; of Parquet and of numpy's archives also their values as text."""
    if path.suffix == ".npz":
        with np.load(path) as arrays:
            return path.read_bytes() + repr({name: values.tolist() for name, values in arrays.items()}).encode()
    if path.suffix == ".parquet":
        return path.read_bytes() + pq.read_table(path).to_pandas().to_csv().encode()
    return path.read_bytes()


def test_card_and_schema_give_the_reason(declared: Project) -> None:
    """The model card and the package's schema name the field and why it is needed; golden requests have the example."""
    package = declared.path / "models/package"
    assert f"## Personal data\n\n- sample: {REASON}\n" in (package / "model_card.md").read_text()
    schema = json.loads((package / "request.schema.json").read_bytes())
    assert schema["properties"]["sample"]["x-personal"] == REASON
    golden = json.loads((package / "golden.json").read_bytes())
    assert {row["sample"] for row in golden["requests"]} == {EXAMPLE.decode()}
    assert len({row["mean_radius"] for row in golden["requests"]}) > 10


def test_kept_predictions_are_found_again(declared: Project) -> None:
    """The gate finds the rows of a package's kept predictions by a hash of the whole request, each of them once."""
    folder = declared.path / "models/package"
    model = Predictor.load(folder)
    test: Any = dataset.read(declared.path / dataset.FOLDER, ["2024-06"], _fields(declared), [])
    assert not {"sample", "measured_at"} & set(pq.read_table(folder / replay.PREDICTIONS).column_names)
    assert replay.differing(model, folder, test, model.predict_columns(test.request)) == (0, ROWS)
    wrong = model.predict_columns(test.request) + (np.arange(ROWS) < 5)
    assert replay.differing(model, folder, test, wrong) == (5, ROWS)


def test_predictions_are_those_without_the_declaration(declared: Project, other_project: Project) -> None:
    """What is declared changes what is kept, and neither data nor model."""
    before, after = other_project.hashes(), declared.hashes()
    same = {name for name in before if before[name] == after[name]}
    assert {"data/raw", "data/validated", "data/features", "data/tables", "models/model", "metrics/test.json"} <= same


def test_column_of_addresses_is_said_and_counted(other_project: Project, tmp_path: Path) -> None:
    """`validate` warns of a column with mail addresses, tells its share and no value; once declared, it is quiet."""
    made = other_project.twin(tmp_path / "project")
    source, schema = made.path / "src/usecase/source.py", made.path / "src/usecase/schema.py"
    values = '[f"s{n}@example.org" if n % 2 else "" for n in range(len(batch))]'
    contact = f'        batch["contact"] = pd.Series({values}, dtype="str")'
    source.write_text(source.read_text().replace('        yield "samples"', f'{contact}\n        yield "samples"'))
    column = '"malignant": Column("int64", Check.isin([0, 1])),'
    schema.write_text(schema.read_text().replace(column, f'{column}\n        "contact": Column("str"),'))
    said = made.run("dvc", "repro", "validate").stdout
    assert "Look: samples.contact seems to hold mail addresses in 49.6% of the rows." in said
    assert "@" not in said
    found = json.loads((made.path / "metrics/personal.json").read_bytes())
    assert found["found"] == {"samples.contact": {"mail addresses": pytest.approx(0.496, abs=0.001)}}
    assert found["looked_at"]["samples"] == 569
    interface = made.path / "src/usecase/interface.py"
    interface.write_text(f'{interface.read_text()}\nPERSONAL = {{"contact": "to ask again"}}\n')
    assert "Look:" not in made.run("dvc", "repro", "validate").stdout
    assert json.loads((made.path / "metrics/personal.json").read_bytes())["found"] == {}
