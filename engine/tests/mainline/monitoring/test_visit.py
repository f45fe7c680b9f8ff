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
from mainline.repository.git import GitError
from tests import kills
from tests.mainline.monitoring import logs
from tests.mainline.monitoring.machines import Machines
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


def look(store: Store, log: Path | None, package: Path, share: bool = False) -> str:
    """Look once, as the command does, and write the report; return why it is not shared."""
    policy = Monitoring.model_validate(
        {"support": {"min_rows": 1}, "notify": [{"form": "generic", "url_from": "MAINLINE_WEBHOOK"}]}
    )
    asked = inspection.Asked(
        environment="production", policy=policy, evaluation=Evaluation(slice_min_rows=500), bias=5.0, slice_rows=500,
        until=UNTIL, kind=None, fetch=None, written={}, now=UNTIL,
    )  # fmt: skip
    found, away = visit.make(asked, Place(store.folder / "place"), store, [package], log, share)
    visit.write(found, store.folder / "report")
    return away


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


def test_look_while_git_is_away_tells_its_alarms_and_is_shared_by_the_next(
    receiver: Receiver, log: Path, machines: Machines, package_dir: Path, tmp_path: Path
) -> None:
    """Rows are rolled up and the alarm is told; a machine without a log, which sees nothing alone, is refused."""
    machine = machines.start("one")
    os.chdir(machine.clone.path)
    machines.origin.rename(tmp_path / "away.git")
    assert "does not appear to be a git repository" in look(machine.store, log, package_dir, share=True)
    assert "whole numbers: opened" in outcome(machine.store)[1]
    told = len(receiver.taken)
    assert told > 0
    with pytest.raises(GitError, match="does not appear to be a git repository"):
        look(Store(tmp_path / "other"), None, package_dir, share=True)
    (tmp_path / "away.git").rename(machines.origin)
    assert look(machine.store, log, package_dir, share=True) == ""
    assert '"event":"opened"' in machines.files()["alarms.jsonl"]
    assert len(receiver.taken) == told


def test_look_that_git_takes_no_more_is_told_and_is_shared_by_the_next(
    receiver: Receiver, log: Path, machines: Machines, package_dir: Path
) -> None:
    """A server that answers questions and refuses the push: alarms and report are as ever, and the refusal is said."""
    machine = machines.start("one")
    os.chdir(machine.clone.path)
    hook = machines.origin / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    assert "pre-receive hook declined" in look(machine.store, log, package_dir, share=True)
    assert "whole numbers: opened" in outcome(machine.store)[1]
    assert receiver.taken
    hook.unlink()
    assert look(machine.store, log, package_dir, share=True) == ""
    assert '"event":"opened"' in machines.files()["alarms.jsonl"]
