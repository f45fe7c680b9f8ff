"""Is the candidate as good as production, as the last versions, and good at all?"""

import numpy as np

from mainline import digits
from mainline.declared.gate import Policy
from mainline.documents import Verdict
from mainline.gate.checks.outcome import Outcome, at_most, divide
from mainline.gate.evidence import Covered, Evidence, Segment
from mainline.gate.statistics import Conclusion, conclude, mean_interval
from mainline.model import baselines
from mainline.text import plural

_VERDICTS: dict[Conclusion, Verdict] = {
    "better": "pass",
    "no worse": "pass",
    "worse": "fail",
    "cannot tell": "cannot tell",
}


def check_production(evidence: Evidence, policy: Policy) -> Outcome:
    """Is the candidate no worse than production (or the baseline), as far as the data can tell?"""
    limit = f"up to {policy.margin:.1%} worse"
    if evidence.other is None:
        return Outcome("cannot tell", "not comparable", limit, evidence.obstacle)
    found = evidence.difference(evidence.other, policy.confidence)
    if not np.isfinite([found.estimate, found.low, found.high]).all():
        return Outcome("cannot tell", "not computed", limit, _too_few(evidence))
    conclusion = conclude(found, policy.margin)
    observed = f"{found.estimate:+.1%} ({found.low:+.1%} to {found.high:+.1%})"
    reason = f"{evidence.primary} against {evidence.name_of_other}: {conclusion}.{evidence.flattered}"
    return Outcome(_VERDICTS[conclusion], observed, limit, reason)


def _too_few(evidence: Evidence) -> str:
    return f"The metric is not a number, or there are too few {plural(evidence.holdout.kind)}."


def check_sudden_drop(evidence: Evidence, policy: Policy) -> Outcome:
    """Is the observed loss of quality against production small?"""
    limit = f"{policy.sudden_drop:.1%}"
    change = _change(evidence, policy, limit)
    if isinstance(change, Outcome):
        return change
    reason = f"{evidence.primary} against {evidence.name_of_other}, whatever the interval."
    return Outcome(at_most(change, policy.sudden_drop), f"{change:+.1%}", limit, reason)


def check_slow_decay(evidence: Evidence, policy: Policy) -> Outcome:
    """Is the candidate near the best of the last versions, on the same rows?"""
    limit = f"{policy.slow_decay.limit:.1%}"
    if evidence.unavailable:
        name = evidence.unavailable[0]
        lacking = f"Not to be had, or not to be run: {', '.join(evidence.unavailable)}."
        ways = f"`./mainline rebuild {name}` makes it again"
        if evidence.unfetched is None or evidence.unfetched.name != name:  # what is in production cannot be archived
            ways += f"; `./mainline archive {name}` leaves it out of this check"
        return Outcome("cannot tell", "incomplete", limit, f"{lacking} {ways}.")
    if not evidence.older:
        return Outcome("pass", "no older version", limit, "There is nothing to decay from.")
    scores = {
        name: evidence.lack(predicted, scorer=evidence.older_scorers.get(name))
        for name, predicted in evidence.older.items()
    }
    best = min(scores, key=lambda name: scores[name])
    change = divide(evidence.lack(evidence.predicted), scores[best]) - 1
    reason = f"{evidence.primary} against {best}, the best of {len(scores)}."
    return Outcome(at_most(change, policy.slow_decay.limit), f"{change:+.1%}", limit, reason)


def check_baseline(evidence: Evidence, policy: Policy) -> Outcome:
    """Is the model worth having beside the simplest one?"""
    ratio = divide(evidence.lack(evidence.predicted), evidence.lack(evidence.baseline))
    which = ", of the use case's own rule" if evidence.rule == baselines.RULE else ""
    reason = f"{evidence.primary} over the baseline's{which}."
    return Outcome(at_most(ratio, policy.baseline_ratio), f"{ratio:.3f}", f"{policy.baseline_ratio:g}", reason)


def check_threshold(evidence: Evidence, policy: Policy) -> Outcome:
    """Does the model meet the declared business threshold?"""
    value, metric = evidence.metric(evidence.predicted), evidence.scorer.primary
    if policy.threshold is None:
        said = f"gate.threshold bounds {metric.name} where it is set."
        return Outcome("pass", digits.four(value), "none declared", said)
    verdict = at_most(metric.lack(value), metric.lack(policy.threshold))
    limit = f"{'at least ' if metric.direction == 'higher' else ''}{policy.threshold:g}"
    return Outcome(verdict, digits.four(value), limit, f"{metric.name} on the holdout.")


def check_suspicion(evidence: Evidence, policy: Policy) -> Outcome:
    """Is an improvement too good to be taken without a look?"""
    limit = f"{policy.suspicious_gain:.0%}"
    change = _change(evidence, policy, limit)
    if isinstance(change, Outcome):
        return change
    gain = 0.0 - change  # which is never -0.0
    if not np.isfinite(gain):
        return Outcome("cannot tell", "not computed", limit, "The metric is not a number.")
    if gain > policy.suspicious_gain:
        return Outcome("warn", f"{gain:+.1%}", limit, "Leaks look like miracles: have a person read the change.")
    return Outcome("pass", f"{gain:+.1%}", limit, "Plausible.")


