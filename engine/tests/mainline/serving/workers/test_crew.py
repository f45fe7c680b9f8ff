"""What the process that starts the workers says for all of them while one of them ends."""

import asyncio
from types import SimpleNamespace
from typing import Any

from mainline.serving.answering.metrics import Family, render
from mainline.serving.workers.crew import Crew
from mainline.serving.workers.worker import Task
from tests.mainline.serving.workers.test_totals import page

TASK = Task({}, "v1", "models/package", "", False, "", 0, 0.0)


def test_a_worker_that_ends_while_it_is_asked_counts_once() -> None:
    """It is among those that ended by then, so its last page may not come to that: the sum would rise and fall."""
    crew = Crew([], TASK, 1.0)

    def member(number: int, answered: int, ends: bool) -> Any:
        made: Any = SimpleNamespace(number=number, ready={"served": "v1"}, page=page(answered, 0).families)

        async def ask() -> list[Family]:
            if ends:
                crew._retire(made)
            return made.page

        made.ask = ask
        return made

    crew._members = {0: member(0, 2, ends=True), 1: member(1, 3, ends=False)}
    for _ in range(2):
        assert 'answered_total{version="v1"} 5\n' in render(asyncio.run(crew._page())).decode()
