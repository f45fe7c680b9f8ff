"""The questions that the policy asks of a candidate. A check that could not be computed never passes."""

from collections.abc import Callable, Iterator

import numpy as np

from mainline.contract import Array
from mainline.gate.evidence import Evidence
from mainline.gate.findings import Check, Group, Verdict
from mainline.gate.holdout import breaking_changes
from mainline.gate.policy import Policy
from mainline.gate.statistics import conclude
from mainline.model.metrics import PRIMARY

Outcome = tuple[Verdict, str, str, str]
"""Verdict, observed, limit, reason."""


def run(evidence: Evidence, policy: Policy) -> list[Check]:
    """Run every check, in the order in which a person wants to read them."""
    table: list[tuple[str, Group, Callable[[Evidence, Policy], Outcome]]] = [
        ("lock", "integrity", check_lock),
        ("finite predictions", "integrity", check_finite),
        ("holdout", "integrity", check_holdout),
        ("against production", "quality", check_production),
        ("sudden drop", "quality", check_sudden_drop),
        ("slow decay", "quality", check_slow_decay),
        ("against the baseline", "quality", check_baseline),
        ("threshold", "quality", check_threshold),
        ("suspicious gain", "quality", check_suspicion),
        ("bias", "quality", check_bias),
        ("slices against the whole", "slices", check_slices_to_whole),
        ("slices against production", "slices", check_slices_to_production),
        ("predict time", "budgets", lambda e, p: check_budget(e, p, "predict_time")),
        ("package size", "budgets", lambda e, p: check_budget(e, p, "package_size")),
        ("memory", "budgets", lambda e, p: check_budget(e, p, "memory")),
        ("skew", "data", check_skew),
        ("quarantine", "data", check_quarantine),
        ("schema", "compatibility", check_schema),
    ]
    outcomes = [(name, group, check(evidence, policy)) for name, group, check in table]
    outcomes += [(f"fairness by {rule.slice}", "slices", check_fairness(evidence, policy, n))
                 for n, rule in enumerate(policy.fairness)]  # fmt: skip
    return [
        Check(name=name, group=group, verdict=verdict, observed=observed, limit=limit, reason=reason)
        for name, group, (verdict, observed, limit, reason) in outcomes
    ]


def overall(checks: list[Check]) -> Verdict:
    """Join verdicts: one failure fails, one unknown leaves it unknown, one warning asks for a person."""
    found = {check.verdict for check in checks}
    order: tuple[Verdict, ...] = ("fail", "cannot tell", "warn")
    return next((verdict for verdict in order if verdict in found), "pass")


def check_lock(evidence: Evidence, _: Policy) -> Outcome:
    """Does dvc.lock name the code, parameters and data that this candidate was made from?"""
    if evidence.lock:
        return "fail", evidence.lock, "nothing changed since", "Run `make repro` and commit dvc.lock."
    return "pass", "true", "nothing changed since", "The candidate is what dvc.lock names."


def check_finite(evidence: Evidence, _: Policy) -> Outcome:
    """Is every prediction a number?"""
    wrong = int((~np.isfinite(evidence.predicted)).sum())
    observed = f"{wrong} of {len(evidence.predicted):,}"
    return ("fail" if wrong else "pass"), observed, "0", "Predictions that are NaN or infinite."


def check_holdout(evidence: Evidence, policy: Policy) -> Outcome:
    """Are there enough rows and days for a conclusion?"""
    rows, days = len(evidence.holdout.label), evidence.holdout.days
    enough = rows >= policy.holdout.min_rows and days >= policy.holdout.min_days
    limit = f"at least {policy.holdout.min_rows:,} rows, {policy.holdout.min_days} days"
    reason = "Enough for a conclusion." if enough else "Too little to conclude from; widen split.test_months."
    return ("pass" if enough else "cannot tell"), f"{rows:,} rows, {days} days", limit, reason


