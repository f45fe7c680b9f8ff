"""The policy's analysis as Argo Rollouts measures it: queries to Prometheus over the service's own metrics.

Prometheus gives estimates, so a limit is compared with the estimate, once enough was counted; before, a query returns
nothing and the measurement is inconclusive. Predictions are not in Prometheus: their metrics are left out.
"""

from typing import Any

from mainline.rollout.policy import Analysis, Metric, Policy

CANDIDATE, STABLE = 'version="{{args.version}}"', 'version!="{{args.version}}"'
_OUTCOMES = {"error-rate": "prediction-failed", "invalid-outputs": "prediction-outside-response-model"}


def metrics(policy: Policy, prometheus: str) -> list[dict[str, Any]]:
    """Return what an AnalysisTemplate measures; empty where nothing can be."""
    declared = policy.declared.analysis
    return [_metric(metric, declared, prometheus) for metric in declared.metrics if not _needs_predictions(metric)]


def left_out(policy: Policy) -> list[str]:
    """Name the metrics that need predictions."""
    return [metric.name for metric in policy.declared.analysis.metrics if _needs_predictions(metric)]


def _needs_predictions(metric: Metric) -> bool:
    return metric.name.startswith("prediction-")


def _metric(metric: Metric, declared: Analysis, prometheus: str) -> dict[str, Any]:
    window = f"{max(int(declared.interval) * declared.count, 60)}s"
    difference = f"({_share(metric, CANDIDATE, window)}) - ({_share(metric, STABLE, window)})"
    enough = f"sum(increase(mainline_requests_total{{{CANDIDATE}}}[{window}])) >= {declared.minimum_samples}"
    return {
        "name": metric.name,
        "interval": f"{declared.interval:g}s",
        "count": declared.count,
        "failureLimit": declared.failure_limit,
        "inconclusiveLimit": declared.count,
        "successCondition": f"len(result) > 0 && result[0] <= {metric.limit:g}",
        "failureCondition": f"len(result) > 0 && result[0] > {metric.limit:g}",
        "provider": {"prometheus": {"address": prometheus, "query": f"({difference}) and ({enough})"}},
    }


def _share(metric: Metric, chosen: str, window: str) -> str:
    """Write the share of requests that count against a version."""
    if metric.name == "latency":
        fast = f'sum(rate(mainline_request_seconds_bucket{{{chosen},le="{metric.threshold:g}"}}[{window}]))'
        return f"1 - {fast} / sum(rate(mainline_request_seconds_count{{{chosen}}}[{window}]))"
    bad = f'{chosen},outcome="{_OUTCOMES[metric.name]}"'
    counted = f"(sum(rate(mainline_requests_total{{{bad}}}[{window}])) or vector(0))"
    return f"{counted} / sum(rate(mainline_requests_total{{{chosen}}}[{window}]))"
