"""What is kept of answers: their lines in the prediction log, and who gave those of an experiment."""

from collections.abc import Sequence

from mainline.serving.answering.messages import Request, Sent
from mainline.serving.answering.model import Model
from mainline.serving.answering.routing import Routing
from mainline.serving.logs import warn
from mainline.serving.outcome_log import OutcomeLog
from mainline.serving.prediction_line import log_line
from mainline.serving.prediction_log import PredictionLog


def add(log: PredictionLog, outcomes: OutcomeLog | None, routing: Routing | None, answers: Sequence[Sent]) -> None:
    """Put what was answered into the prediction log; what cannot be written is reported, and costs no other."""
    lines, rows = [], 0
    for reply, request, seconds in answers:
        if reply.model is None or reply.share is None or not log.samples(request.id):
            continue
        try:
            _remember(log, outcomes, routing, reply.model, request)
            hide = log.pseudonyms if reply.model.personal else None
            lines.append(log_line(reply.model, request, reply.share, seconds, hide))
            rows += reply.rows
        except Exception as error:
            warn("a request was not logged", error=reply.model.said(error))
    if lines:
        log.add(b"".join(lines), rows)


def _remember(
    log: PredictionLog, outcomes: OutcomeLog | None, routing: Routing | None, model: Model, request: Request
) -> None:
    """Note an answer of an experiment, so that its outcome can be told apart; named versions were not dealt."""
    kept = outcomes.experiment if outcomes else None
    if outcomes and routing and kept and routing.experiment == kept.name and not request.named:
        request.experiment = kept.name, routing.unit(model, request, log.pseudonyms if routing.hides_clients else None)
        outcomes.remember(request.id, request.experiment[1])