def check_production(evidence: Evidence, policy: Policy) -> Outcome:
    """Is the candidate no worse than production, as far as the data can tell?"""
    limit = f"up to {policy.margin:.1%} worse"
    if evidence.other is None:
        return "cannot tell", "not comparable", limit, evidence.obstacle
    difference = evidence.difference(evidence.other, policy.confidence)
    conclusion = conclude(difference, policy.margin)
    verdict: Verdict = {"worse": "fail", "cannot tell": "cannot tell"}.get(conclusion, "pass")  # type: ignore[assignment]
    if not np.isfinite(difference.estimate):
        return verdict, "not computed", limit, "The metric is not a number, or there are too few days."
    observed = f"{difference.estimate:+.1%} ({difference.low:+.1%} to {difference.high:+.1%})"
    return verdict, observed, limit, f"{evidence.primary} against {evidence.name_of_other}: {conclusion}."


def check_sudden_drop(evidence: Evidence, policy: Policy) -> Outcome:
    """Is the observed loss of quality against production small?"""
    if evidence.first_release:
        return "pass", "first release", f"{policy.sudden_drop:.1%}", "There is nothing to drop from."
    if evidence.other is None:
        return "cannot tell", "not comparable", f"{policy.sudden_drop:.1%}", evidence.obstacle
    return _within(evidence.difference(evidence.other, policy.confidence).estimate, policy.sudden_drop,
                   f"{evidence.primary} against {evidence.name_of_other}, whatever the interval.")  # fmt: skip


def check_slow_decay(evidence: Evidence, policy: Policy) -> Outcome:
    """Is the candidate near the best of the last versions, on the same rows?"""
    limit = f"{policy.slow_decay.limit:.1%}"
    if evidence.unavailable:
        return "cannot tell", "incomplete", limit, f"Not to be had: {', '.join(evidence.unavailable)}."
    if not evidence.older:
        return "pass", "no older version", limit, "There is nothing to decay from."
    scores = {name: evidence.measure(predicted)[evidence.primary] for name, predicted in evidence.older.items()}
    best = min(scores, key=lambda name: scores[name])
    change = evidence.measure(evidence.predicted)[evidence.primary] / scores[best] - 1
    return _within(change, policy.slow_decay.limit, f"{evidence.primary} against {best}, the best of {len(scores)}.")


def check_baseline(evidence: Evidence, policy: Policy) -> Outcome:
    """Is the model worth having beside the simplest one?"""
    ratio = (
        evidence.measure(evidence.predicted)[evidence.primary] / evidence.measure(evidence.baseline)[evidence.primary]
    )
    verdict = _at_most(ratio, policy.baseline_ratio)
    return verdict, f"{ratio:.3f}", f"{policy.baseline_ratio:g}", f"{evidence.primary} over the baseline's."


def check_threshold(evidence: Evidence, policy: Policy) -> Outcome:
    """Does the model meet the declared business threshold?"""
    value = evidence.measure(evidence.predicted)[evidence.primary]
    if policy.threshold is None:
        return "pass", f"{value:.4g}", "none declared", f"gate.threshold bounds {evidence.primary} where it is set."
    return (
        _at_most(value, policy.threshold),
        f"{value:.4g}",
        f"{policy.threshold:g}",
        f"{evidence.primary} on the holdout.",
    )


def check_suspicion(evidence: Evidence, policy: Policy) -> Outcome:
    """Is an improvement too good to be taken without a look?"""
    limit = f"{policy.suspicious_gain:.0%}"
    if evidence.first_release:
        return "pass", "first release", limit, "There is nothing to compare with."
    if evidence.other is None:
        return "cannot tell", "not comparable", limit, evidence.obstacle
    gain = -evidence.difference(evidence.other, policy.confidence).estimate
    if not np.isfinite(gain):
        return "cannot tell", "not computed", limit, "The metric is not a number."
    reason = (
        "Leaks look like miracles: have a person read the change." if gain > policy.suspicious_gain else "Plausible."
    )
    return ("warn" if gain > policy.suspicious_gain else "pass"), f"{gain:+.1%}", limit, reason


