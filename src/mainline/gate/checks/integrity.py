"""Is there a candidate at all: made from what is declared, with numbers, on enough rows?"""

import numpy as np

from mainline.gate.checks.outcome import Outcome
from mainline.gate.evidence import Evidence
from mainline.gate.policy import Policy


def check_lock(evidence: Evidence, _: Policy) -> Outcome:
    """Does dvc.lock name the code, parameters and data that this candidate was made from?"""
    limit = "nothing changed since"
    if evidence.lock:
        return Outcome("fail", evidence.lock, limit, "Run `make repro` and commit dvc.lock.")
    return Outcome("pass", "true", limit, "The candidate is what dvc.lock names.")


def check_finite(evidence: Evidence, _: Policy) -> Outcome:
    """Is every prediction a number?"""
    wrong = int((~np.isfinite(evidence.predicted)).sum())
    observed = f"{wrong} of {len(evidence.predicted):,}"
    return Outcome("fail" if wrong else "pass", observed, "0", "Predictions that are NaN or infinite.")


def check_holdout(evidence: Evidence, policy: Policy) -> Outcome:
    """Are there enough rows and days for a conclusion?"""
    rows, days = len(evidence.holdout.label), evidence.holdout.days
    enough = rows >= policy.holdout.min_rows and days >= policy.holdout.min_days
    observed = f"{rows:,} rows, {days} days"
    limit = f"at least {policy.holdout.min_rows:,} rows, {policy.holdout.min_days} days"
    if not enough:
        return Outcome("cannot tell", observed, limit, "Too little to conclude from; widen split.test_months.")
    return Outcome("pass", observed, limit, "Enough for a conclusion.")
