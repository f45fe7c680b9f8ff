"""What rows are made of, period by period."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from mainline.contract import Columns
from mainline.limits import composition

ROWS = 400


def month(seed: int) -> dict[str, Any]:
    """Draw whole minutes, a share, and one of three airlines; a tenth of the shares is missing."""
    random = np.random.default_rng(seed)
    share = np.where(np.arange(ROWS) % 10 == 0, np.nan, random.uniform(size=ROWS))
    return {
        "minutes": np.round(random.normal(60, 10, ROWS)),
        "share": share,
        "carrier": random.choice(np.array(["AA", "UA", "EV"], object), ROWS),
    }


def months(change: Callable[[dict[str, Any]], dict[str, Any]] = lambda _: {}) -> dict[str, dict[str, Any]]:
    """Return five months, the fourth of which is changed."""
    drawn = {f"2013-0{number}": month(number) for number in range(1, 6)}
    return drawn | {"2013-04": drawn["2013-04"] | change(drawn["2013-04"])}


def noted(periods: Mapping[str, Columns]) -> dict[str, Any]:
    """Hold periods to those before them."""
    alone = {period: composition.sketch(columns) for period, columns in periods.items()}
    return composition.note(alone, lambda period, name: periods[period][name])


def test_months_alike_are_not_noted() -> None:
    """Nothing is said of months that are drawn alike."""
    assert noted(months()) == {}


@pytest.mark.parametrize(
    ("question", "column", "change", "observed", "before"),
    [
        ("missing", "share", lambda _: {"share": np.full(ROWS, np.nan)}, 1.0, 0.1),
        ("missing", "carrier", lambda _: {"carrier": np.full(ROWS, "", object)}, 1.0, 0.0),
        ("unseen", "carrier", lambda _: {"carrier": np.full(ROWS, "XX", object)}, 1.0, 0.0),
        ("not_whole", "minutes", lambda columns: {"minutes": 60 + columns["minutes"] / 1024}, 1.0, 0.0),
        ("outside", "minutes", lambda columns: {"minutes": columns["minutes"] * 60}, 1.0, 0.0),
        ("constant", "minutes", lambda _: {"minutes": np.full(ROWS, 60.0)}, 1.0, 0.0),
    ],
)
def test_month_unlike_those_before_is_noted(
    question: str, column: str, change: Any, observed: float, before: float
) -> None:
    """The month, the question and the column are named, with the share and the worst before; the others are not."""
    found = noted(months(change))
    assert found.keys() == {"2013-04"}
    assert found["2013-04"][question][column] == pytest.approx((observed, before), abs=0.02)
    assert set(found["2013-04"]) <= {question, "constant"}


def test_few_rows_say_nothing() -> None:
    """A period of fewer than 200 rows is neither noted nor compared with."""
    few = {name: values[:199] * 0 if name == "minutes" else values[:199] for name, values in month(9).items()}
    assert noted({**months(), "2013-06": few, "2013-07": month(6)}) == {}


def test_a_number_is_missed_to_vary_after_three_periods() -> None:
    """A week may have two months, and the next one: what varied once or twice is not a feed that stands still."""
    constant = {"minutes": np.full(ROWS, 60.0)}
    drawn = [(f"2013-W0{number}", month(number)) for number in range(1, 5)]
    for place, is_missed in ((1, False), (2, False), (3, True)):
        weeks = {week: columns | constant if at == place else columns for at, (week, columns) in enumerate(drawn)}
        assert any("constant" in found for found in noted(weeks).values()) == is_missed
