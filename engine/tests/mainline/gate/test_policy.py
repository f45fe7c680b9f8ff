"""The gate's policy: what may be declared."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from mainline.declared.gate import load
from mainline.errors import ParamsError
from tests.project import FLIGHTS


@pytest.fixture
def shipped() -> dict[str, Any]:
    """The section as it ships."""
    return yaml.safe_load(Path(FLIGHTS / "params.yaml").read_text())["gate"]


def test_the_shipped_policy_is_on(shipped: dict[str, Any]) -> None:
    """The template ships with its gate switched on: a margin, a baseline and a drop are declared."""
    policy = load(shipped)
    assert policy.margin <= 0.02
    assert policy.baseline_ratio < 1
    assert policy.sudden_drop < 0.1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"margn": 0.1}, r"gate.margn: is not a known key; did you mean 'margin'\?"),
        ({"margin": "1 %"}, r"gate.margin: is '1 %' \(str\)"),
        ({"margin": float("nan")}, r"gate\.margin: is nan"),
        ({"holdout": {"min_row": 5, "min_days": 2}}, r"gate.holdout.min_row: .* did you mean 'min_rows'\?"),
        ({"fairness": [{"slice": "carrier", "max_ration": 2.0}]}, r"gate.fairness.0.max_ration: .* 'max_ratio'\?"),
        ({"breaking_schema": "ignore"}, "gate.breaking_schema: is 'ignore'"),
    ],
)
def test_a_policy_that_says_nothing_known_is_refused(
    shipped: dict[str, Any], change: dict[str, Any], message: str
) -> None:
    """Unknown keys and impossible limits are one error that names the nearest known key or what is allowed."""
    with pytest.raises(ParamsError, match=message):
        load(shipped | change)


def test_a_missing_limit_is_refused(shipped: dict[str, Any]) -> None:
    """A limit cannot be switched off by leaving it out."""
    del shipped["margin"]
    with pytest.raises(ParamsError, match=r"gate\.margin: is missing"):
        load(shipped)
