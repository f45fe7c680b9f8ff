"""What the process that starts the workers says for all of them while one of them ends."""

import asyncio
import json
from pathlib import Path
from time import monotonic
from types import SimpleNamespace
from typing import Any

import pytest

from mainline.exchange.place import Place
from mainline.serving.answering.metrics import Family, render
from mainline.serving.task import Task
from mainline.serving.workers import crew as crews
from mainline.serving.workers.crew import Crew
from tests.mainline.serving.workers.test_totals import page, served

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


def test_follower_is_told_nothing_before_every_ready_worker_has_said_what_it_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that is ready and silent may still lack the routes of which the others speak."""
    monkeypatch.setattr(crews, "REPORT_SECONDS", 0.0)
    place = Place(tmp_path)
    place.make()
    crew = Crew([], TASK, 1.0, place)
    for number in (0, 1):
        crew._members[number] = _ready(number)
    crew._reports.take(0, served(4, 10), {"v1": "d"})

    async def report() -> bool:
        reporting = asyncio.create_task(crew._report())
        for _ in range(20):
            await asyncio.sleep(0)
        reporting.cancel()
        return place.served.exists()

    assert not asyncio.run(report())
    crew._reports.take(1, served(3, 10), {"v1": "d"})
    assert asyncio.run(report())
    assert json.loads(place.served.read_bytes())["revision"] == 3


def _ready(number: int) -> Any:
    """Return a worker that said a moment ago that it goes on."""
    return SimpleNamespace(number=number, ready={"served": "v1"}, reported=monotonic())
