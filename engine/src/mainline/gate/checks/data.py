"""Is the data what production was trained on, and mostly possible?"""

from mainline.declared.gate import Policy
from mainline.gate.checks.outcome import Outcome, at_most
from mainline.gate.evidence import Evidence


def check_skew(evidence: Evidence, policy: Policy) -> Outcome:
    """Did features move away from what production was trained on?"""
    limit = f"{policy.skew.limit:g}"
    if evidence.first_release:
        return Outcome("pass", "first release", limit, "There is nothing to compare with.")
    if evidence.skew is None:
        gone = "No period that production was trained on is in the window; data.from can be moved back to one."
        uncounted = "Production's package does not count its training rows by feature: its data had time."
        why = evidence.obstacle or (gone if evidence.holdout.timed else uncounted)
        return Outcome("cannot tell", "not comparable", limit, why)
    moved = {n: i for n, i in evidence.skew.items() if not i <= policy.skew.limit and n not in policy.skew.ignore}
    observed = ", ".join(f"{name} {index:.2f}" for name, index in sorted(moved.items(), key=lambda item: -item[1])[:5])
    reason = f"Holdout against the training rows of {evidence.name_of_other} (stability index)."
    return Outcome("warn" if moved else "pass", observed or "none", limit, reason)


def check_quarantine(evidence: Evidence, policy: Policy) -> Outcome:
    """Were few rows impossible?"""
    (wrong, rows), limit = evidence.quarantined, f"{policy.quarantined_share:.2%}"
    if not rows:
        return Outcome("cannot tell", "no rows counted", limit, "metrics/data.json has no rows.")
    reason = f"{wrong:,} of {rows:,} rows are in quarantine."
    return Outcome(at_most(wrong / rows, policy.quarantined_share), f"{wrong / rows:.3%}", limit, reason)
