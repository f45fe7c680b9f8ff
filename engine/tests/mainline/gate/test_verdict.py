"""The verdict of all checks together."""

import pytest

from mainline.documents import Verdict
from mainline.gate import verdict
from mainline.gate.findings import Check


@pytest.mark.parametrize(
    ("verdicts", "whole"),
    [
        (["pass", "pass"], "pass"),
        (["pass", "warn"], "warn"),
        (["warn", "cannot tell"], "cannot tell"),
        (["cannot tell", "fail", "warn"], "fail"),
        ([], "cannot tell"),
    ],
)
def test_the_whole_is_as_good_as_its_worst_check(verdicts: list[Verdict], whole: Verdict) -> None:
    """Failure outweighs ignorance, ignorance a warning, and only passes make a pass."""
    found = [Check(name="x", group="data", verdict=v, observed="", limit="", reason="") for v in verdicts]
    assert verdict.overall(found) == whole
