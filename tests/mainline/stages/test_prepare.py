"""What the prepare stage refuses from a use case."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mainline.contract import Array, FeatureTable
from mainline.data.lookup import from_columns
from mainline.errors import UseCaseError
from mainline.stages.prepare import featurise
from tests.usecase.conftest import Days, days  # noqa: F401 - a fixture
from usecase import features, schema

Change = Callable[[dict[str, Array]], dict[str, Array]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda computed: computed | {"gate": computed["seats"]}, "computes but does not declare 'gate'"),
        (lambda computed: {n: v for n, v in computed.items() if n != "seats"}, "declares but does not compute 'seats'"),
        (lambda computed: computed | {"seats": computed["seats"][:1]}, r"'seats' has shape \(1,\) for \d+ rows"),
        (lambda computed: computed | {"seats": np.float32(1)}, r"'seats' has shape \(\) for \d+ rows"),
    ],
    ids=["extra", "absent", "short", "scalar"],
)
def test_features_are_what_is_declared(
    days: Days,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    change: Change,
    message: str,
) -> None:
    """A feature too many, too few or of another length is named, before it could shift a column."""
    compute = features.compute
    monkeypatch.setattr(features, "compute", lambda *given: change(compute(*given)))
    with pytest.raises(UseCaseError, match=message):
        featurise(days.flights, days.known())


def test_a_label_that_is_not_there_is_refused(days: Days, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """Rows that unlabelled() lets through must have a label."""
    monkeypatch.setattr(schema, "unlabelled", lambda events: pd.Series("", index=events.index))
    with pytest.raises(UseCaseError, match=r"unlabelled\(\) calls a row labelled that has no label"):
        featurise(days.flights[days.flights["dep_delay"].notna()], days.known())


def test_a_table_without_a_declared_column_is_refused() -> None:
    """Rows of a feature table that lack a column are named with the table."""
    rows: dict[str, Any] = {"key": np.array(["a"], dtype=object), "time": np.array([0])}
    with pytest.raises(UseCaseError, match="table 'prices' is built without its column 'price'"):
        from_columns(FeatureTable("prices", key="shop", columns=("price",)), rows)
