"""The contract's checks: a use case that does not keep it is told so in one line."""

from typing import Any

import numpy as np
import pytest

from mainline import contract
from mainline.contract import FeatureTable, Field
from mainline.errors import UseCaseError

STATIC = FeatureTable("planes", key="tailnum", columns=("seats",), static=True)


def test_optional_integer_is_refused() -> None:
    """A field of a kind that has no value for "absent" can't be optional."""
    with pytest.raises(UseCaseError, match="'seats' is an optional integer; only a string or a number may be absent"):
        contract.check_request([Field("seats", "integer", "Seats", 55, optional=True)])


def test_unknown_name_gets_the_nearest() -> None:
    """A name that another place lacks is answered with the nearest that is there."""
    with pytest.raises(UseCaseError, match=r"KEY names 'orign', which REQUEST lacks; did you mean 'origin'\?"):
        contract.check_known("interface.py: KEY", ["orign"], ["origin", "dest"], "REQUEST")


@pytest.mark.parametrize("values", [1.0, [1.0, 2.0], np.zeros(1), np.zeros((2, 1))])
def test_column_is_one_value_per_row(values: Any) -> None:
    """A scalar, a list, a column of another length and a matrix are no column of two rows."""
    with pytest.raises(UseCaseError, match=r"compute: 'temp' has shape .*; return a numpy array of \(2,\)"):
        contract.check_column("features.py: compute: 'temp'", values, 2)


def test_moment_is_whole_minutes() -> None:
    """Prediction times in fractions of a minute are refused."""
    with pytest.raises(UseCaseError, match="prediction_time returns float64; return int64 minutes"):
        contract.check_moment(np.zeros(2), 2)


@pytest.mark.parametrize(
    ("label", "task", "found"),
    [
        (np.array(["M", "B"], object), "classification", "the label is object"),
        (np.array([1, 2]), "classification", "a label is 2; for a classification"),
    ],
)
def test_label_is_refused(label: Any, task: Any, found: str) -> None:
    """Labels that are text, or neither 0 nor 1 in a classification are refused."""
    with pytest.raises(UseCaseError, match=found):
        contract.check_label(label, task)


def test_labels_of_both_tasks_pass() -> None:
    """Any number is a label of a regression; 0 and 1, also as booleans, are those of a classification."""
    contract.check_label(np.array([-3.5, 1e6]), "regression")
    contract.check_label(np.array([0, 1]), "classification")
    contract.check_label(np.array([True, False]), "classification")


@pytest.mark.parametrize(
    ("declared", "rows", "found"),
    [
        (STATIC, {"key": ["N1"], "seats": ["many"]}, "'seats' of 'planes' holds no numbers"),
        (STATIC, {"key": ["N1", "N1"], "seats": [1, 2]}, "'planes' has 2 rows of 'N1'"),
    ],
)
def test_table_is_refused(declared: FeatureTable, rows: dict[str, list[Any]], found: str) -> None:
    """A feature table with text, or with two static rows of an entity is refused."""
    with pytest.raises(UseCaseError, match=found):
        contract.check_rows(declared, {name: np.array(values) for name, values in rows.items()})
