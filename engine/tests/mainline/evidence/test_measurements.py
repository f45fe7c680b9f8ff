"""The figures that documents list, from records as strangers may write them."""

from types import SimpleNamespace
from typing import Any

import pytest

from mainline.evidence import measurements

ROWS = [
    {"slice": "dest", "value": "ORD", "thin": "false", "metric": "12.5"},
    {"slice": "dest", "value": "LAX", "thin": "false", "metric": "9"},
    {"slice": "dest", "value": "SFO", "thin": "true", "metric": "2"},
]


def said(rows: list[dict[str, str]], fairness: Any) -> list[str]:
    """Return what the rules of a version say."""
    facts: Any = SimpleNamespace(policy={"fairness": fairness}, slices=rows, primary="mae")
    return [rule.said for rule in measurements.rules(facts)]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (ROWS, "mae 12.5 of ORD against mae 9 of LAX"),
        (ROWS[1:], "mae 9 of LAX, and no other segment has enough rows"),
        (ROWS[2:], "no segment has enough rows"),
    ],
)  # fmt: skip
def test_a_rule_names_the_worst_and_the_best_segment(rows: list[dict[str, str]], expected: str) -> None:
    """A segment is not set against itself, and thin ones do not count."""
    assert said(rows, [{"slice": "dest", "max_ratio": 1.5}]) == [expected]


@pytest.mark.parametrize("fairness", [7, True, "dest", {"slice": "dest"}, [7]])
def test_what_is_not_a_rule_is_left_out(fairness: Any) -> None:
    """The parameters may be a stranger's, and hold anything."""
    assert said(ROWS, fairness) == []
