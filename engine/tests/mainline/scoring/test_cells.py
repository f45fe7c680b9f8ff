"""Cells of files as the values of a request."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from mainline.contract import Field, Kind
from mainline.scoring import cells


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        ("number", " ", None), ("integer", "NA", None), ("time", "", None), ("number", float("nan"), None),
        ("string", " ", " "), ("string", "NA", "NA"), ("string", "", None), ("string", 7, "7"),
        ("string", True, "True"),
        ("number", "1.50", 1.5), ("integer", " 7", 7), ("integer", "7.0", 7.0), ("number", Decimal("1.5"), 1.5),
        ("integer", True, 1), ("integer", "False", 0), ("number", "true", 1), ("number", "yes", "yes"),
        ("time", datetime(2024, 6, 1, tzinfo=UTC), "2024-06-01T00:00:00+00:00"), ("time", "soon", "soon"),
    ],
)  # fmt: skip
def test_cell_is_the_value_that_json_would_have_given(kind: Kind, cell: Any, value: Any) -> None:
    """A blank is absent but in text, a flag is 0 or 1 in a number, and what cannot be read is left to be refused."""
    (found,) = cells.request({"x": cell, "other": 1}, [Field("x", kind, "X", "")]).values()
    assert (found, type(found)) == (value, type(value))
