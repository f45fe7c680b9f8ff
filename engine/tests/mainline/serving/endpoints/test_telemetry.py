"""What `/metrics` says of inputs and models: numbers that are none, and how old the data of a model are."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from mainline import periods
from mainline.data import columns
from mainline.serving.answering.model import Model
from mainline.serving.endpoints import version_metrics
from tests.mainline.serving.asking import Client

Rows = list[dict[str, Any]]


def samples(client: Client, name: str) -> dict[tuple[str, ...], float]:
    """Return the samples of a metric by label values."""
    page = client.ask("/metrics", key=client.admin).body.decode()
    found = [sample for family in text_string_to_metric_families(page) for sample in family.samples]
    return {tuple(sample.labels.values()): sample.value for sample in found if sample.name == name}


def test_features_that_are_not_numbers_are_counted(
    client: Client, model: Model, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NaN and infinity of each feature that the model reads are counted by row; the log cannot tell them apart."""
    computed = model.predictor.compute(columns.from_rows(rows, model.predictor.request))
    missing = {name: int(np.isnan(computed[name]).sum()) for name in model.predictor.manifest["model"]["numeric"]}
    expected = {("v1.0.0", name): number for name, number in missing.items() if number}
    assert expected, "the golden rows lack some feature"
    assert client.predict(rows).status == 200
    assert samples(client, "mainline_nonfinite_total") == expected
    features = model.predictor.features
    infinite = SimpleNamespace(
        compute=lambda *given: {**features.compute(*given), "distance": np.full(len(rows), np.inf, np.float32)},
        prediction_time=features.prediction_time,
    )
    monkeypatch.setitem(model.predictor.__dict__, "features", infinite)
    client.predict(rows)
    doubled = {place: 2 * number for place, number in expected.items()}
    assert samples(client, "mainline_nonfinite_total") == doubled | {("v1.0.0", "distance"): len(rows)}


def test_age_of_a_model_counts_from_the_end_of_its_data(
    client: Client, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten days after the end of the newest period that it was fitted, validated or tested on it is ten days old."""
    newest = max(period for part in model.predictor.manifest["window"].values() for period in part)
    end = datetime.combine(periods.span(newest)[1], datetime.min.time(), UTC).timestamp()
    monkeypatch.setattr(f"{version_metrics.__name__}.time.time", lambda: end + 10 * 86_400)
    assert samples(client, "mainline_model_age_seconds") == {("v1.0.0",): 10 * 86_400}
