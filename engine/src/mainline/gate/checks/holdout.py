"""Do the test rows tell anything: are there enough, and how often were they looked at?"""

import numpy as np

from mainline.declared.gate import Policy
from mainline.gate.checks.outcome import Outcome
from mainline.gate.evidence import Evidence
from mainline.gate.statistics import Difference, quantile
from mainline.text import count, plural

MOST = 1000
"""Looks that are searched for the one at which a holdout is used up."""


def check_holdout(evidence: Evidence, policy: Policy) -> Outcome:
    """Are there enough rows, and days if the data has time, for a conclusion?"""
    holdout, wanted = evidence.holdout, policy.holdout
    rows, clusters = len(holdout.label), holdout.clusters
    days = wanted.min_days if holdout.timed else None
    observed = f"{rows:,} rows, {clusters} {plural(holdout.kind)}"
    limit = f"at least {wanted.min_rows:,} rows{'' if days is None else f', {days} days'}"
    short = ((wanted.min_rows - rows, "row"), ((days or 0) - clusters, "day"))
    missing = [count(number, noun) for number, noun in short if number > 0]
    if missing:
        reason = f"Too little to conclude from: {' and '.join(missing)} more are needed; widen split.test, or wait."
        return Outcome("cannot tell", observed, limit, reason)
    unasked = " min_days does not apply: the data has no time." if wanted.min_days and not holdout.timed else ""
    return Outcome("pass", observed, limit, f"Enough for a conclusion.{unasked}")


def check_looks(evidence: Evidence, policy: Policy) -> Outcome:
    """Can these test rows still show that a candidate as good as production is no worse?"""
    observed = f"{count(evidence.look, 'candidate')} on these test periods"
    if evidence.first_release or evidence.other is None:
        return Outcome("pass", observed, "none", "There is no interval against production to widen.")
    found = evidence.difference(evidence.other, policy.confidence)
    if not np.isfinite(found.high):
        return Outcome("cannot tell", observed, "not computed", "There is no interval against production.")
    most = last_look(found, evidence.widening, policy)
    if most is None:
        return Outcome("pass", observed, "none", "The two models predict the same.")
    shown = f"differences under {found.high - found.estimate:.1%} may be chance"
    if most == 0:
        reason = f"Even at the first look {shown}, which is more than gate.margin; more test periods tell more."
        return Outcome("pass", observed, "not even the first", reason)
    limit = f"up to {most:,}"
    if evidence.look <= most:
        widened = "The interval is widened for it: " if evidence.widening > 1 else ""
        return Outcome("pass", observed, limit, f"{widened or 'By the interval of one look, '}{shown}.")
    reason = (
        f"{shown[0].upper()}{shown[1:]}: whoever tries so often on the same rows finds what looks better. Move the "
        "window to newer periods (`./mainline window`), or choose on validation rows (`./mainline tune`)."
    )
    return Outcome("warn", observed, limit, reason)


def last_look(found: Difference, looks: int, policy: Policy) -> int | None:
    """Return the last look at which a candidate without any difference is shown to be no worse; None if none is last.

    Args:
        found: the difference with its interval.
        looks: for how many looks the interval is.
        policy: the confidence of the interval, and how much worse still counts as no worse.
    """
    reach, tail = found.high - found.estimate, (1 - policy.confidence) / 2
    if not reach > 0:
        return None
    one = reach / quantile(looks, found.days - 1, tail)
    numbers = range(1, MOST + 1)
    return next(
        (number - 1 for number in numbers if one * quantile(number, found.days - 1, tail) > policy.margin), MOST
    )
