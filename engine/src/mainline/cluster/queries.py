"""The policy's analysis as Argo Rollouts measures it: queries to Prometheus over the service's own metrics.

Prometheus gives estimates, so a limit is compared with the estimate, once enough was counted of both versions; before,
a query returns nothing and the measurement is inconclusive. Predictions are not in Prometheus: their metrics are left
out. Pods are told from those of another environment by their label `app.kubernetes.io/instance`, which Prometheus must
take over (`labelmap`, as its community chart does).
"""

from dataclasses import dataclass
from typing import Any

from mainline.declared.rollout import Analysis, Metric, Policy
from mainline.serving.answering.metrics import ANSWERED, FAILED, INVALID

NEVER = 2**31 - 1
"""The most that a limit can be."""
LONG = "1h"
"""Blue-green: what stable answered before the switch is the measure."""
_OUTCOMES = {"error-rate": FAILED, "invalid-outputs": INVALID}
_ANY = f'outcome=~"{"|".join(ANSWERED)}"'


def pods_of(instance: str) -> str:
    """Write the label that tells an environment's pods from others."""
    return f'app_kubernetes_io_instance="{instance}"'


@dataclass(frozen=True)
class Asked:
    """One version's pods, and how far back they are looked at."""

    pods: str
    window: str

    def counted(self, labels: str) -> str:
        """Write the number of requests with an outcome."""
        return f"sum(increase(mainline_requests_total{{{self.pods},{labels}}}[{self.window}]))"

    def refused(self, labels: str) -> str:
        """Write the number of requests that reached no model, by reason; 0 if there was none."""
        return f"(sum(increase(mainline_refused_total{{{self.pods},{labels}}}[{self.window}])) or vector(0))"

    def seconds(self, kind: str, labels: str = "") -> str:
        """Write a number of the histogram of seconds."""
        return f"sum(increase(mainline_request_seconds_{kind}{{{self.pods}{labels}}}[{self.window}]))"


def watching(policy: Policy, prometheus: str, instance: str) -> list[dict[str, Any]]:
    """Return what is measured as long as a rollout lasts: it can only fail. Empty where nothing can be measured."""
    return [
        _metric(metric, policy, prometheus, instance) for metric in policy.declared.analysis.metrics if _known(metric)
    ]


def deciding(policy: Policy, prometheus: str, instance: str) -> list[dict[str, Any]]:
    """Return what ends a step: as many passed measurements in a row as are declared, however long that takes."""
    count = policy.declared.analysis.count
    return [{**metric, "consecutiveSuccessLimit": count} for metric in watching(policy, prometheus, instance)]


def left_out(policy: Policy) -> list[str]:
    """Name the metrics that need predictions, and the outcome, which is counted by each server for its follower."""
    analysis = policy.declared.analysis
    names: list[str] = [metric.name for metric in analysis.metrics if not _known(metric)]
    return [*names, f"outcome {analysis.outcome.name}"] if analysis.outcome else names


def _known(metric: Metric) -> bool:
    return not metric.name.startswith("prediction-")


def _metric(metric: Metric, policy: Policy, prometheus: str, instance: str) -> dict[str, Any]:
    declared = policy.declared.analysis
    recent = f"{max(int(declared.interval) * declared.count, 60)}s"
    pods = pods_of(instance)
    candidate = Asked(f'{pods},version="{{{{args.version}}}}"', recent)
    before = LONG if policy.declared.strategy == "blue-green" else recent
    stable = Asked(f'{pods},version!="{{{{args.version}}}}"', before)
    return {
        "name": metric.name,
        "interval": f"{declared.interval:g}s",
        "failureLimit": declared.failure_limit,
        "inconclusiveLimit": NEVER,
        "successCondition": f"len(result) > 0 && result[0] <= {metric.limit:g}",
        "failureCondition": f"len(result) > 0 && result[0] > {metric.limit:g}",
        "provider": {"prometheus": {"address": prometheus, "query": _query(metric, declared, candidate, stable)}},
    }


def _query(metric: Metric, declared: Analysis, candidate: Asked, stable: Asked) -> str:
    enough = [f"({_total(metric, asked)}) >= {declared.minimum_samples}" for asked in (candidate, stable)]
    difference = f"({_share(metric, candidate)}) - ({_share(metric, stable)})"
    return f"({difference}) and ({enough[0]}) and ({enough[1]})"


def _share(metric: Metric, asked: Asked) -> str:
    """Write the share of requests that count against a version."""
    if metric.name == "latency":
        bound = f',le="{float(metric.threshold)}"'  # as the service writes it: 1.0, not 1
        return f"1 - {asked.seconds('bucket', bound)} / {_total(metric, asked)}"
    bad = f'outcome="{_OUTCOMES[metric.name]}"'
    return f"{asked.counted(bad)} / {_total(metric, asked)}"


def _total(metric: Metric, asked: Asked) -> str:
    return asked.seconds("count") if metric.name == "latency" else asked.counted(_ANY)
