"""Metrics of each version that is loaded: its requests, its features, its data."""

import calendar
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mainline.exchange.server_report import CLASS
from mainline.periods import span
from mainline.serving.answering.metrics import ANSWERED, OVERLOADED, UNFIT, Page, Sample
from mainline.serving.answering.model import Model
from mainline.serving.service import Service

_LATEST = 2**62
"""Beyond this a table never grows stale."""


def add(page: Page, service: Service) -> None:
    """Add what is counted per version."""
    models = service.models()
    _add_requests(page, models)
    _add_features(page, models)
    _add_models(page, service)


def reach(model: Model) -> dict[str, int]:
    """Return until when each feature table that can grow stale speaks, in minutes since 1970-01-01 UTC."""
    return {table: until for table, until in model.fresh_until.items() if until < _LATEST}


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
    return sorted({**dict.fromkeys((*ANSWERED, OVERLOADED, UNFIT), 0), **model.metrics.outcomes}.items())


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
    fresh = [
        ({"version": m.version, "table": table}, until * 60) for m, _ in routes for table, until in reach(m).items()
    ]
    page.add("mainline_table_fresh_until_seconds", "gauge", "Unix time that a feature table speaks for.", fresh, "min")


def _data_end(manifest: Mapping[str, Any]) -> float | None:
    """Return when the newest period of a package's data ended, in seconds UTC; None for data without time."""
    if "snapshot" in manifest:
        return None
    newest = max(max(periods) for periods in manifest["window"].values())
    return float(calendar.timegm(span(newest)[1].timetuple()))
