"""What comes of tasks that are done at the same time, when all are tried once."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from mainline.errors import WorkerError
from mainline.model.boosting.network import Address
from mainline.stages.failures import Failure
from mainline.stages.tasks import Outcome, Task, Work

GRACE = 3.0
"""Seconds that the others have to end when one did not do its task: who died says more than who noticed."""


class Lost(NamedTuple):
    """A task whose process was ended; how it is said after so many times."""

    error: Callable[[int], WorkerError]


Answer = Outcome | Failure | Lost
Attempt = Callable[[Work, Sequence[Task]], Mapping[int, Answer]]
"""Does tasks once and returns what came of each, by its place; what is not there was given up."""


def gathered(answers: Callable[[], Iterator[tuple[int, Answer]]], number: int) -> dict[int, Answer]:
    """Collect the answers of so many tasks, by place; once one failed, those that come soon after."""
    found: dict[int, Answer] = {}
    end = float("inf")
    while len(found) < number and time.monotonic() < end:
        for place, answer in answers():
            found[place] = answer
            if not isinstance(answer, Outcome):
                end = min(end, time.monotonic() + GRACE)
    return found


def told(tasks: Sequence[Task], addresses: Sequence[Address]) -> list[Task]:
    """Return the tasks with the addresses of all among their arguments."""
    return [replace(task, arguments=(*task.arguments, tuple(addresses))) for task in tasks]
