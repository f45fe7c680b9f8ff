"""An experiment as it was before the server started again: its answers and outcomes, read from both logs."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

from mainline.exchange import outcomes
from mainline.serving import json_lines
from mainline.serving.answering.experiment import Experiment, Unit
from mainline.serving.logs import say
from mainline.serving.prediction_log import PATTERN

_SLACK = 60.0
"""Seconds before an experiment's log begins in which its first answers may have been written."""


def resume(experiment: Experiment, file: Path, predictions: Path, closing: Event) -> bool:
    """Remember the answers of an experiment and count its outcomes; say whether all is read.

    Args:
        experiment: nothing is counted of it yet.
        file: the log of its outcomes.
        predictions: the directory of the prediction log.
        closing: once it is set, the rest stays unread.
    """
    lines = json_lines.read(file)  # one by one: the log of a week need not fit into memory
    began = float(next(lines, {}).get("time", 0.0))
    for line in _answers(predictions, began - _SLACK):
        named: list[Any] = [line.get(name) for name in ("request_id", "version", "client")]
        if closing.is_set():
            return False
        if line.get("experiment") == experiment.name and all(type(text) is str for text in named):
            experiment.remember(named[0], Unit(named[1], named[2]))
    for line in lines:
        if closing.is_set():
            return False
        _replay(experiment, line)
    counted = sum(tally["number"] for tally in experiment.tallies.values())
    say("an experiment goes on", experiment=experiment.name, outcomes=counted)
    return True


def _answers(directory: Path, since: float) -> Iterator[dict[str, Any]]:
    """Yield the lines of the prediction log's files that were written to since then and name an experiment."""
    for file in sorted(directory.glob(PATTERN)):
        if file.stat().st_mtime >= since:
            yield from json_lines.read(file, b'"experiment":')


def _replay(experiment: Experiment, line: dict[str, Any]) -> None:
    """Count a line of the log again."""
    try:
        unit = Unit(line["version"], line["client"])
        if "left_out" in line:
            experiment.left_out[line["left_out"]] += 1
        elif not -outcomes.MOST <= line["value"] <= outcomes.MOST:
            raise ValueError("more than an outcome can be")
        elif experiment.find(line["request_id"], line["value"]).fate not in ("repeated", "conflicting"):
            experiment.count(line["request_id"], line["value"], unit)
    except (KeyError, TypeError, ValueError, AttributeError):  # whatever somebody wrote there
        experiment.left_out["unreadable"] += 1
