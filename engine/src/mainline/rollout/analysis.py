"""Is the candidate worse than stable? Both are compared over the same period, and where mirrored on the same requests.

What the server counted since the step went live is compared; a metric fails where its whole interval lies beyond the
limit, passes where the whole interval lies within it, and is inconclusive otherwise. So too little traffic is
inconclusive by itself, and below the declared minimum in any case.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from mainline.declared.rollout import Analysis, Metric
from mainline.exchange import server_report
from mainline.exchange.server_report import CLASS, Counters
from mainline.package import responses
from mainline.package.responses import Prediction
from mainline.rollout import statistics
from mainline.rollout.records import Finding, Live, Measurement, Progress, Verdict
from mainline.rollout.statistics import Interval, Moments, Share

_RANK: Mapping[Verdict, int] = {"pass": 0, "inconclusive": 1, "fail": 2}


@dataclass(frozen=True)
class Judgement:
    """The result of all metrics together: the worst of them."""

    verdict: Verdict
    reason: str
    findings: tuple[Finding, ...]
    outcome: str = ""
    """What the outcomes say, if they are compared."""

    @property
    def measurement(self) -> Measurement:
        """What the state machine counts."""
        return Measurement(self.verdict, self.reason, self.outcome)


def judge(declared: Analysis, candidate: Counters, stable: Counters, outcome: Finding | None = None) -> Judgement:
    """Compare what was counted of the two versions.

    Args:
        declared: the metrics with their limits.
        candidate: counted since the step went live.
        stable: counted in the same period; where it had no requests in it, counted before.
        outcome: what came of the answers, if that is compared.
    """
    measured = tuple(_judge(metric, declared, candidate, stable) for metric in declared.metrics)
    findings = (*measured, outcome) if outcome else measured
    worst = max(findings, key=lambda finding: _RANK[finding.verdict], default=None)
    if worst is None:
        return Judgement("pass", "nothing is measured", ())
    return Judgement(worst.verdict, worst.said, findings, outcome.said if outcome else "")


def since(now: Counters, baseline: Mapping[str, Any]) -> Counters:
    """Return what was counted after the baseline; a model that was loaded anew in between counts from zero."""
    if now.get("instance") != baseline.get("instance"):
        return now
    return cast("Counters", _minus(now, baseline))


def pair(progress: Progress, live: Live, stable: str) -> tuple[Counters, Counters] | None:
    """Return what was counted of candidate and stable in the present step; None if it cannot be compared.

    If stable answers nobody in this step, what it answered before is the measure.
    """
    names = (progress.candidate.version, stable)
    if any(name not in live.counters for name in names):
        return None
    recent, earlier = (_recent(progress, live, name) for name in names)
    if progress.weight == 100:
        earlier = live.counters[stable]
    return (recent, earlier) if server_report.grew(recent) and server_report.grew(earlier) else None


def _recent(progress: Progress, live: Live, name: str) -> Counters:
    if live.recent is not None:
        return live.recent[name]
    return since(live.counters[name], progress.baseline.get(name, {}))


def golden(
    metrics: list[Metric],
    candidate: list[Prediction],
    expected: list[Prediction],
    stable: list[Prediction] | None,
    tolerance: float = 0.0,
) -> Measurement:
    """Let the golden requests decide: the candidate must say what it was sealed with, and stay near stable.

    Args:
        metrics: of the policy; the limit of prediction-difference holds for the golden requests' mean difference.
        candidate: what the candidate predicts, here and now.
        expected: what its package says it predicts.
        stable: what stable predicts for the same requests; None where it reads other requests.
        tolerance: how far the candidate's package lets a prediction move with its batch.
    """
    wrong = responses.differing(candidate, expected, tolerance)
    if wrong:
        return Measurement("fail", f"{wrong} of {len(expected)} golden requests are answered otherwise than sealed")
    limits = [metric.limit for metric in metrics if metric.name == "prediction-difference"]
    if stable is not None and limits:
        distance = responses.distance(candidate, stable)
        if distance > limits[0]:
            return Measurement("fail", f"golden requests: mean difference {distance:.3g}, limit {limits[0]:g}")
    return Measurement("pass", f"traffic was too little; {len(expected)} golden requests are answered as sealed")


def _minus(now: Any, before: Any) -> Any:
    if isinstance(now, Mapping):
        earlier = before if isinstance(before, Mapping) else {}
        return {name: _minus(value, earlier.get(name)) for name, value in now.items()}
    if isinstance(now, int | float) and isinstance(before, int | float):
        return now - before
    return now


def _judge(metric: Metric, declared: Analysis, candidate: Counters, stable: Counters) -> Finding:
    found, samples = _measure(metric, declared.confidence, candidate, stable)
    if samples < declared.minimum_samples or found is statistics.UNKNOWN:
        said = f"{metric.name}: {samples} samples, {declared.minimum_samples} are needed"
        return Finding(metric.name, "inconclusive", None, None, None, metric.limit, samples, said)
    verdict: Verdict = "inconclusive"
    if found.low > metric.limit:
        verdict = "fail"
    elif found.high <= metric.limit:
        verdict = "pass"
    said = (
        f"{metric.name}: {found.estimate:.3g}, {_sure(declared)} {found.low:.3g} to {found.high:.3g}, limit "
        f"{metric.limit:g}, {samples} samples"
    )
    return Finding(metric.name, verdict, found.estimate, found.low, found.high, metric.limit, samples, said)


def _measure(metric: Metric, confidence: float, candidate: Counters, stable: Counters) -> tuple[Interval, int]:
    """Return the difference and the number of samples of the version that has fewer."""
    if metric.name == "prediction-difference":
        pairs = candidate["pairs"]
        return statistics.mean(Moments(pairs["number"], pairs["sum"], pairs["squares"]), confidence), pairs["number"]
    if metric.name == "prediction-drift":
        first, second = candidate["predictions"], stable["predictions"]
        classes = any(name.startswith(CLASS) for name in (*first, *second))
        compare = statistics.compare_classes if classes else statistics.compare_distributions
        found = compare(first, second, confidence)
        return found, int(min(sum(first.values()), sum(second.values())))
    shares = [_share(metric, counters) for counters in (candidate, stable)]
    found = statistics.compare_shares(shares[0], shares[1], confidence)
    return found, int(min(share.total for share in shares))


def _share(metric: Metric, counters: Counters) -> Share:
    if metric.name == "latency":
        slower = sum(count for bound, count in counters["seconds"].items() if float(bound) > metric.threshold)
        return Share(slower, sum(counters["seconds"].values()))
    return Share(counters["failed" if metric.name == "error-rate" else "invalid"], counters["requests"])


def _sure(declared: Analysis) -> str:
    return f"{2 * declared.confidence - 1:.0%} sure"
