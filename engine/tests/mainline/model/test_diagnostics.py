"""Segments, errors by size and calibration against answers computed by hand."""

from math import sqrt

import numpy as np
import pytest

from mainline.model import diagnostics
from mainline.model.metrics import scorer

ACTUAL, PREDICTED = np.array([0.0, 10.0, -5.0, 3.0]), np.array([3.0, 6.0, -5.0, 3.0])
SCORER = scorer("regression")


def test_slices_are_measured_apart() -> None:
    """Each value of each column has its own rows, metric, bias and baseline."""
    found = diagnostics.by_slice(
        {"carrier": np.array(["UA", "AA", "UA", "UA"], dtype=object), "half": np.array(["1", "1", "2", "2"])},
        ACTUAL, PREDICTED, np.zeros(4), np.array([1, 1, 2, 3]), SCORER, 2,
    )  # fmt: skip
    assert [(row["slice"], row["value"], row["rows"]) for row in found] == [
        ("carrier", "AA", 1), ("carrier", "UA", 3), ("half", "1", 2), ("half", "2", 2),
    ]  # fmt: skip
    american, united = found[:2]
    assert (american["metric"], american["bias"], american["baseline"]) == (4, -4, 10)
    assert (united["metric"], united["bias"]) == (pytest.approx(sqrt(3)), pytest.approx(1))
    assert united["baseline"] == pytest.approx(sqrt(34 / 3))
    assert united["low"] <= united["metric"] <= united["high"]
    assert np.isnan(american["low"])


@pytest.mark.parametrize(("min_rows", "thin"), [(2, "false"), (3, "true")])
def test_slice_with_fewer_rows_is_thin(min_rows: int, thin: str) -> None:
    """A segment smaller than the declared number of rows is marked, one of just that number is not."""
    rows = {"half": np.array(["1", "1"])}
    two = np.arange(2.0)
    assert diagnostics.by_slice(rows, two, two, two, np.arange(2), SCORER, min_rows)[0]["thin"] == thin


def test_residuals_count_errors_by_size() -> None:
    """Bins of equal width between the extreme quantiles count nearly every error, under the bin's middle."""
    actual = np.full(1001, 50.0)
    found = diagnostics.residuals(actual, actual + np.linspace(-4, 6, 1001), bins=10)
    assert len(found) == 10
    assert sum(row["rows"] for row in found) == 991
    assert [row["error"] for row in found] == pytest.approx(np.linspace(-4, 6, 11)[:-1] * 0.99 + 0.505)


def test_equal_residuals_are_counted() -> None:
    """A model that is always off by the same has one full bin."""
    found = diagnostics.residuals(np.full(50, 1.0), np.full(50, 3.0))
    assert sum(row["rows"] for row in found) == 50
    (full,) = (row for row in found if row["rows"])
    assert full["error"] == pytest.approx(2)


def test_calibration_compares_means_in_order_of_prediction() -> None:
    """Groups of nearly equal size go from the lowest prediction to the highest."""
    predicted = np.tile([4.0, 1.0, 3.0, 2.0, 5.0], 5)
    found = diagnostics.calibration(predicted * 10, predicted, groups=2)
    assert [row["rows"] for row in found] == [13, 12]
    assert all(row["actual"] == pytest.approx(10 * row["predicted"]) for row in found)
    assert found[0]["predicted"] < 3 < found[1]["predicted"]


@pytest.mark.parametrize(("rows", "groups"), [(3, 1), (50, 5), (199, 19), (5000, 20)])
def test_calibration_of_few_rows_has_few_groups(rows: int, groups: int) -> None:
    """The mean truth of a group says something from about ten rows on."""
    assert len(diagnostics.calibration(np.zeros(rows), np.arange(float(rows)))) == groups


def test_calibration_of_classes_is_by_class() -> None:
    """Each class's probability is held against its own share of the rows."""
    actual, predicted = np.repeat([0.0, 1.0, 2.0], 10), np.tile([0.5, 0.3, 0.2], (30, 1))
    found = diagnostics.calibration(actual, predicted, ("a", "b", "c"), groups=1)
    assert [(row["class"], round(row["predicted"], 6)) for row in found] == [("a", 0.5), ("b", 0.3), ("c", 0.2)]
    assert all(row["actual"] == pytest.approx(1 / 3) for row in found)


def test_confusion_counts_what_is_said_for_what() -> None:
    """A row for each pair of classes, in their order, with the share of the true class's rows."""
    found = diagnostics.confusion(np.array([0.0, 0.0, 1.0]), np.array([0, 1, 1]), ("No", "Yes"))
    assert [(row["actual"], row["predicted"], row["rows"], row["share"]) for row in found] == [
        ("No", "No", 1, 0.5), ("No", "Yes", 1, 0.5), ("Yes", "No", 0, 0), ("Yes", "Yes", 1, 1),
    ]  # fmt: skip
    assert diagnostics.confusion(np.zeros(2), np.zeros(0, int), ()) == []


def test_segment_without_a_metric_says_so() -> None:
    """Rows of one class have no ROC AUC."""
    rows = {"side": np.array(["a", "a", "b", "b"])}
    actual, predicted, half = np.array([1.0, 1.0, 0.0, 1.0]), np.array([0.9, 0.8, 0.1, 0.7]), np.full(4, 0.5)
    found = diagnostics.by_slice(rows, actual, predicted, half, np.arange(4), scorer("classification", "roc_auc"), 1)
    assert np.isnan(found[0]["metric"])
    assert (found[1]["metric"], found[1]["baseline"]) == (1, 0.5)
