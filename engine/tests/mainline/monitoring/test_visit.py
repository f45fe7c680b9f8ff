"""A whole look at production that is killed before any of its writes: the next look is as if nothing had happened."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mainline.declared.monitoring import Monitoring
from mainline.declared.params import Evaluation
from mainline.exchange.place import Place
from mainline.monitoring import alarms, inspection, visit
from mainline.monitoring.store import Store
from tests import kills
from tests.mainline.monitoring import logs
from tests.receiver import Receiver, receiving

Lines = list[dict[str, Any]]
UNTIL = datetime(2026, 3, 1, 23, tzinfo=UTC)


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A receiver of messages about alarms."""
    with receiving() as found:
        monkeypatch.setenv("MAINLINE_WEBHOOK", found.url)
        yield found


@pytest.fixture
def log(tmp_path: Path, lines: Lines) -> Path:
    """A log in which all delays are fractions, so that a check fails."""
    for line in lines:
        line["features"]["dep_delay"] = [0.5]
    logs.write(tmp_path / "log", logs.encode(*lines))
    return tmp_path / "log"


def look(store: Store, log: Path, package: Path) -> None:
    """Look once, as the command does, and write the report."""
    policy = Monitoring.model_validate(
        {"support": {"min_rows": 1}, "notify": [{"form": "generic", "url_from": "MAINLINE_WEBHOOK"}]}
    )
    asked = inspection.Asked(
        environment="production", policy=policy, evaluation=Evaluation(slice_min_rows=500), bias=5.0, slice_rows=500,
        until=UNTIL, kind=None, fetch=None, written={}, now=UNTIL,
    )  # fmt: skip
    visit.write(visit.make(asked, Place(store.folder / "place"), store, [package], log), store.folder / "report")


def outcome(store: Store) -> tuple[dict[str, Any], list[str], list[str]]:
    """Return the report, what happened to alarms, and the names of files that no look leaves."""
    document = json.loads((store.folder / "report" / "monitoring.json").read_bytes())
    happened = [f"{line.check}: {line.event}" for line in alarms.read(store.alarms())]
    return document, happened, [path.name for path in store.folder.rglob("*") if path.name.endswith(".partial")]


def test_look_that_is_killed_at_any_write_is_made_again(
    receiver: Receiver, log: Path, package_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report and alarms of the next look are those of one look, and no message comes twice under two names."""
    whole = Store(tmp_path / "whole")
    look(whole, log, package_dir)
    told = {message["id"] for message in receiver.taken}
    assert "whole numbers: opened" in outcome(whole)[1]
    assert len(told) == len(receiver.taken) == len(outcome(whole)[1])
    killed = True
    for stop in range(100):
        receiver.taken.clear()
        store = Store(tmp_path / f"store-{stop}")
        with monkeypatch.context() as patch:
            kills.before(stop, patch, (os, "replace"), (Path, "replace"), (Path, "unlink"))
            try:
                look(store, log, package_dir)
                killed = False
            except kills.Killed:
                pass
        look(store, log, package_dir)
        assert outcome(store) == outcome(whole)
        assert {message["id"] for message in receiver.taken} == told
        if not killed:
            break
    assert not killed
    assert stop >= 10, "rows, record, sketch, alarms, promises, messages and three forms of the report are written"
