"""Was production fitted on rows that the candidate is tested on? They would flatter it."""

from collections.abc import Mapping
from typing import Any

Manifest = Mapping[str, Any]

_DIGITS = 9


def describe(production: Manifest, candidate: Manifest) -> str:
    """Say which of the candidate's test rows production was fitted on, and what to do; '' if it was on none.

    Data without time is split by a hash, so it follows from the declared shares and columns which rows they share.
    """
    old, new = production.get("snapshot"), candidate.get("snapshot")
    if old is None and new is None:
        return _of_periods(production["window"]["train"], candidate["window"]["test"])
    if old is None or new is None:
        other = "by time" if old is None else "by a hash"
        return f" Production's data was split {other}, so it may have been fitted on the test rows, which flatters it."
    share = _fitted_on(old, new)
    if not share:
        return ""
    how = f"{', '.join(old['by'])} with shares of {old['validation']:g} and {old['test']:g}"
    return (
        f" Production's data was split by {how}, so it was fitted on about {share:.0%} of the test rows if they are of "
        "the same data, which flatters it: split as production was, or take a new snapshot."
    )


def _of_periods(train: list[str], test: list[str]) -> str:
    both = [period for period in test if period in train]
    return f" Production was fitted on {', '.join(both)}, which flatters it: move data.through on." if both else ""


def _fitted_on(old: Manifest, new: Manifest) -> float:
    """Return the share of the candidate's test rows that have production's fitting side."""
    kept = round(old["validation"] + old["test"], _DIGITS)  # else 0.1 and 0.7 are less than 0.8
    return 1 - kept if old["by"] != new["by"] else max(0.0, 1 - kept / new["test"])
