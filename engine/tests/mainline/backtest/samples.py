"""A made-up history of months: what gate and monitoring say of each version is written down, and nothing runs."""

from datetime import date, timedelta
from typing import Any, cast

import numpy as np

from mainline import periods
from mainline.backtest.parts import Part
from mainline.backtest.timetable import Plan
from mainline.backtest.work import Work
from mainline.declared import environments, gate, params, reading
from tests.project import FLIGHTS

LIVED = ("2013-05", "2013-06", "2013-07", "2013-08")
PASSED = {"verdict": "pass", "reasons": [], "estimate": -0.02, "low": -0.03, "high": -0.01, "rows": 9, "days": 30}
REFUSED = {**PASSED, "verdict": "fail", "estimate": 0.2, "low": 0.1, "high": 0.3}

_EPISODE = (
    "each period", "2013-03", "2013-04-22", "2013-04-24", "bias by segment, skill",
    "rmse 0.962 of the baseline's, at the test 0.834", "false", "-", "nothing newer",
)  # fmt: skip
WIDE = Part(
    "Did the alarms help?", ("Some did.",),
    ((("life", "version", "known", "until", "checks", "observed", "so it was", "delay, days", "a newer model"),
      (_EPISODE, _EPISODE)),),
)  # fmt: skip
"""The widest table of a history."""


class Scripted:
    """Work whose verdicts are given: candidates that the gate refuses, and days on which checks fail by version."""

    def __init__(
        self, refused: tuple[str, ...] = (), failing: dict[tuple[str, str], dict[str, str]] | None = None
    ) -> None:
        """Take the refused candidates, and what failed by version and day, such as {"quality": "bias"}.

        With "reach" among what failed no limit was earned.
        """
        raw, declared = reading.read(FLIGHTS / "params.yaml"), params.load(FLIGHTS / "params.yaml")
        whole = declared.model_copy(update={"data": declared.data.model_copy(update={"through": LIVED[-1]})})
        production = environments.load(FLIGHTS / "deploy/production.yaml")
        self.plan = Plan(raw, whole, gate.load(declared.gate), "production", production, LIVED)
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        self._refused, self._failing = refused, failing or {}

    def judged(self, through: str, released: list[str]) -> dict[str, Any]:
        """Return what is written down of a candidate."""
        self.asked.append((through, tuple(released)))
        return dict(REFUSED if through in self._refused else PASSED)

    def watched(self, through: str, period: str) -> list[dict[str, Any]]:
        """Return the days of a period."""
        first, after = periods.span(period)
        days = [first + timedelta(number) for number in range((after - first).days)]
        return [self._day(through, day) for day in days]

    def _day(self, through: str, day: date) -> dict[str, Any]:
        failed = self._failing.get((through, day.isoformat()), {})
        kinds = {kind: {failed[kind]: "observed"} if kind in failed else {} for kind in ("support", "quality", "drift")}
        number = int(np.datetime64(day, "D").astype(int))
        reach = 1.2 if "quality" in failed else 0.1
        return {"day": number, **kinds, "reach": 0.0 if "reach" in failed else reach}


def work(*refused: str, failing: dict[tuple[str, str], dict[str, str]] | None = None) -> Work:
    """Return it as the work that policies ask."""
    return cast("Work", Scripted(refused, failing))
