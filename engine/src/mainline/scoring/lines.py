"""Predictions as lines come: JSON lines in, JSON lines out, in their order.

What has arrived is predicted together, so a slow source gets each answer at once and a fast one gets batches. Nothing
is read ahead while an answer waits to be written: a slow reader slows the source, and memory stays as it is.
"""

import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from mainline.errors import MainlineError
from mainline.serving.answering import strictjson
from mainline.serving.answering.answer import Answer
from mainline.serving.answering.model import Model
from mainline.serving.answering.problems import Problem

BLOCK = 2**16
"""Bytes that are read at once, at most."""


def run(model: Model, read: Callable[[int], bytes], write: Callable[[bytes], object], longest: int = 2**20) -> int:
    """Answer lines until there are no more; return how many were refused.

    Args:
        model: who predicts.
        read: returns up to so many bytes as soon as there are some, b'' at the end.
        write: takes bytes and returns when they are taken.
        longest: bytes that a line may have.
    """
    refused, number = 0, 0
    for lines in _blocks(read, longest):
        answers = list(_answers(model, lines, number))
        refused += sum(b'"error"' in answer[:40] for answer in answers)
        number += len(lines)
        write(b"".join(answers))
    return refused


def through_standard_streams(model: Model) -> int:
    """Answer JSON lines of standard input on standard output; return how many were refused.

    Raises:
        MainlineError: when one of the two ends is closed.
    """
    if sys.stdin is None or sys.stdout is None:
        raise MainlineError(
            "standard input or output is closed; send JSON lines to one and read answers from the other."
        )
    try:
        return run(model, lambda size: os.read(sys.stdin.fileno(), size), _write)
    except OSError as error:
        # What could not be written would be tried again at the exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise MainlineError(
            f"the stream broke off ({error.strerror}); lines that have no answer yet are to be sent again."
        ) from error


def _write(content: bytes) -> None:
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


def _blocks(read: Callable[[int], bytes], longest: int) -> Iterator[list[bytes | None]]:
    """Yield the whole lines that arrived together; None stands for a line that is too long."""
    rest, skipping = b"", False
    while block := read(BLOCK):
        *lines, rest = (rest + block).split(b"\n")
        found: list[bytes | None] = [None if len(line) > longest else line for line in lines]
        if found and skipping:
            found[0], skipping = None, False
        if len(rest) > longest:
            rest, skipping = b"", True
        if skipping:
            rest = b""
        if found:
            yield found
    if rest or skipping:
        yield [None if skipping else rest]


def _answers(model: Model, lines: list[bytes | None], first: int) -> Iterator[bytes]:
    parsed = [_parse(line) for line in lines]
    good = [row for row in parsed if not isinstance(row, Problem)]
    predicted = iter(_predict(model, good))
    for number, row in enumerate(parsed, start=first + 1):
        outcome = row if isinstance(row, Problem) else next(predicted)
        yield orjson.dumps({"line": number, **_content(model, outcome)}, option=orjson.OPT_APPEND_NEWLINE)


def _parse(line: bytes | None) -> Any:
    """Return the row of a line, or the problem it is."""
    if line is None:
        return Problem("body-too-large", "The line is too long.")
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
    except Problem as problem:
        return [outcome for row in rows for outcome in _predict(model, [row])] if len(rows) > 1 else [problem]
    return [(answer, place) for place in range(len(rows))]


def _content(model: Model, outcome: tuple[Answer, int] | Problem) -> dict[str, Any]:
    if isinstance(outcome, Problem):
        return {"error": outcome.detail, "type": outcome.kind}
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
