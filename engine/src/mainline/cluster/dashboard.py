"""A dashboard for Grafana, from what an environment declares: requests, models, memory, log, monitoring, rollouts.

The form is that of Grafana's classic dashboards (`schemaVersion` 39), which versions 10 to 13 import.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mainline.cluster import alerts
from mainline.cluster.alerts import WINDOWS
from mainline.cluster.capacity import most_mib
from mainline.cluster.queries import pods_of
from mainline.declared.environments import Environment
from mainline.seconds import DAY

Json = dict[str, Any]
_SOURCE = {"type": "prometheus", "uid": "${source}"}
_WIDTH, _HEIGHT = 12, 8


@dataclass(frozen=True)
class Panel:
    """A chart: its queries with the names of their lines, its unit in Grafana's words, and a limit that is drawn."""

    title: str
    unit: str
    queries: Sequence[tuple[str, str]]
    limit: float | None = None
    said: str = ""


def file(environment: str, instance: str, declared: Environment) -> Json:
    """Return the dashboard of an environment, as it is imported; `instance` is the label of its pods."""
    return {
        "uid": instance[:40],
        "title": f"Mainline: {environment}",
        "tags": ["mainline"],
        "schemaVersion": 39,
        "editable": True,
        "refresh": "1m",
        "time": {"from": "now-24h", "to": "now"},
        "timezone": "utc",
        "templating": {
            "list": [{"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}]
        },
        "annotations": {"list": [_mark(instance)]},
        "panels": list(_placed(_panels(environment, instance, declared))),
    }


def queries(dashboard: Json) -> Iterator[str]:
    """Yield each query of a dashboard, those of its marks included."""
    for mark in dashboard["annotations"]["list"]:
        yield mark["expr"]
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield target["expr"]


def _mark(instance: str) -> Json:
    """Return the marks in every chart: the moments at which a version came, or its weight changed."""
    weight = f"mainline_model_weight{{{pods_of(instance)}}}"
    changed = f"changes({weight}[2m]) > 0 or {weight} unless {weight} offset 2m"
    return {
        "name": "Rollouts", "datasource": _SOURCE, "enable": True, "iconColor": "purple", "expr": changed,
        "step": "60s", "titleFormat": "Rollout", "textFormat": "{{version}} at {{instance}}", "tagKeys": "version",
    }  # fmt: skip


def _panels(environment: str, instance: str, declared: Environment) -> list[Panel]:
    pods, promised = pods_of(instance), declared.monitoring.objectives
    here = f"{{{pods}}}"
    weight = f"mainline_model_weight{here}"
    seconds = f"sum by (le) (rate(mainline_request_seconds_bucket{here}[5m]))"
    quantiles = [(f"histogram_quantile({q}, {seconds})", f"p{100 * q:g}") for q in (0.5, 0.95, 0.99)]
    shares = [
        Panel(
            f"Share of requests: {one.said.removeprefix('of the requests ')}", "percentunit",
            [(f'mainline:{one.name}:ratio_{window}{{environment="{environment}"}}', window) for window in WINDOWS],
            one.budget, "By window; the line is what is declared over the whole period.",
        )
        for one in alerts.objectives(instance, declared)
    ]  # fmt: skip
    return [
        Panel("Requests by outcome", "reqps",
              [(f"sum by (outcome) (rate(mainline_requests_total{here}[5m]))", "{{outcome}}"),
               (f"sum by (reason) (rate(mainline_refused_total{here}[5m]))", "refused: {{reason}}")]),
        Panel("Requests by version", "reqps",
              [(f"sum by (version) (rate(mainline_requests_total{here}[5m]))", "{{version}}")]),
        *shares,
        Panel("Time to answer", "s", quantiles, promised.latency.threshold),
        Panel("Share of the requests by version", "percentunit",
              [(f"sum by (version) ({weight}) / scalar(sum({weight}))", "{{version}}")]),
        Panel("Resident memory", "bytes", [(f"process_resident_memory_bytes{here}", "{{instance}}")],
              most_mib(declared.service) * 2.0**20),
        Panel("Processor", "percentunit", [(f"rate(process_cpu_seconds_total{here}[5m])", "{{instance}}")]),
        Panel("Age of the data of a model", "s",
              [(f"max by (version) (mainline_model_age_seconds{here})", "{{version}}")],
              declared.monitoring.retrain.age_days * DAY),
        Panel("Rows of the prediction log", "cps",
              [(f"sum(rate(mainline_log_rows_total{here}[5m]))", "written"),
               (f"sum(rate(mainline_log_dropped_total{here}[5m]))", "lost")]),
        *(_of_monitoring(pods, declared) if declared.service.log.directory else ()),
        *(_of_websockets(here, declared) if declared.service.websocket else ()),
    ]  # fmt: skip


def _of_websockets(here: str, declared: Environment) -> list[Panel]:
    most, workers = declared.service.limits.connections, declared.service.workers
    return [
        Panel("Open WebSockets", "short", [(f"mainline_open_websockets{here}", "{{instance}}")], most * workers,
              "The line is all connections that a server takes."),
    ]  # fmt: skip


def _of_monitoring(pods: str, declared: Environment) -> list[Panel]:
    here = f"{{{pods}}}"
    return [
        Panel("Open alarms of monitoring", "short",
              [(f"sum(mainline_monitor_alarm{here}) or (max(mainline_monitor_seen_seconds{here}) * 0)", "open"),
               (f'max(mainline_monitor_verdict{{{pods},verdict="cannot tell"}})', "cannot tell")]),
        Panel("Time since monitoring looked", "s", [(f"time() - max(mainline_monitor_seen_seconds{here})", "since")],
              declared.monitoring.silent_days * DAY),
    ]  # fmt: skip


def _placed(panels: Sequence[Panel]) -> Iterator[Json]:
    """Yield panels two in a row."""
    for number, panel in enumerate(panels):
        place = {"x": number % 2 * _WIDTH, "y": number // 2 * _HEIGHT, "w": _WIDTH, "h": _HEIGHT}
        yield _chart(number + 1, panel, place)


def _chart(number: int, panel: Panel, place: Json) -> Json:
    steps: list[Json] = [{"color": "green", "value": None}]
    if panel.limit is not None:
        steps.append({"color": "red", "value": panel.limit})
    style = {"mode": "off" if panel.limit is None else "line"}
    return {
        "id": number, "type": "timeseries", "title": panel.title, "description": panel.said, "datasource": _SOURCE,
        "gridPos": place,
        "fieldConfig": {
            "defaults": {"unit": panel.unit, "min": 0, "thresholds": {"mode": "absolute", "steps": steps},
                         "custom": {"thresholdsStyle": style, "fillOpacity": 8}},
            "overrides": [],
        },
        "options": {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
                    "tooltip": {"mode": "multi", "sort": "desc"}},
        "targets": [
            {"refId": chr(ord("A") + place_of), "datasource": _SOURCE, "expr": query, "legendFormat": name}
            for place_of, (query, name) in enumerate(panel.queries)
        ],
    }  # fmt: skip
