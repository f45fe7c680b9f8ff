"""The answers to rows that come as JSON, each by itself: one that is refused, or fails, spoils no other one."""

from collections.abc import Sequence
from typing import Any

from mainline.serving.answering import strictjson
from mainline.serving.answering.answer import Answer
from mainline.serving.answering.model import Model
from mainline.serving.answering.problems import Problem

LONGEST = 2**20
"""Bytes that a row may have."""
_SAID = 200


def contents(model: Model, lines: Sequence[bytes | None]) -> list[dict[str, Any]]:
    """Return the members of the answer to each row, in order; None stands for a row that is too long."""
    parsed = [_parse(line) for line in lines]
    good = [row for row in parsed if not isinstance(row, Problem)]
    predicted = iter(_predict(model, good))
    return [_content(model, row if isinstance(row, Problem) else next(predicted)) for row in parsed]


def refusal(problem: Problem) -> dict[str, Any]:
    """Return the members of the answer to a row that has no prediction."""
    return {"error": problem.detail, "type": problem.kind}


def _parse(line: bytes | None) -> Any:
    """Return the row of a line, or the problem it is."""
    if line is None:
        return Problem("body-too-large", f"The row is longer than {LONGEST:,} bytes.")
    try:
        return strictjson.parse(line)
    except Problem as problem:
        return problem


def _predict(model: Model, rows: list[Any]) -> list[tuple[Answer, int] | Problem]:
    """Return the answer with its place in it, or the problem, of each row."""
    if not rows:
        return []
    try:
        answer = model.answer(model.reader.read(rows))
    except Exception as error:  # whatever a model raises about one row, the others have their answers
        if len(rows) > 1:
            return [outcome for row in rows for outcome in _predict(model, [row])]
        return [error if isinstance(error, Problem) else _failed(model, error)]
    return [(answer, place) for place in range(len(rows))]


def _failed(model: Model, error: Exception) -> Problem:
    return Problem("prediction-failed", f"The model could not answer this row: {model.said(error)[:_SAID]}")


def _content(model: Model, outcome: tuple[Answer, int] | Problem) -> dict[str, Any]:
    if isinstance(outcome, Problem):
        return refusal(outcome)
    answer, place = outcome
    value = answer.predictions[place]
    if answer.fits and not answer.fits[place]:
        return {"error": f"{model.response.name} would be {value}", "type": "prediction-outside-response-model"}
    pattern = answer.patterns[place]
    members = model.predictor.response.members(value)
    content = {**members, "version": model.version, "missing": pattern.missing, "stale": pattern.stale}
    if model.unusual:
        (content["unusual"],) = model.unusual.by_row(answer.unusual, place, place + 1)
    return content
