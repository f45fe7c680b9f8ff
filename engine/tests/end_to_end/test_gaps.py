"""Fields of every kind that may be absent, through pipeline, contract, package and file."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from mainline.data.storage import read_columns
from mainline.package.predictor import Predictor
from tests.project import Project

EDITS = {
    "interface.py": {
        '    Field("petal_width"': '    Field("petals (n°)", "integer", "How many, if counted", 3, optional=True),\n'
        '    Field("pressed at", "time", "When it was pressed, if it was", "2024-06-02T07:00:00Z", optional=True),\n'
        '    Field("colour", "string", "Its colour, if noted", "blue", optional=True),\n'
        '    Field("petal_width"',
    },
    "schema.py": {
        '        "species":': '        "petals (n°)": Column("Int64", nullable=True),\n'
        '        "pressed at": Column("datetime64[ms, UTC]", nullable=True),\n'
        '        "colour": Column("str", nullable=True),\n'
        '        "species":',
    },
    "source.py": {
        '            yield "flowers"': "            gaps = np.arange(len(batch)) % 3 == 0\n"
        '            batch["petals (n°)"] = pd.Series(batch["flower"] % 7, dtype="Int64").mask(gaps)\n'
        '            batch["pressed at"] = (batch["measured_at"] + pd.Timedelta(hours=5)).mask(gaps).dt.as_unit("ms")\n'
        '            batch["colour"] = pd.Series("blue", index=batch.index, dtype="str").mask(gaps)\n'
        '            yield "flowers"',
    },
    "features.py": {
        "    return {name": '    late = (columns["pressed at"] - columns["measured_at"]) / 60\n'
        '    known = np.nan_to_num(columns["petals (n°)"] + late)\n'
        '    columns = {**columns, "sepal_length": columns["sepal_length"] + 0.01 * known}\n'
        "    return {name",
    },
}  # fmt: skip


@pytest.fixture
def gapped(flower_project: Project, tmp_path: Path) -> Project:
    """The flowers with an integer, a time and a text that a third of the rows lack, the pipeline run."""
    made = flower_project.twin(tmp_path / "project")
    for name, edits in EDITS.items():
        file = made.path / "src/usecase" / name
        text = file.read_text("utf-8")
        for old, new in edits.items():
            assert text.count(old) == 1, (name, old)
            text = text.replace(old, new)
        file.write_text(text, encoding="utf-8")
    made.run("dvc", "repro", "--quiet")
    return made


@pytest.mark.slow
def test_fields_of_every_kind_may_be_absent_everywhere(gapped: Project, tmp_path: Path) -> None:
    """Gaps are the same in training, requests and files: the contract holds, and a file gets the kept predictions."""
    gapped.run("python", "-m", "pytest", "-p", "no:cacheprovider", "-q")
    prepared = read_columns(next((gapped.path / "data/features").glob("2024-06.parquet")))
    for name in ("request.petals (n°)", "request.pressed at"):
        assert prepared[name].dtype == np.float64
        assert np.isnan(prepared[name]).tolist() == [row % 3 == 0 for row in range(25)]
    package = gapped.path / "models/package"
    golden = json.loads((package / "golden.json").read_text("utf-8"))
    optional = {"petals (n°)", "pressed at", "colour"}
    assert {len(optional & row.keys()) for row in golden["requests"]} == {0, 3}
    (source,) = (gapped.path / "data/raw").rglob("2024-06.parquet")
    gapped.run("python", "-m", "mainline", "predict", str(source), "--output", str(tmp_path / "out"))
    found = pq.read_table(tmp_path / "out/predictions")
    kept = read_columns(gapped.path / "data/predictions/test.parquet")
    apart = found["probability_setosa"].to_numpy() - kept["probability_setosa"][-25:]
    assert np.abs(apart).max() <= Predictor.load(package).tolerance
