"""`/metrics` for Prometheus and `/admin/state` for people: what the service did and what it holds."""

import calendar
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

import orjson

from mainline.data.columns import format_time
from mainline.documents import Verdict
from mainline.exchange import status
from mainline.exchange.place import Place
from mainline.exchange.server_report import CLASS
from mainline.exchange.status import Source
from mainline.periods import span
from mainline.serving.answering.experiment import Fate
from mainline.serving.answering.messages import Reply, Request
from mainline.serving.answering.metrics import (
    ANSWERED,
    MEDIA_TYPE,
    NOT_READY,
    OVERLOADED,
    Across,
    Family,
    Page,
    Sample,
    render,
    resident_bytes,
)
from mainline.serving.answering.model import Model
from mainline.serving.service import Service
from mainline.serving.span_sender import FATES

_ENDS = ("estimate", "low", "high")
_LATEST = 2**62
"""Beyond this a table never grows stale."""


async def metrics(service: Service, _request: Request) -> Reply:
    """Return every metric in Prometheus' text format, of all workers if there are several.

    Raises:
        Problem: not-ready, when the figures of the other workers cannot be had.
    """
    found = families(service) if service.colleagues is None else await service.colleagues.add_up()
    return Reply(render(found), media_type=MEDIA_TYPE)


def families(service: Service) -> list[Family]:
    """Return every metric of this process."""
    page = Page()
    models = service.models()
    _add_requests(page, models)
    _add_features(page, models)
    _add_models(page, service)
    _add_service(page, service)
    _add_follower(page, service)
    _add_monitoring(page, service)
    return page.families


async def state(service: Service, _request: Request) -> Reply:
    """Return versions with their weights, how far feeds reach, and the names of the keys."""
    routing = service.routing
    routes = zip(routing.models, routing.weights, strict=True) if routing else ()
    content = {
        "routes": [{**model.describe(), "weight": weight, "fresh_until": _reach(model)} for model, weight in routes],
        "keys": [{"id": key.id, "name": key.name, "role": key.role} for key in service.keys.by_id.values()],
        "queued_rows": service.batcher.queued_rows,
        **({"worker": service.colleagues.number} if service.colleagues else {}),
    }
    return Reply(orjson.dumps(content))


def _reach(model: Model) -> dict[str, str]:
    return {name: format_time(until) for name, until in model.fresh_until.items() if until < _LATEST}


def _add_requests(page: Page, models: Iterable[Model]) -> None:
    page.add(
        "mainline_requests_total", "counter", "Requests that reached a model, by outcome.",
        [({"version": model.version, "outcome": outcome}, number)
         for model in models for outcome, number in _outcomes(model)],
    )  # fmt: skip
    page.add(
        "mainline_named_requests_total", "counter", "Requests that named their version; no rollout is judged by them.",
        _by_outcome((model, model.metrics.named) for model in models),
    )  # fmt: skip
    page.add(
        "mainline_mirrored_total", "counter", "Requests that a version answered too, unseen.",
        _by_outcome((model, model.metrics.mirrored.outcomes) for model in models),
    )  # fmt: skip
    seconds = [({"version": model.version}, model.metrics.seconds) for model in models]
    page.add_histogram("mainline_request_seconds", "Time from request to answer.", seconds)
    rows = [({"version": model.version}, model.metrics.rows) for model in models]
    page.add("mainline_rows_total", "counter", "Rows predicted.", rows)
    outside = [({"version": model.version}, model.metrics.outside_response) for model in models]
    page.add("mainline_outside_response_total", "counter", "Answers outside the response model, not sent.", outside)
    classes = [({"version": model.version, "class": name.removeprefix(CLASS)}, number)
               for model in models if model.classes for name, number in model.bins().items()]  # fmt: skip
    if classes:
        page.add("mainline_predicted_class_total", "counter", "First predictions of requests, by class.", classes)


def _outcomes(model: Model) -> list[tuple[str, int]]:
    """Count requests by outcome; those of a model from 0 on, since Prometheus does not see a counter's first step."""
    return sorted({**dict.fromkeys((*ANSWERED, OVERLOADED), 0), **model.metrics.outcomes}.items())


def _by_outcome(counted: Iterable[tuple[Model, Counter[str]]]) -> list[Sample]:
    return [
        ({"version": model.version, "outcome": outcome}, number)
        for model, outcomes in counted
        for outcome, number in sorted(outcomes.copy().items())
    ]