def check_bias(evidence: Evidence, policy: Policy) -> Outcome:
    """Are predictions right on average?"""
    bias = evidence.measure(evidence.predicted)["bias"]
    return (
        _at_most(abs(bias), policy.max_bias),
        f"{bias:+.3g}",
        f"{policy.max_bias:g}",
        "Mean of prediction minus truth.",
    )


def check_slices_to_whole(evidence: Evidence, policy: Policy) -> Outcome:
    """Is any sound segment much worse than the whole?"""
    whole = evidence.measure(evidence.predicted)[evidence.primary]
    ratios = {name: _metric(evidence, rows) / whole for name, rows in sound_slices(evidence)}
    limit = policy.slices.relative_to_whole
    if not ratios:
        return "pass", "no segment with enough rows", f"{limit:g}", "Thin segments are reported, not gated."
    worst = max(ratios, key=lambda name: np.nan_to_num(ratios[name], nan=np.inf))
    return (
        _at_most(ratios[worst], limit),
        f"{worst}: {ratios[worst]:.2f}",
        f"{limit:g}",
        f"{evidence.primary} over the whole.",
    )


def check_slices_to_production(evidence: Evidence, policy: Policy) -> Outcome:
    """Is any sound segment surely worse than it is in production?"""
    limit = f"surely worse by {policy.slices.relative_to_production:.0%}"
    if evidence.other is None:
        return "cannot tell", "not comparable", limit, evidence.obstacle
    # Many segments are looked at, so each interval is widened until all of them hold at once (Bonferroni).
    found = list(sound_slices(evidence))
    confidence = 1 - (1 - policy.confidence) / max(len(found), 1)
    lows = {name: evidence.difference(evidence.other, confidence, rows).low for name, rows in found}
    unknown = [name for name, low in lows.items() if not np.isfinite(low)]
    if unknown:
        return "cannot tell", f"{unknown[0]}: not computed", limit, "Too few days, or not a number."
    worse = [name for name, low in lows.items() if low > policy.slices.relative_to_production]
    reason = f"Against {evidence.name_of_other}, {len(lows)} segments with enough rows."
    return ("fail" if worse else "pass"), ", ".join(worse[:5]) or "none", limit, reason


def check_fairness(evidence: Evidence, policy: Policy, number: int) -> Outcome:
    """Do the segments of one column get about the same quality?"""
    rule = policy.fairness[number]
    if rule.slice not in evidence.holdout.slices:
        known = ", ".join(evidence.holdout.slices)
        return "cannot tell", "no such slice", f"{rule.max_ratio:g}", f"The use case has {known}."
    values = {
        name: _metric(evidence, rows) for name, rows in sound_slices(evidence) if name.startswith(f"{rule.slice} ")
    }
    if len(values) < 2:
        return "cannot tell", f"{len(values)} segment(s)", f"{rule.max_ratio:g}", "Fewer than two have enough rows."
    if not np.isfinite(list(values.values())).all():
        return "cannot tell", "not computed", f"{rule.max_ratio:g}", "A prediction is not a number."
    worst, best = max(values, key=lambda n: values[n]), min(values, key=lambda n: values[n])
    ratio = values[worst] / values[best]
    return (
        _at_most(ratio, rule.max_ratio),
        f"{ratio:.2f} ({worst}, {best})",
        f"{rule.max_ratio:g}",
        "Worst over best segment.",
    )


