"""The figures of a version as several documents list them: whole, baseline and segments, with their intervals."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mainline.evidence.facts import Facts
from mainline.model.metrics import is_better_if_higher
from mainline.periods import told


@dataclass(frozen=True)
class Figure:
    """One metric on some rows; `low` and `high` are None where it has no interval."""

    metric: str
    value: float
    rows: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Rule:
    """A rule of fairness that the gate held the version to, with the figures of the slice."""

    slice: str
    said: str
    limit: str


def figures(facts: Facts) -> Iterator[Figure]:
    """Yield each metric of the test rows, the primary one with its interval, the baseline's, and every segment's."""
    test, baseline = (facts.lineage.metrics.get(name, {}) for name in ("test", "baseline"))
    rows = f"test: {told(facts.manifest['window']['test'])}"
    for name, value in whole(facts).items():
        bounds = (_number(test.get("low")), _number(test.get("high"))) if name == facts.primary else (None, None)
        yield Figure(name, value, rows, *bounds)
    constant = baseline.get(facts.primary)
    if constant is not None:
        yield Figure(f"{facts.primary} of the baseline", constant, rows)
    for row in facts.slices:
        if (found := _number(row.get("metric"))) is not None:
            thin = " (thin)" if row.get("thin") == "true" else ""
            yield Figure(facts.primary, found, f"{row['slice']}={row['value']}{thin}", *_bounds(row))


def whole(facts: Facts) -> dict[str, float]:
    """Return the metrics of all test rows: those that the baseline has as well."""
    test, baseline = (facts.lineage.metrics.get(name, {}) for name in ("test", "baseline"))
    return {
        name: value for name in baseline if name != "rows" and (value := test.get(name)) is not None
    }  # fmt: skip


def rules(facts: Facts) -> Iterator[Rule]:
    """Yield each rule of `gate.fairness`, with the worst and the best of its segments that are not thin."""
    declared = facts.policy.get("fairness")
    for rule in (rule for rule in (declared if isinstance(declared, list) else ()) if isinstance(rule, Mapping)):
        column = str(rule.get("slice"))
        segments = (row for row in facts.slices if row["slice"] == column and row.get("thin") == "false")
        found = {row["value"]: value for row in segments if (value := _number(row.get("metric"))) is not None}
        yield Rule(column, _told(facts.primary, found), f"the gate allows a ratio of {rule.get('max_ratio')}")


def _told(metric: str, found: Mapping[str, float]) -> str:
    """Set the worst segment against the best one, if there are two."""
    ordered = sorted(found, key=lambda name: found[name], reverse=is_better_if_higher(metric))
    figures = [f"{metric} {found[name]:.4g} of {name}" for name in reversed(ordered)]
    if len(figures) < 2:
        return f"{figures[0]}, and no other segment has enough rows" if figures else "no segment has enough rows"
    return f"{figures[0]} against {figures[-1]}"


def _bounds(row: Mapping[str, Any]) -> tuple[float | None, float | None]:
    return _number(row.get("low")), _number(row.get("high"))


def _number(value: Any) -> float | None:
    """Return a number that is one; None for what is empty, text, or not finite."""
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None