def _add_features(page: Page, models: Iterable[Model]) -> None:
    counted = {"looked_up": Counter[tuple[str, str]](), "missing": Counter[tuple[str, str]]()}
    stale = Counter[tuple[str, str]]()
    for model in models:
        for pattern in list(model.patterns.values()):
            for kind, counter in counted.items():
                counter.update({(model.version, name): pattern.rows for name in getattr(pattern, kind)})
            stale.update({(model.version, name): pattern.rows for name in pattern.stale})
    for kind, counter in counted.items():
        samples = [({"version": v, "feature": name}, number) for (v, name), number in sorted(counter.items())]
        page.add(f"mainline_{kind}_total", "counter", f"Rows whose feature was {kind.replace('_', ' ')}.", samples)
    late = [({"version": v, "table": name}, number) for (v, name), number in sorted(stale.items())]
    page.add("mainline_stale_total", "counter", "Rows whose feature table was behind.", late)
    nonfinite = [
        ({"version": m.version, "feature": f}, n) for m in models for f, n in sorted(m.metrics.nonfinite.items())
    ]
    page.add("mainline_nonfinite_total", "counter", "Features that were NaN or infinite.", nonfinite)
    _add_unusual(page, [model for model in models if model.unusual])


def _add_unusual(page: Page, models: Sequence[Model]) -> None:
    """Add the rows outside of what the models have seen, where they are looked for."""
    if not models:
        return
    rows = [({"version": model.version}, model.metrics.unusual_rows) for model in models]
    page.add("mainline_unusual_rows_total", "counter", "Rows outside of what the model has seen.", rows)
    marks = [
        ({"version": model.version, "feature": feature, "reason": reason}, number)
        for model in models
        for (feature, reason), number in sorted(model.metrics.unusual.copy().items())
    ]
    page.add("mainline_unusual_total", "counter", "Rows outside of it, by feature and reason.", marks)


def _add_models(page: Page, service: Service) -> None:
    routing = service.routing
    routes = list(zip(routing.models, routing.weights, strict=True)) if routing else []
    weights = [({"version": m.version, "digest": m.digest[:12], "model": m.name}, weight) for m, weight in routes]
    page.add("mainline_model_weight", "gauge", "Share of the requests a version gets.", weights)
    ends = [(model.version, _data_end(model.predictor.manifest)) for model, _ in routes]
    ages = [({"version": version}, time.time() - end) for version, end in ends if end is not None]
    page.add("mainline_model_age_seconds", "gauge", "Time since the end of the newest period of its data.", ages)
    reach = [({"version": m.version, "table": table}, until * 60) for m, _ in routes
             for table, until in m.fresh_until.items() if until < _LATEST]  # fmt: skip
    page.add("mainline_table_fresh_until_seconds", "gauge", "Unix time that a feature table speaks for.", reach, "min")


def _data_end(manifest: Mapping[str, Any]) -> float | None:
    """Return when the newest period of a package's data ended, in seconds UTC; None for data without time."""
    if "snapshot" in manifest:
        return None
    newest = max(max(periods) for periods in manifest["window"].values())
    return float(calendar.timegm(span(newest)[1].timetuple()))


