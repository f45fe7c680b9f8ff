"""Training and every way of serving give the same features and the same predictions, to the last bit."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mainline.contract import Array
from mainline.data import dataset
from mainline.data.columns import to_rows
from mainline.data.storage import read_columns
from mainline.declared.params import load
from mainline.scoring import files, lines
from mainline.serving.answering.model import Model
from tests.mainline.serving import log_reader
from tests.mainline.serving.asking import Client
from tests.project import Project

Rows = list[dict[str, Any]]
BULK = 1000


@pytest.fixture(scope="module")
def month(small_project: Project, shared_model: Model) -> tuple[Rows, dict[str, Array], list[float]]:
    """The test month as requests, with the features and the predictions that the pipeline computed."""
    params = load(small_project.path / "params.yaml")
    names = [field.name for field in shared_model.predictor.request]
    newest = dataset.read(small_project.path / "data/features", params.parts.test, names, params.features)
    predicted = read_columns(small_project.path / "data/predictions/test.parquet", ["predicted"])["predicted"]
    return to_rows(newest.request, shared_model.predictor.request), dict(newest.features), predicted.tolist()


def in_bulk(client: Client, rows: Rows) -> Iterator[float]:
    """Ask for the rows in large requests."""
    for start in range(0, len(rows), BULK):
        for item in client.predict(rows[start : start + BULK]).json["predictions"]:
            yield item["arr_delay"]


def one_by_one(client: Client, rows: Rows) -> Iterator[float]:
    """Ask for each row in a request of its own, two hundred at the same moment."""
    for start in range(0, len(rows), 200):
        replies = client.ask_all([("/predict", row, None, {}) for row in rows[start : start + 200]])
        for reply in replies:
            yield reply.json["predictions"][0]["arr_delay"]


def one_at_a_time(model: Model, rows: Rows) -> Iterator[float]:
    """Predict each row alone."""
    for row in rows:
        yield model.answer(model.reader.read([row])).predictions[0]


@pytest.fixture
def unhurried(make_client: Callable[..., Client], tmp_path: Path) -> Client:
    """A client that is not throttled, of a service that logs."""
    return make_client(throttle={"requests_per_second": 1e9, "burst": 10**9}, log={"directory": tmp_path / "log"})


def test_every_way_of_serving_predicts_as_the_pipeline(
    unhurried: Client, model: Model, month: tuple[Rows, Any, list[float]], tmp_path: Path
) -> None:
    """For the whole month a file, requests in bulk, single requests and the stream say what the pipeline said."""
    rows, _, expected = month
    assert len(rows) >= 10_000
    assert list(in_bulk(unhurried, rows)) == expected
    assert list(one_by_one(unhurried, rows)) == expected
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "month.parquet")
    assert files.score(model, tmp_path / "month.parquet", tmp_path / "out").quarantined == 0
    assert pq.read_table(tmp_path / "out/predictions")["arr_delay"].to_pylist() == expected
    sent = iter([json.dumps(row).encode() + b"\n" for row in rows])
    answers: list[bytes] = []
    lines.run(model, lambda _: next(sent, b""), answers.append)
    assert [json.loads(line)["arr_delay"] for line in b"".join(answers).splitlines()] == expected


@pytest.mark.slow
def test_each_row_alone_is_predicted_as_by_the_pipeline(model: Model, month: tuple[Rows, Any, list[float]]) -> None:
    """Rows that share a batch with no other have the same predictions too, for the whole month."""
    rows, _, expected = month
    assert list(one_at_a_time(model, rows)) == expected


def test_logged_requests_computed_again_by_training_have_no_mismatch(
    unhurried: Client, month: tuple[Rows, dict[str, Array], list[float]], tmp_path: Path
) -> None:
    """Of more than 10,000 logged rows no feature differs in any cell from what the pipeline computed for training."""
    rows, features, expected = month
    unhurried.service.start()
    list(in_bulk(unhurried, rows))
    unhurried.service.stop()
    found = log_reader.rows(tmp_path / "log")
    assert len(found) == len(rows) >= 10_000
    for name in rows[0]:
        assert found[f"inputs.{name}"].tolist() == [row[name] for row in rows]
    assert found["prediction"].tolist() == expected
    mismatched = 0
    for name, values in features.items():
        kind = object if values.dtype == object else np.float32
        online, offline = found[f"features.{name}"].to_numpy(kind), values.astype(kind)
        mismatched += int((~((online == offline) | ((online != online) & (offline != offline)))).sum())
    assert mismatched == 0
