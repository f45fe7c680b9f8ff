"""Production that was fitted on the candidate's test rows is said."""

from typing import Any

import pytest

from mainline.gate import overlap


def of_time(train: list[str], test: list[str]) -> dict[str, Any]:
    """A manifest of data with time."""
    return {"window": {"train": train, "test": test}}


def of_snapshot(test: float, by: str = "customer") -> dict[str, Any]:
    """A manifest of data without time."""
    return {"window": {}, "snapshot": {"name": "first", "by": [by], "validation": 0.1, "test": test}}


JANUARY, FEBRUARY = of_time(["2013-01"], ["2013-02"]), of_time(["2013-01", "2013-02"], ["2013-03"])
A_QUARTER = "was split by customer with shares of 0.1 and 0.2, so it was fitted on about 25% of the test rows"


@pytest.mark.parametrize(
    ("production", "candidate", "said"),
    [
        (JANUARY, of_time(["2013-02"], ["2013-03"]), ""),
        (FEBRUARY, JANUARY, "Production was fitted on 2013-02, which flatters it: move data.through on."),
        (of_snapshot(0.2), of_snapshot(0.2), ""),
        (of_snapshot(0.2), of_snapshot(0.3), ""),  # its validation rows
        (of_snapshot(0.7), of_snapshot(0.8), ""),  # 0.1 + 0.7 is a little less than 0.8
        (of_snapshot(0.2), of_snapshot(0.4), A_QUARTER),
        (of_snapshot(0.2), of_snapshot(0.2, "order"), "so it was fitted on about 70% of the test rows"),
        (JANUARY, of_snapshot(0.2), "data was split by time, so it may have been fitted on the test rows"),
        (of_snapshot(0.2), JANUARY, "data was split by a hash, so it may have been fitted on the test rows"),
    ],
    ids=["later", "earlier", "same", "validation", "rounding", "larger", "other column", "from time", "to time"],
)
def test_rows_that_production_was_fitted_on(production: dict[str, Any], candidate: dict[str, Any], said: str) -> None:
    """Another share, another column and another kind of split are noticed, and only these."""
    found = overlap.describe(production, candidate)
    assert (said in found) if said else (found == "")