def _add_service(page: Page, service: Service) -> None:
    counted = service.metrics
    refusals = {OVERLOADED: 0, NOT_READY: 0, **counted.refused.copy()}  # from 0 on, as outcomes
    refused = [({"reason": reason}, number) for reason, number in sorted(refusals.items())]
    page.add("mainline_refused_total", "counter", "Requests that reached no model, by reason.", refused)
    fields = [({"field": field}, number) for field, number in sorted(counted.invalid_fields.items())]
    page.add("mainline_invalid_fields_total", "counter", "Values that did not fit the request model.", fields)
    failures = [({"what": what}, number) for what, number in sorted(counted.failures.items())]
    page.add("mainline_refresh_failures_total", "counter", "Files that could not be read again.", failures)
    if service.shared:
        held = "1 while throttles hold for all servers together; 0 while each one counts alone."
        page.add("mainline_throttle_shared", "gauge", held, [({}, float(service.shared.holds))], "min")
    if service.tracer:
        counted_spans = service.tracer.sender.counted.copy()
        fates = [({"fate": fate}, counted_spans[fate]) for fate in FATES]
        page.add("mainline_traced_requests_total", "counter", "Sampled requests, by what became of their spans.", fates)
    _add_outcomes(page, service)
    writer = {"writer": service.log.writer} if service.log else {}
    written = [(writer, float(counted.log_rows))]
    page.add("mainline_log_rows_total", "counter", "Rows written to the prediction log.", written)
    page.add("mainline_log_dropped_total", "counter", "Rows the prediction log lost.", [({}, counted.log_dropped)])
    page.add("process_cpu_seconds_total", "counter", "CPU time used.", [({}, time.process_time())])
    across: Across
    for name, description, value, across in (
        ("mainline_log_failing", "1 while the prediction log cannot be written.", counted.log_failing, "max"),
        ("mainline_queued_rows", "Rows that wait for a prediction.", service.batcher.queued_rows, "sum"),
        ("process_resident_memory_bytes", "Resident memory.", resident_bytes(), "sum"),
        ("process_start_time_seconds", "Unix time of the start.", service.started, "min"),
    ):
        page.add(name, "gauge", description, [({}, float(value))], across)


def _add_outcomes(page: Page, service: Service) -> None:
    """Add what clients said came of answers, if that is kept."""
    if service.outcomes is None:
        return
    sent = [({"fate": fate}, service.metrics.outcomes[fate]) for fate in get_args(Fate)]
    page.add("mainline_outcomes_total", "counter", "Outcomes that clients sent, by what became of them.", sent)
    experiment = service.outcomes.experiment
    tallies = experiment.tallies.items() if experiment else ()
    counted = [({"version": version}, tally["number"]) for version, tally in tallies]
    page.add("mainline_experiment_outcomes", "gauge", "Outcomes that count in the experiment under way.", counted)


def _add_follower(page: Page, service: Service) -> None:
    """Add what the follower says of itself, where one is at work."""
    try:
        if service.routing_file is None:
            return
        found = status.parse(Place(service.routing_file.parent).status.read_bytes())
        source: Source = found.get("source") or {}
        aborted = len(found["quarantined"])
        step = found["rollout"]["step"] + 1 if found["rollout"] else 0
        points = (found.get("outcome") or {"points": []})["points"][-1:]
        said, looked = float(found["time"]), float(source.get("looked", 0.0))
    except (OSError, ValueError):
        return
    for name, description, value in (
        (
            "mainline_follower_problem",
            "1 while git, storage or a package keep the follower from its work.",
            bool(source.get("problem")),
        ),
        ("mainline_follower_seen_seconds", "Unix time at which the follower last said something.", said),
        (
            "mainline_follower_looked_seconds",
            "Unix time of the last look that reached git; 0 before the first.",
            looked,
        ),
        ("mainline_rollout_step", "The step that a rollout is at, from 1; 0 without one.", step),
        ("mainline_rollout_quarantined", "Versions that were aborted and are not tried again.", aborted),
    ):
        page.add(name, "gauge", description, [({}, float(value))])
    ends = [({"end": end}, value) for point in points for end, value in zip(_ENDS, point[1:], strict=True)]
    if ends:
        page.add("mainline_outcome_difference", "gauge", "Mean outcome of the candidate less stable's.", ends)


def _add_monitoring(page: Page, service: Service) -> None:
    """Add what monitoring found at its last look, where there was one."""
    if service.report is None:
        return
    summary = service.report.summary
    seen = "Unix time as of which monitoring last looked at production."
    page.add("mainline_monitor_seen_seconds", "gauge", seen, [({}, service.report.looked)])
    verdicts = [({"verdict": name}, float(name == summary["verdict"])) for name in get_args(Verdict)]
    page.add("mainline_monitor_verdict", "gauge", "1 for what the last look came to.", verdicts)
    alarms: dict[tuple[str, str], float] = {}
    for alarm in summary["alarms"]:  # two packages may have the name of a version
        name = alarm["version"], alarm["check"]
        alarms[name] = max(alarms.get(name, 0.0), float(not alarm["quiet_since"]))
    samples = [({"version": version, "check": check}, value) for (version, check), value in sorted(alarms.items())]
    page.add("mainline_monitor_alarm", "gauge", "Open alarms; 0 for one whose check passes again.", samples)
