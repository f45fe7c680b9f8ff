"""The branch of monitoring does not grow for ever: what is old goes, and nothing that is kept is lost."""

import os
from datetime import date, timedelta
from typing import Any

import pytest

from mainline.declared.monitoring import Keep
from mainline.monitoring import alarms, counters, rollup
from mainline.monitoring.store import DROPPED, read_dropped
from mainline.registry import branches
from tests.mainline.monitoring import logs
from tests.mainline.monitoring.looks import look, version
from tests.mainline.monitoring.machines import BRANCH, Machine, Machines

FIRST = date(2024, 3, 1)
WRITER = "abcdef01"
Lines = list[dict[str, Any]]


def live(machine: Machine, lines: Lines, count: int, first: int = 0) -> None:
    """Let a server write a file of three rows each 40 days, and share the last look."""
    for number in range(first, first + count):
        day = (FIRST + timedelta(40 * number)).isoformat()
        moved = [
            logs.changed(line, time=f"{day}T12:00:00.000+00:00", request_id=f"{number}-{place}")
            for place, line in enumerate(lines[:3])
        ]
        logs.write(machine.log, logs.encode(*moved), number=number + 1, writer=WRITER)
    rollup.roll(machine.log, machine.store, {machine.packaged.digest: machine.packaged})
    machine.give(look(day, version(missing_values="pass")))


def held(machines: Machines, folder: str) -> list[str]:
    """Name the files of a folder of the branch."""
    return [name for name in machines.files() if name.startswith(f"{folder}/")]


def test_old_records_and_pointers_go(machines: Machines, lines: Lines) -> None:
    """Of eight files over 280 days, those of the declared days are kept, and pointers to rows for fewer days."""
    machine = machines.start("one")
    machine.keep = Keep(days=100, rows_days=50)
    live(machine, lines, 4)
    assert len(held(machines, "files")) == 3
    live(machine, lines, 4, first=4)
    assert len(held(machines, "files")) == 3
    assert len(held(machines, "rows")) == 2
    assert read_dropped(machines.files()[DROPPED].encode()).of(WRITER).model_dump() == {"number": 5, "rows": 15}


def test_what_went_does_not_count_as_lost(machines: Machines, lines: Lines) -> None:
    """A machine that takes what is left misses no file, and a server that counted all rows lacks none."""
    machine = machines.start("one")
    machine.keep = Keep(days=100)
    live(machine, lines, 8)
    fresh = machines.start("fresh")
    assert fresh.take().records == 3
    for one in (fresh, machine):
        one.take()
        summary = rollup.roll(None, one.store, {one.packaged.digest: one.packaged})
        assert summary.missing == ()
        assert counters.lacking(summary, {WRITER: 24}) == {}
        assert counters.lacking(summary, {WRITER: 25}) == {WRITER: 1}


def test_hole_among_what_is_kept_is_still_said(machines: Machines, lines: Lines) -> None:
    """A file that was never rolled up is missing, though older ones went by the rule."""
    machine = machines.start("one")
    machine.keep = Keep(days=100)
    live(machine, lines, 6)
    live(machine, lines, 1, first=7)
    fresh = machines.start("fresh")
    fresh.take()
    summary = rollup.roll(None, fresh.store, {fresh.packaged.digest: fresh.packaged})
    assert summary.missing == (f"{WRITER}-000007",)


def test_machine_that_still_has_old_records_does_not_bring_them_back(machines: Machines, lines: Lines) -> None:
    """Whoever took everything before, and whoever knows of nothing that went, ends at the same files."""
    one, other = machines.start("one"), machines.start("other")
    live(one, lines, 8)
    other.take()
    assert len(held(machines, "files")) == 8
    for machine in (one, other):
        machine.keep = Keep(days=100)
    day = (FIRST + timedelta(280)).isoformat()
    one.give(look(day, version(missing_values="pass")))
    before = machines.files()
    assert other.give(look(day, version(missing_values="pass"))) == machines.git("rev-parse", BRANCH).strip()
    assert machines.files() == before
    assert len(held(machines, "files")) == 3


def test_look_as_of_a_time_to_come_lets_nothing_go(machines: Machines, lines: Lines) -> None:
    """Days are counted back from now, which is the first of June 2026, if the look is as of a later time."""
    machine = machines.start("one")
    live(machine, lines, 1)
    recent = [logs.changed(lines[0], time="2026-05-20T12:00:00.000+00:00")]
    logs.write(machine.log, logs.encode(*recent), writer="abcdef02")
    rollup.roll(machine.log, machine.store, {machine.packaged.digest: machine.packaged})
    machine.keep = Keep(days=31, rows_days=31)
    machine.give(look("2999-01-01", version(missing_values="pass")))
    assert len(held(machines, "files")) == 1
    assert len(held(machines, "rows")) == 1


def test_history_begins_anew_and_a_writer_beside_it_loses_nothing(
    machines: Machines, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The branch has at most the declared commits; a machine that knew the old history adds its file on the new one."""
    one, other = machines.start("one"), machines.start("other")
    for machine in (one, other):
        machine.keep = Keep(days=4000, rows_days=4000, looks=4)
    for number in range(4):
        live(one, lines, 1, first=number)
    other.take()
    logs.write(other.log, logs.encode(*lines[9:]), writer="abcdef02")
    rollup.roll(other.log, other.store, {other.packaged.digest: other.packaged})
    push = branches._move
    overtaken: list[object] = []

    def overtake(*given: str) -> None:
        if not overtaken:
            overtaken.append(given)
            live(one, lines, 1, first=4)
            os.chdir(other.clone.path)
        push(*given)

    monkeypatch.setattr(branches, "_move", overtake)
    other.give(look("2024-12-31", version(missing_values="pass")))
    assert int(machines.git("rev-list", "--count", BRANCH)) == 2
    assert len(held(machines, "files")) == 6


def test_alarm_that_was_closed_long_ago_goes(machines: Machines, lines: Lines) -> None:
    """Lines of an open alarm stay however old they are, those of a closed one as long as declared."""
    machine = machines.start("one")
    machine.keep = Keep(days=100)
    live(machine, lines, 1)
    machine.give(look("2024-03-02", version(missing_values="fail", skill="fail")))
    for day in ("2024-03-03", "2024-03-20"):
        machine.give(look(day, version(missing_values="pass", skill="fail")))
    assert {line.check for line in read(machines)} == {"missing values", "skill"}
    machine.give(look("2024-09-01", version(missing_values="pass", skill="fail")))
    assert [(line.check, line.event) for line in read(machines)] == [("skill", "opened")]


def read(machines: Machines) -> list[alarms.Line]:
    """Return the lines of alarms on the branch."""
    return alarms.read(machines.files()[alarms.FILE].encode())


def test_results_by_day_of_before_go(machines: Machines, lines: Lines) -> None:
    """Nobody reads them, so the first look removes what an earlier version of the machinery put there."""
    machine = machines.start("one")
    live(machine, lines, 1)
    run = machine.clone.run
    run("git", "fetch", "--quiet", "origin")
    run("git", "switch", "--quiet", "--detach", f"origin/{BRANCH}")
    (machine.clone.path / "results").mkdir()
    (machine.clone.path / "results/2024-03-01.json").write_text("{}")
    run("git", "add", "results")
    run("git", "commit", "--quiet", "--message", "Before")
    run("git", "push", "--quiet", "origin", f"HEAD:refs/heads/{BRANCH}")
    machine.give(look("2024-03-02", version(missing_values="pass")))
    assert held(machines, "results") == []
