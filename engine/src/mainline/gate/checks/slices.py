"""Is any segment of the data much worse off than the others, or than it is in production?"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from mainline.contract import Array
from mainline.declared.gate import Fairness, Policy
from mainline.gate.checks.outcome import Outcome, at_most, divide
from mainline.gate.evidence import Evidence, Segment
from mainline.model import baselines
from mainline.model.metric import quantile_of
from mainline.text import count, plural


class Ratios(NamedTuple):
    """A segment's loss over the whole's, and the same of each beside the loss of the best constant for its rows."""

    plain: float
    beside: float

    @property
    def fair(self) -> float:
        """The smaller one; NaN where the segment's loss is not a number."""
        return self.plain if np.isnan(self.beside) else min(self.plain, self.beside)


def check_slices_to_whole(evidence: Evidence, policy: Policy) -> Outcome:
    """Is any sound segment much worse than the whole, and not only harder?

    A segment may be hard for every model: its labels are spread further, or its classes are as frequent as each other.
    So two ratios are formed, of the losses themselves and of each loss beside that of the constant which fits its own
    rows best (a skill score, Murphy 1988), and the smaller one counts. A whole that is worse than its constant counts
    as that, so that it excuses no segment.
    """
    limit = f"{policy.slices.relative_to_whole:g}"
    everything = np.ones(len(evidence.predicted), bool)
    whole = evidence.lack(evidence.predicted)
    share = min(divide(whole, _lack_of_constant(evidence, everything)), 1.0)
    ratios = {}
    for part in evidence.sound_segments:
        lack = _lack(evidence, part)
        beside = divide(divide(lack, _lack_of_constant(evidence, part.rows)), share)
        ratios[part.name] = Ratios(divide(lack, whole), beside)
    if not ratios:
        return Outcome("pass", "no segment with enough rows", limit, "Thin segments are reported, not gated.")
    worst = max(ratios, key=lambda name: np.nan_to_num(ratios[name].fair, nan=np.inf))
    found = ratios[worst]
    hard = f", {found.beside:.2f} times beside what each one's best constant has" if np.isfinite(found.beside) else ""
    reason = f"{evidence.primary} is {found.plain:.2f} times the whole's{hard}."
    shown = beside_limit(found.fair, policy.slices.relative_to_whole)
    return Outcome(at_most(found.fair, policy.slices.relative_to_whole), f"{worst}: {shown}", limit, reason)


def beside_limit(value: float, limit: float) -> str:
    """Show a ratio with two digits behind the point, or as many as say on which side of its limit it lies."""
    texts = (f"{value:.{digits}f}" for digits in range(2, 12))
    return next((text for text in texts if (float(text) > limit) == (value > limit)), str(value))


def check_slices_to_production(evidence: Evidence, policy: Policy) -> Outcome:
    """Is any sound segment surely worse than it is in production?"""
    limit = f"surely worse by {policy.slices.relative_to_production:.0%}"
    if evidence.other is None:
        return Outcome("cannot tell", "not comparable", limit, evidence.obstacle)
    # Many segments are looked at, so each interval is widened until all of them hold at once (Bonferroni).
    found = evidence.sound_segments
    confidence = 1 - (1 - policy.confidence) / max(len(found), 1)
    lows = {part.name: evidence.difference(evidence.other, confidence, part.rows).low for part in found}
    unknown = [name for name, low in lows.items() if not np.isfinite(low)]
    if unknown:
        return Outcome(
            "cannot tell",
            f"{unknown[0]}: not computed",
            limit,
            f"Too few {plural(evidence.holdout.kind)}, or not a number.",
        )
    worse = [name for name, low in lows.items() if low > policy.slices.relative_to_production]
    reason = f"Against {evidence.name_of_other}, {len(lows)} segments with enough rows."
    return Outcome("fail" if worse else "pass", ", ".join(worse[:5]) or "none", limit, reason)


def check_fairness(evidence: Evidence, rule: Fairness) -> Outcome:
    """Do the segments of one column get about the same quality?"""
    limit = f"{rule.max_ratio:g}"
    if rule.slice not in evidence.holdout.slices:
        known = ", ".join(evidence.holdout.slices)
        return Outcome("cannot tell", "no such slice", limit, f"The use case has {known}.")
    values = {part.name: _lack(evidence, part) for part in evidence.sound_segments if part.column == rule.slice}
    if len(values) < 2:
        return Outcome("cannot tell", count(len(values), "segment"), limit, "Fewer than two have enough rows.")
    if not np.isfinite(list(values.values())).all():
        return Outcome("cannot tell", "not computed", limit, "A prediction is not a number.")
    worst, best = max(values, key=lambda n: values[n]), min(values, key=lambda n: values[n])
    ratio = divide(values[worst], values[best])
    observed = f"{ratio:.2f} ({worst}, {best})"
    return Outcome("fail" if ratio > rule.max_ratio else "pass", observed, limit, "Worst over best segment.")


def _lack(evidence: Evidence, part: Segment) -> float:
    return evidence.lack(evidence.predicted, part.rows)


def _lack_of_constant(evidence: Evidence, rows: Array) -> float:
    """Return what the constant that fits the chosen rows best would lack on them; NaN where none can be measured."""
    label, weight = evidence.holdout.label[rows], evidence.holdout.weight_of(rows)
    lacks = [evidence.scorer.lack(label, repeated, weight) for repeated in _constants(evidence, label, weight)]
    return min((lack for lack in lacks if np.isfinite(lack)), default=float("nan"))


def _constants(evidence: Evidence, label: Array, weight: Array | None) -> Iterator[Array]:
    """Yield what n rows may be answered alike: their mean and quantiles; of several classes, their shares.

    One of them has the least loss by each metric, or nearly: the mean by squares and deviances, the median by absolute
    errors, another quantile by its own pinball loss, and of two classes 0 or 1 by what counts decisions.
    """
    names = evidence.candidate.manifest.get("classes", ())
    yield baselines.repeat(baselines.fit_constant(label, names, weight), len(label))
    if len(names) < 3:
        levels = [*np.linspace(0, 1, 21), quantile_of(evidence.scorer.primary.name) or 0.5]
        for value in np.unique(np.quantile(label, levels)):
            yield baselines.repeat(value, len(label))
