"""What a person does next about the gate's findings: what made it worse, how it becomes known, who may accept it."""

import math
from dataclasses import dataclass

from mainline.gate import decisions
from mainline.gate.findings import Findings
from mainline.gate.scores import Comparison
from mainline.text import few, plural

MANY = 100
"""So many times the data that is there is nothing to wait for."""
NAMED = 4
"""Changes that are named."""


@dataclass(frozen=True)
class Step:
    """A sentence, which may quote names from data, and what to type; '' if nothing."""

    text: str
    command: str = ""


def of(findings: Findings) -> list[Step]:
    """Return what to do next, in the order in which it is done."""
    if findings.verdict in ("pass", "warn"):
        return [*_look(findings), Step("It may be merged: once it is on main, the workflow releases it, or you do:",
                                       "./mainline promote")]  # fmt: skip
    steps = [*_blame(findings), *_wait(findings)]
    accept = decisions.next_step(findings.checks)
    return [*steps, Step(*_split(accept))] if accept else steps


def needed(comparison: Comparison) -> float | None:
    """Return how many days (or groups of rows) would tell, if the difference stays what it looks like; None if unknown.

    The standard error of a mean of independent clusters falls with the root of their number (Cameron and Miller 2015,
    section II), so with n' in place of n days each half of the interval is sqrt(n / n') as wide. It tells as soon as it
    ends within the margin (no worse), or begins above zero while the difference is beyond nothing (worse). Student's
    quantile, which also falls with n, is left as it is: the number is rather too large than too small.
    """
    found, low, high = comparison.difference, comparison.low, comparison.high
    if comparison.conclusion != "cannot tell" or found is None or low is None or high is None:
        return None
    ways = [(high - found) / (comparison.margin - found)] if found < comparison.margin else []
    ways += [(found - low) / found] if found > 0 else []
    return comparison.days * min(way * way for way in ways) if ways else None


def _look(findings: Findings) -> list[Step]:
    warned = [check.name for check in findings.checks if check.verdict == "warn"]
    if not warned:
        return []
    return [Step(f"Look at {few(warned, NAMED)}: a warning needs a look, and nobody's acceptance.")]


def _blame(findings: Findings) -> list[Step]:
    """Say which change made it worse: the only one, or how the one of several is found."""
    troubled = [c for c in findings.checks if c.verdict in ("fail", "cannot tell") and c.group in ("quality", "slices")]
    if not troubled or findings.first_release or findings.production is None:
        return []
    changed = _changes(findings)
    if not changed:
        return [Step("Nothing that is declared differs from production, so no change of this candidate explains it.")]
    if len(changed) == 1:
        return [Step(f"Only one thing differs from production, {changed[0]}: whatever the difference is, it made it.")]
    differ = f"{len(changed)} things differ from production: {few(changed, NAMED)}."
    return [Step(f"{differ} Take them back one at a time, and compare:", "./mainline try")]


def _changes(findings: Findings) -> list[str]:
    parameters = [f"{c.key} {c.before or 'not set'} to {c.after or 'not set'}"[:120] for c in findings.parameters]
    added = [f"the feature {name}" for name in findings.features_added]
    removed = [f"no feature {name}" for name in findings.features_removed]
    trained = [f"{c.key} {c.before} to {c.after}"[:120] for c in findings.data if not c.key.startswith("test")]
    return [*parameters, *added, *removed, *findings.code, *trained]


def _wait(findings: Findings) -> list[Step]:
    """Say how much data is missing until the comparison tells."""
    compared, enough = findings.comparison, needed(findings.comparison)
    if enough is None:
        return []
    more = math.ceil(enough) - compared.days if enough <= MANY * compared.days else 0  # also of what no number can hold
    if more <= 0:
        few = f"More than {MANY} times the {compared.days} {plural(compared.cluster)} of test rows would be needed: "
        return [Step(f"{few}data will not decide it. A larger gate.margin, or a person, can.")]
    rows = compared.rows / compared.days * more
    shown = f"{round(rows, -2 if rows >= 1000 else -1):,.0f}"
    is_timed = compared.cluster == "day"  # without time the rows make so many groups and no more, however many they are
    missing = f"{more:,} more days of test rows ({shown} rows)" if is_timed else f"{shown} more test rows"
    said = (
        f"If the difference stays what it looks like, about {missing} tell: the interval narrows with the root of "
        f"their number. Widen split.test, or {'wait' if is_timed else 'add rows to the data'}."
    )
    return [Step(said)]


def _split(said: str) -> tuple[str, str]:
    """Take the command out of a sentence that quotes one."""
    before, _, after = said.partition("`")
    command, _, rest = after.partition("`")
    rest = rest.rstrip(".")
    if not command.startswith("./mainline accept"):
        return said, ""
    return f"{before.rstrip(': ')} (it then counts once a reviewer has merged accepted.yaml{rest}):", command
