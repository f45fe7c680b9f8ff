"""Alert rules for Prometheus, from what an environment declares: each threshold stands in `deploy/<environment>.yaml`.

Requests are held to their objectives by burn rate over two windows each, as in Google's SRE workbook: the long one says
that it matters, the short one that it is still so. A window with fewer than `min_requests` says nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mainline.cluster.capacity import most_mib
from mainline.cluster.queries import Asked, pods_of
from mainline.declared.environments import Environment
from mainline.seconds import DAY
from mainline.serving.answering.metrics import ANSWERED, FAULTS, UNFIT

Rule = dict[str, Any]
WINDOWS = ("5m", "30m", "1h", "6h", "3d")
_BURNS = (("1h", 1, "5m", 0.02, "page"), ("6h", 6, "30m", 0.05, "page"), ("3d", 72, "6h", 0.10, "ticket"))
"""Long window and its hours, short window, share of the period's budget that the long one spends, and who looks."""
_LEAK = 0.05
"""Share of its memory that a service may grow by in a day."""
_WARM = 7 * 3600
"""Seconds of life before growth is measured: an hour, and the window of six."""


@dataclass(frozen=True)
class Objective:
    """What requests are held to. `budget` is the share that may be bad, `ratio` writes the query of that share."""

    name: str
    alert: str
    said: str
    budget: float
    ratio: Callable[[str], str]


def file(environment: str, instance: str, declared: Environment) -> dict[str, Any]:
    """Return the rules of an environment, for `rule_files`; `instance` is the label of its pods."""
    found = objectives(instance, declared)
    recorded = [(f"mainline:{one.name}:ratio_{window}", one.ratio(window)) for one in found for window in WINDOWS]
    recorded += [
        (f"mainline:requests:increase_{window}", _total(Asked(pods_of(instance), window))) for window in WINDOWS
    ]
    alerts = [*_burns(environment, found, declared), *_of_servers(instance, declared), _switch()]
    if declared.service.log.directory:
        alerts += _of_monitoring(instance, declared)
    labels = {"environment": environment}
    rules = [{"record": name, "expr": query, "labels": dict(labels)} for name, query in recorded]
    groups = {"objectives": rules, "alerts": [{**one, "labels": {**one["labels"], **labels}} for one in alerts]}
    return {"groups": [{"name": f"{instance}-{name}", "rules": held} for name, held in groups.items()]}


def objectives(instance: str, declared: Environment) -> list[Objective]:
    """Return what requests are held to: that they are answered, and in time."""
    promised, pods = declared.monitoring.objectives, pods_of(instance)
    bound = f',le="{float(promised.latency.threshold)}"'  # as the service writes it: 1.0, not 1

    def failed(window: str) -> str:
        asked = Asked(pods, window)
        faults = "|".join(FAULTS)
        bad = f"({asked.counted(_any('outcome', faults))}) + {asked.refused(_any('reason', faults))}"
        return f"({bad}) / ({_total(asked)} > 0)"

    def slow(window: str) -> str:
        asked = Asked(pods, window)
        return f"1 - {asked.seconds('bucket', bound)} / ({asked.seconds('count')} > 0)"

    availability = "of the requests fail by the service's own fault"
    latency = f"of the requests take longer than {promised.latency.threshold:g} s"
    return [
        Objective("requests_failed", "MainlineRequestsFail", availability, 1 - promised.availability, failed),
        Objective("requests_slow", "MainlineRequestsSlow", latency, 1 - promised.latency.share, slow),
    ]


def _total(asked: Asked) -> str:
    """Write the number of requests that were the service's to answer."""
    faults = "|".join(FAULTS)
    known = "|".join(dict.fromkeys([*ANSWERED, *FAULTS]))
    return f"{asked.counted(_any('outcome', known))} + {asked.refused(_any('reason', faults))}"


def _any(label: str, values: str) -> str:
    return f'{label}=~"{values}"'


def _burns(environment: str, found: list[Objective], declared: Environment) -> list[Rule]:
    """Return an alert for each objective and pair of windows; none that would need more than all requests to be bad."""
    promised, labels = declared.monitoring.objectives, f'{{environment="{environment}"}}'
    alerts = []
    for one in found:
        for long, hours, short, share, severity in _BURNS:
            limit = one.budget * share * promised.days * 24 / hours
            if limit >= 1:
                continue
            both = [f"mainline:{one.name}:ratio_{window}{labels} > {limit:.6g}" for window in (long, short)]
            enough = f"mainline:requests:increase_{long}{labels} >= {promised.min_requests}"
            said = (
                f"{{{{ $value | humanizePercentage }}}} {one.said} in {long}; {one.budget:.3%} are declared for "
                f"{promised.days} days, and {share:.0%} of that is spent in {long} at {limit:.2%}."
            )
            alerts.append(_alert(one.alert, " and ".join([*both, enough]), "2m", severity, said, window=long))
    return alerts