def check_bias(evidence: Evidence, policy: Policy) -> Outcome:
    """Are predictions right on average?"""
    bias = evidence.bias(evidence.predicted)
    verdict = at_most(abs(bias), policy.max_bias)
    return Outcome(verdict, f"{bias:+.3g}", f"{policy.max_bias:g}", "Mean of prediction minus truth.")


def check_refit(evidence: Evidence, policy: Policy) -> Outcome:
    """Did the served model learn the holdout, on which it was fitted as well?

    That measures no quality, for which there is no row left. A fit that went wrong shows.
    """
    served = evidence.predicted_served
    if served is None or not np.isfinite(served).all():
        return Outcome("fail", "not every prediction is a number", "numbers", "The served model cannot be released.")
    ours, measured = evidence.lack(served), evidence.lack(evidence.predicted)
    change = 0.0 if ours == measured else ours / max(measured, 1e-12) - 1
    rows = evidence.candidate.manifest["refit"]["rows"]
    reason = (
        f"The served model was fitted again on all {rows:,} rows, these among them, so nothing measured it: every "
        "other figure here is of the measured model, fitted on the training rows alone. The canary is its test."
    )
    limit = f"up to {policy.margin:+.1%} against the measured model"
    return Outcome(at_most(change, policy.margin), f"{change:+.1%} on rows that it was fitted on", limit, reason)


def check_coverage(evidence: Evidence, policy: Policy) -> Outcome:
    """Does the interval around a prediction hold what it promises?"""
    covered = _covered(evidence)
    share = covered.share(np.ones(len(covered.inside), bool))
    least = f"{covered.level - policy.coverage:.1%}"
    parts = _coverage_by_segment(evidence)
    worst = min(parts, key=lambda name: parts[name], default="")
    reason = f"The interval of {covered.level * 100:g}% on the holdout" + (
        f"; {parts[worst]:.1%} in {worst}." if worst else "."
    )
    return Outcome(at_most(covered.level - share, policy.coverage), f"{share:.1%}", least, reason)


def check_coverage_by_slice(evidence: Evidence, policy: Policy) -> Outcome:
    """Does the interval hold about as much in each segment with enough rows?

    One that holds its level over all rows need not hold it in each segment, so that a limit is declared or there is
    none. A segment fails if its share is surely below; intervals are widened until all hold at once (Bonferroni).
    """
    covered, parts = _covered(evidence), _coverage_by_segment(evidence)
    if not parts:
        return Outcome("pass", "no segment with enough rows", "", "Thin segments are reported, not gated.")
    worst = min(parts, key=lambda name: parts[name])
    observed, allowed = f"{worst}: {parts[worst]:.1%}", policy.coverage_by_slice
    if allowed is None:
        return Outcome("pass", observed, "none declared", "gate.coverage_by_slice bounds it where it is set.")
    least, confidence = covered.level - allowed, 1 - (1 - policy.confidence) / len(parts)
    highs = {part.name: _highest_coverage(evidence, covered, part, confidence) for part in evidence.sound_segments}
    limit = f"not surely below {least:.1%}"
    if not np.isfinite(list(highs.values())).all():
        return Outcome("cannot tell", "not computed", limit, _too_few(evidence))
    low = [name for name, high in highs.items() if high < least]
    reason = f"The interval of {covered.level * 100:g}% in {len(parts)} segments" + (
        f"; too narrow in {', '.join(low[:5])}." if low else "."
    )
    return Outcome("fail" if low else "pass", observed, limit, reason)


def _covered(evidence: Evidence) -> Covered:
    assert evidence.covered is not None  # the check is asked of a candidate with an interval alone
    return evidence.covered


def _coverage_by_segment(evidence: Evidence) -> dict[str, float]:
    return {part.name: _covered(evidence).share(part.rows) for part in evidence.sound_segments}


def _highest_coverage(evidence: Evidence, covered: Covered, part: Segment, confidence: float) -> float:
    """Return the upper end of the interval of the share of a segment that is covered."""
    holdout, inside = evidence.holdout, covered.inside[part.rows].astype(float)
    _, _, high = mean_interval(inside, holdout.cluster[part.rows], confidence, holdout.weight_of(part.rows))
    return high


def _change(evidence: Evidence, policy: Policy, limit: str) -> float | Outcome:
    """Return the relative change of the primary metric, or the answer where there is no production to compare with."""
    if evidence.first_release:
        return Outcome("pass", "first release", limit, "There is nothing to compare with.")
    if evidence.other is None:
        return Outcome("cannot tell", "not comparable", limit, evidence.obstacle)
    return evidence.difference(evidence.other, policy.confidence).estimate