def check_budget(evidence: Evidence, policy: Policy, name: str) -> Outcome:
    """Does the candidate cost about what production costs?"""
    limit: float = getattr(policy.budgets, name)
    field = {"predict_time": "predict_microseconds", "package_size": "size_bytes", "memory": "memory_mib"}[name]
    if evidence.costs is None:
        return "cannot tell", "not measured", f"{limit:g}x", "The cost could not be measured."
    candidate = getattr(evidence.costs[0], field)
    unit = {"predict_time": "us a row", "package_size": "bytes", "memory": "MiB"}[name]
    if evidence.first_release:
        return "pass", f"{candidate:,.4g} {unit}", f"{limit:g}x", "First release: recorded, nothing to compare with."
    if evidence.costs[1] is None:
        return (
            "cannot tell",
            "not measured",
            f"{limit:g}x",
            f"The cost of {evidence.name_of_other} could not be measured.",
        )
    ratio = candidate / getattr(evidence.costs[1], field)
    return (
        _at_most(ratio, limit),
        f"{ratio:.2f}x, {candidate:,.4g} {unit}",
        f"{limit:g}x",
        f"Over {evidence.name_of_other}.",
    )


def check_skew(evidence: Evidence, policy: Policy) -> Outcome:
    """Did features move away from what production was trained on?"""
    if evidence.skew is None:
        if evidence.first_release:
            return "pass", "first release", f"{policy.skew.limit:g}", "There is nothing to compare with."
        return "cannot tell", "not comparable", f"{policy.skew.limit:g}", evidence.obstacle or "No profile."
    moved = {n: i for n, i in evidence.skew.items() if i > policy.skew.limit and n not in policy.skew.ignore}
    observed = ", ".join(f"{name} {index:.2f}" for name, index in sorted(moved.items(), key=lambda item: -item[1])[:5])
    reason = f"Holdout against the training rows of {evidence.name_of_other} (stability index)."
    return ("warn" if moved else "pass"), observed or "none", f"{policy.skew.limit:g}", reason


def check_quarantine(evidence: Evidence, policy: Policy) -> Outcome:
    """Were few rows impossible?"""
    wrong, rows = evidence.quarantined
    if not rows:
        return "cannot tell", "no rows counted", f"{policy.quarantined_share:.2%}", "metrics/data.json has no rows."
    verdict = _at_most(wrong / rows, policy.quarantined_share)
    return (
        verdict,
        f"{wrong / rows:.3%}",
        f"{policy.quarantined_share:.2%}",
        f"{wrong:,} of {rows:,} rows are in quarantine.",
    )


def check_schema(evidence: Evidence, policy: Policy) -> Outcome:
    """Do requests that fit production fit the candidate, and the other way round for responses?"""
    if evidence.first_release:
        return "pass", "first release", "compatible", "There are no clients yet."
    if evidence.production is None:
        return "cannot tell", "not comparable", "compatible", evidence.obstacle
    old, new = evidence.production.predictor, evidence.candidate
    changes = breaking_changes(old.request, new.request)
    if old.manifest["response"] != new.manifest["response"]:
        changes.append("the response changed")
    if not changes:
        return "pass", "compatible", "compatible", "Old clients are served as before."
    return policy.breaking_schema, "; ".join(changes)[:500], "compatible", "Old clients break: a new major version."


def sound_slices(evidence: Evidence) -> Iterator[tuple[str, Array]]:
    """Yield the name and the rows of each segment that has enough rows to be gated."""
    for column, values in evidence.holdout.slices.items():
        for value in np.unique(values):
            rows = values == value
            if int(rows.sum()) >= evidence.slice_min_rows:
                yield f"{column} {value}", rows


def _metric(evidence: Evidence, rows: Array) -> float:
    loss = float(evidence.losses(evidence.predicted)[rows].mean())
    return float(np.sqrt(loss)) if PRIMARY[evidence.task] == "rmse" else loss


def _within(change: float, limit: float, reason: str) -> Outcome:
    return _at_most(change, limit), f"{change:+.1%}", f"{limit:.1%}", reason


def _at_most(value: float, limit: float) -> Verdict:
    """Pass up to the limit, fail beyond it; what is not a number cannot be told."""
    if not np.isfinite(value):
        return "cannot tell"
    return "pass" if value <= limit else "fail"
