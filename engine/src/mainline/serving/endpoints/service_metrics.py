"""Metrics of the service as a whole: what it refused, logged and holds, whichever version answers."""

import time
from typing import get_args

from mainline.serving.answering.experiment import Fate
from mainline.serving.answering.metrics import NOT_READY, OVERLOADED, UNFIT, Across, Page, resident_bytes
from mainline.serving.service import Service
from mainline.serving.span_sender import FATES


def add(page: Page, service: Service) -> None:
    """Add what is counted for all versions together."""
    counted = service.metrics
    refusals = {OVERLOADED: 0, NOT_READY: 0, UNFIT: 0, **counted.refused.copy()}  # from 0 on, as outcomes
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
    if service.settings.websocket:
        page.add(
            "mainline_open_websockets", "gauge", "WebSockets that are open.", [({}, counted.open_websockets)], "sum"
        )
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
