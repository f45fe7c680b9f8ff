"""A file that is predicted, held to what the model was fitted on, by the checks of support that a day is held to."""

from collections.abc import Sequence

from mainline.declared.monitoring import Monitoring
from mainline.gate.findings import Check
from mainline.limits.experience import Seen
from mainline.limits.sketches import Sketch
from mainline.monitoring import support
from mainline.monitoring.support import Rows


def hold(name: str, sketch: Sketch | None, before: Seen, policy: Monitoring) -> list[Check]:
    """Run the checks of support on a file, as if it was a day; none if it has fewer rows than a day needs.

    Args:
        name: what the findings call the file.
        sketch: its rows that are predicted; None if there are none.
        before: what the model was fitted on.
        policy: the limits, and which checks are alarms.
    """
    if sketch is None or sketch.rows < policy.support.min_rows:
        return []
    return support.run(Rows({name: sketch}, before, policy.support, unit="file"), policy.severity)


def headline(name: str, checks: Sequence[Check]) -> str:
    """Say in one sentence what a file is made of, an alarm first."""
    found = sorted((check for check in checks if check.verdict != "pass"), key=lambda check: check.verdict != "fail")
    if not found:
        return f"{name} is made of what the model was fitted on."
    first, *others = found
    more = f" ({len(others)} more)" if others else ""
    return f"{name} is unlike training, {first.name}{more}: {first.observed}; the limit is {first.limit}."


def is_refused(checks: Sequence[Check], policy: Monitoring) -> bool:
    """Say whether a check failed that is declared as an alarm, and files are to be refused for it."""
    return policy.batch == "refuse" and any(check.verdict == "fail" for check in checks)