def _of_servers(instance: str, declared: Environment) -> list[Rule]:
    """Return the alerts about servers: silence, memory, their log, their follower, and the age of the model."""
    pods = f"{{{pods_of(instance)}}}"
    memory, most = f"process_resident_memory_bytes{pods}", most_mib(declared.service) * 2**20
    warm = f"(time() - process_start_time_seconds{pods} > {_WARM})"
    days = declared.monitoring.retrain.age_days
    old = f"mainline_model_age_seconds{pods} > {days * DAY} and on (instance, version) mainline_model_weight{pods} > 0"
    lost = f"increase(mainline_log_dropped_total{pods}[15m]) > 0 or mainline_log_failing{pods} > 0"
    follower = f"mainline_follower_problem{pods} > 0 or time() - mainline_follower_seen_seconds{pods} > 300"
    return [
        _unfit(instance, declared),
        _alert("MainlineServersSilent", f"absent(mainline_model_weight{pods})", "5m", "page",
               "No server with a model is scraped. Look at whether servers run, and whether Prometheus has their key."),
        _alert("MainlineMemoryGrows", f"deriv({memory}[6h]) * {DAY} > {_LEAK * most:.0f} and {warm}", "6h", "ticket",
               f"{{{{ $labels.instance }}}} grows by {{{{ $value | humanize1024 }}}}B a day, more than {_LEAK:.0%} of "
               f"what it may take ({most // 2**20} MiB)."),
        _alert("MainlineMemoryRunsOut", f"predict_linear({memory}[6h], {DAY}) > {most} and {warm}", "1h", "page",
               f"{{{{ $labels.instance }}}} will take more than {most // 2**20} MiB within a day."),
        _alert("MainlineModelOld", old, "1h", "ticket",
               f"The data of {{{{ $labels.version }}}} ended {{{{ $value | humanizeDuration }}}} ago; {days} days are "
               "declared (monitoring.retrain.age_days). Retrain, or look at why the retraining waits."),
        _alert("MainlineLogLosesRows", lost, "5m", "ticket",
               "{{ $labels.instance }} cannot write its prediction log, so monitoring will not see these rows."),
        _alert("MainlineFollowerStuck", follower, "15m", "ticket",
               "The follower of {{ $labels.instance }} cannot reach git or storage, or is silent; what serves stays."),
    ]  # fmt: skip


def _unfit(instance: str, declared: Environment) -> Rule:
    """Return the alert about requests that the schema refuses: they reach no log, so no other check tells."""
    asked, allowed = Asked(pods_of(instance), "1h"), declared.monitoring.support.unseen
    by_model = asked.counted(f'outcome="{UNFIT}"')
    refused = f"(({by_model} or vector(0)) + " + asked.refused(f'reason="{UNFIT}"') + ")"
    all_ = f"(({_total(asked)} or vector(0)) + {refused})"
    enough = f"{all_} >= {declared.monitoring.objectives.min_requests}"
    said = (
        "{{ $value | humanizePercentage }} of the requests of an hour do not fit the request model, so they are "
        f"refused, and in no log; {allowed:.2%} are declared (monitoring.support.unseen). Look at which fields "
        "mainline_invalid_fields_total counts, and at what changed at the clients: a unit, or a name."
    )
    return _alert(
        "MainlineRequestsUnfit", f"{refused} / ({all_} > 0) > {allowed:g} and {enough}", "15m", "ticket", said
    )


def _of_monitoring(instance: str, declared: Environment) -> list[Rule]:
    """Return the alerts about monitoring: what it found, and that it looks at all."""
    pods, days = f"{{{pods_of(instance)}}}", declared.monitoring.silent_days
    seen = f"mainline_monitor_seen_seconds{pods}"
    unclear = f'max(mainline_monitor_verdict{{{pods_of(instance)},verdict="cannot tell"}}) > 0'
    remedy = f"{days} days are declared (monitoring.silent_days). Until somebody looks, no alarm can open."
    return [
        _alert("MainlineProductionAlarm", f"max by (version, check) (mainline_monitor_alarm{pods}) > 0", "0m", "ticket",
               "{{ $labels.check }} of {{ $labels.version }} is not as it was tested. The page /monitor says how much "
               "and what to do."),
        _alert("MainlineMonitoringUnclear", unclear, f"{days}d", "ticket",
               "Monitoring could not tell whether production is as it was tested. The page /monitor says what lacks."),
        _alert("MainlineMonitoringSilent", f"time() - max({seen}) > {days * DAY}", "0m", "page",
               f"Nobody has looked at production for {{{{ $value | humanizeDuration }}}}; {remedy}"),
        _alert("MainlineMonitoringAbsent", f"absent({seen})", f"{days}d", "page",
               f"No server has a report of monitoring to show; {remedy}"),
    ]  # fmt: skip


def _switch() -> Rule:
    """Return the dead man's switch: it always fires, and who does not hear it any more knows that alerting is dead."""
    said = "This alert always fires. Whoever receives it is to raise an alarm once it does not come any more."
    return _alert("MainlineDeadMansSwitch", "vector(1)", "0m", "none", said)


def _alert(name: str, query: str, lasting: str, severity: str, said: str, **labels: str) -> Rule:
    about = {"summary": said, "guide": "engine/docs/monitoring.md"}
    return {
        "alert": name,
        "expr": query,
        "for": lasting,
        "labels": {"severity": severity, **labels},
        "annotations": about,
    }
