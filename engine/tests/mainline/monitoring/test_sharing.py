"""Several machines, real git and a real store of DVC: what each saw adds up, whoever pushes when."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from mainline.monitoring import alarms, rollup, sharing
from mainline.registry import branches
from mainline.remote import stores
from mainline.repository import git as gits
from tests import kills
from tests.mainline.monitoring import logs
from tests.mainline.monitoring.looks import look, version
from tests.mainline.monitoring.machines import BRANCH, FAILS, Lines, Machine, Machines
from tests.mainline.monitoring.test_promise import made
from tests.project import AUTHOR


@pytest.fixture
def pair(machines: Machines, lines: Lines) -> tuple[Machine, Machine]:
    """Two machines, each of which has rolled up half of the rows."""
    one, other = machines.start("one"), machines.start("other")
    one.roll(lines[:9], "abcdef01")
    other.roll(lines[9:], "abcdef02")
    return one, other


def test_rows_and_alarms_of_two_machines_add_up(pair: tuple[Machine, Machine], lines: Lines) -> None:
    """After each has given and taken once, both count every row, have its columns, and know the same alarm."""
    one, other = pair
    one.give(look("2026-03-01", version(missing_values="fail")))
    assert other.take() == sharing.Taken(1, 0)
    other.give(look("2026-03-02", version(missing_values="fail")))
    assert one.take() == sharing.Taken(1, 0)
    assert (one.rows, other.rows) == (len(lines), len(lines))
    assert one.store.alarms() == other.store.alarms()
    (alarm,) = alarms.fold(alarms.read(one.store.alarms()))
    assert alarm.opened == "2026-03-01T12:00:00Z"
    assert one.take() == sharing.Taken(0, 0)


def test_machine_without_a_log_knows_what_others_saw(
    machines: Machines, pair: tuple[Machine, Machine], lines: Lines
) -> None:
    """A fresh clone, as a workflow has it, takes all rows, and the last result with its alarms."""
    for machine in pair:
        machine.give()
    third = machines.start("third")
    assert third.take().records == 2
    rolled = rollup.roll(None, third.store, {third.packaged.digest: third.packaged})
    assert (rolled.rows, third.rows) == (len(lines), len(lines))
    found, known = sharing.result("production")
    assert (found, [line.event for line in known]) == (FAILS, ["opened"])


def test_longer_record_of_a_file_stays(machines: Machines, lines: Lines) -> None:
    """Of a file that grew the record of more lines counts, whoever gives or takes first."""
    early, late, reader = (machines.start(name) for name in ("early", "late", "reader"))
    early.roll(lines[:5], "abcdef01")
    late.roll(lines, "abcdef01")
    early.give()
    assert late.take() == sharing.Taken(0, 0)
    reader.take()
    assert (late.rows, reader.rows) == (len(lines), 5)
    late.give()
    early.give()
    assert reader.take() == sharing.Taken(1, 0)
    assert early.take() == sharing.Taken(1, 0)
    assert reader.rows == early.rows == len(lines)


def test_alarms_of_machines_that_never_took_are_joined(pair: tuple[Machine, Machine], machines: Machines) -> None:
    """What a machine gives leaves the alarms of others on the branch, and who takes has them beside its own."""
    one, other = pair
    one.give(look("2026-03-01", version(missing_values="fail")))
    other.give(look("2026-03-02", version("v1.1.0", missing_values="fail")))
    one.take()
    for lines in (machines.files()[alarms.FILE].encode(), one.store.alarms()):
        opened = [(alarm.version, alarm.opened[:10]) for alarm in alarms.fold(alarms.read(lines))]
        assert opened == [("v1.0.0", "2026-03-01"), ("v1.1.0", "2026-03-02")]


def test_promises_of_machines_add_up(pair: tuple[Machine, Machine]) -> None:
    """A result that takes the place of another keeps what that one said came true, and who takes knows it."""
    one, other = pair
    first, second = (
        made(name, digest, f"2026-03-0{day}T12:00:00Z", 9.0) for name, digest, day in (("v1", "a", 1), ("v2", "b", 2))
    )
    one.give(FAILS.model_copy(update={"promises": [first]}))
    other.give(look("2026-03-02", version(missing_values="fail")).model_copy(update={"promises": [second]}))
    found, _ = sharing.result("production")
    assert found is not None
    assert found.promises == [first, second]
    one.take()
    assert one.store.promises() == [first, second]


def test_nothing_new_is_not_a_commit(pair: tuple[Machine, Machine]) -> None:
    """Sharing the same again leaves the branch where it is."""
    one, _ = pair
    assert one.give() == one.give()


def test_result_of_the_future_does_not_stay(pair: tuple[Machine, Machine], machines: Machines) -> None:
    """A machine whose clock was wrong shares a look of next year; the next look of today takes its place."""
    one, other = pair
    one.give(look("2027-03-01", version(missing_values="pass")))
    other.give(look("2026-03-02", version(missing_values="pass")))
    assert json.loads(machines.files()["monitoring.json"])["until"] == "2026-03-02T12:00:00Z"


def test_numbers_of_single_rows_are_not_shared(machines: Machines, lines: Lines) -> None:
    """No file of the branch has the smallest or the largest value of a feature or of the predictions."""
    machine = machines.start("one")
    lines[0]["features"]["seats"] = [98_765.4321]
    lines[1]["prediction"] = [1_234.56789]
    machine.roll(lines, "abcdef01")
    (own,) = [rolled.sketch for record in machine.store.records().values() for rolled in record.days]
    assert own.numbers["seats"].high == 98_765.4321
    machine.give()
    (shared,) = [json.loads(content) for name, content in machines.files().items() if name.startswith("files/")]
    sketch = shared["days"][0]["sketch"]
    assert (sketch["numbers"]["seats"]["high"], sketch["predicted"]["high"]) == (100_000.0, 2_000.0)


def test_two_at_once_lose_nothing(pair: tuple[Machine, Machine], machines: Machines, monkeypatch: Any) -> None:
    """A machine that is overtaken between its fetch and its push makes its change again on top of the other's."""
    one, other = pair
    push = branches._move
    overtaken: list[object] = []

    def overtake(*given: str) -> None:
        if not overtaken:
            overtaken.append(given)
            other.give(look("2026-03-02", version(unseen_values="fail")))
            os.chdir(one.clone.path)
        push(*given)

    monkeypatch.setattr(branches, "_move", overtake)
    one.give()
    files = machines.files()
    assert sum(name.startswith("files/") for name in files) == 2
    assert {json.loads(line)["check"] for line in files[alarms.FILE].splitlines()} == {
        "missing values", "unseen values",
    }  # fmt: skip
    assert json.loads(files["monitoring.json"])["until"] == "2026-03-02T12:00:00Z", "the newer result stays"


@pytest.mark.parametrize("how", ["removed", "emptied", "other"])
def test_branch_that_was_pushed_by_force_fills_again(
    pair: tuple[Machine, Machine], machines: Machines, how: str
) -> None:
    """Whatever took the branch away, machines bring back what they have, the age of the alarm included."""
    one, other = pair
    one.give()
    other.take()
    other.give()
    before = machines.files()
    if how == "removed":
        machines.git("update-ref", "-d", f"refs/heads/{BRANCH}")
    else:
        start = machines.git("rev-parse", "main").strip() if how == "other" else _empty(machines)
        machines.git("update-ref", f"refs/heads/{BRANCH}", start)
    one.take()
    one.give()
    other.give()
    assert before.items() <= machines.files().items()


def _empty(machines: Machines) -> str:
    made = machines.git("hash-object", "-t", "tree", "-w", "/dev/null").strip()
    command = [*AUTHOR, "commit-tree", made, "-m", "Force"]
    return machines.git(*command).strip()


def test_kill_at_any_write_leaves_branch_and_store_right(
    pair: tuple[Machine, Machine], machines: Machines, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ended before any call of git or any rename, a machine leaves what it would have begun with, or all of it."""
    one, other = pair
    other.give()
    for stop in range(200):
        with monkeypatch.context() as patch:
            finished = not _killed(one, stop, patch)
        names = [name for name in machines.files() if name.startswith("files/")]
        assert len(names) in (1, 2)
        assert one.rows in (9, len(lines))
        if finished:
            break
        shutil.rmtree(one.store.scratch, ignore_errors=True)
    assert stop > 20
    assert len(names) == 2
    third = machines.start("third")
    third.take()
    assert third.rows == one.rows == len(lines)


def _killed(machine: Machine, stop: int, patch: pytest.MonkeyPatch) -> bool:
    """Take and give until so many calls of git, renames and removals were done; say whether it was killed."""
    kills.before(stop, patch, (gits, "_run"), (os, "replace"), (Path, "replace"))
    try:
        machine.take()
        machine.give()
    except kills.Killed:
        return True
    return False


def test_rare_values_and_keys_are_not_shared(machines: Machines, lines: Lines) -> None:
    """No file of the branch names who asked, which request it was, or a value that few rows have."""
    changed = [logs.changed(line, request_id=f"SECRET-{n}", key="SECRET-KEY") for n, line in enumerate(lines)]
    for line in changed[:9]:
        line["features"]["carrier"] = ["RARE-SECRET"]
    machine = machines.start("one")
    machine.roll(changed, "abcdef01")
    texts = [r.sketch.texts["carrier"] for record in machine.store.records().values() for r in record.days]
    assert texts[0].counts["RARE-SECRET"] == 9
    machine.give()
    files = machines.files()
    assert "SECRET" not in "".join(files.values())
    (shared,) = [json.loads(content) for name, content in files.items() if name.startswith("files/")]
    column = shared["days"][0]["sketch"]["texts"]["carrier"]
    assert sum(column["counts"].values()) + column["others"] + column["missing"] == len(lines)


@pytest.mark.parametrize(
    "changed",
    [
        {"identity": "../../../../../home"},
        {"name": "../x.jsonl"},
        {"content": "../../x"},
        {"days": [{"columns": "../../../etc/passwd"}]},
        {"lines": -1},
    ],
)
def test_record_that_no_machine_writes_is_left_out(
    pair: tuple[Machine, Machine], machines: Machines, changed: dict[str, Any]
) -> None:
    """Whoever may push to the branch writes what they like; nothing of it is written here, and it is counted."""
    one, other = pair
    one.give()
    (name,) = [name for name in machines.files() if name.startswith("files/")]
    record = json.loads(machines.files()[name])
    record |= {key: value for key, value in changed.items() if key != "days"}
    for day in changed.get("days", []):
        record["days"][0] |= day
    _push(one, name, json.dumps(record))
    assert other.take() == sharing.Taken(0, 1)
    assert len(other.store.records()) == 1


@pytest.mark.parametrize(
    "changed", [{"identity": "a/b"}, {"identity": "xyz"}, {"name": "../x.jsonl"}, {"content": "../../x"}]
)
def test_record_that_names_its_place_by_what_it_likes_is_left_out(
    pair: tuple[Machine, Machine], machines: Machines, changed: dict[str, str]
) -> None:
    """Path, name and columns agree with each other, and yet no machine would write a file of that name."""
    one, other = pair
    one.give()
    (name,) = [name for name in machines.files() if name.startswith("files/")]
    record = json.loads(machines.files()[name]) | changed
    for day in record["days"]:
        day["columns"] = other.store.target(record["name"], record["content"], day["day"], day["digest"])
    _push(one, f"files/{record['identity']}.json", json.dumps(record))
    assert other.take().strange == 1
    assert not [path for path in other.store.folder.rglob("*") if path.stem in ("b", "xyz", "x")]


def test_what_no_machine_writes_stops_no_withdrawal(pair: tuple[Machine, Machine], machines: Machines) -> None:
    """Whoever may push to the branch keeps nobody from forgetting a person: their file stays, and records go."""
    one, _ = pair
    one.give()
    (name,) = [name for name in machines.files() if name.startswith("files/")]
    _push(one, "rows/anything.dvc", "outs: 7")
    _push(one, "files/anything.json", "[]")
    sharing.withdraw("production", lambda records: set(records), [stores.open_remote()])
    assert name not in machines.files()
    assert "rows/anything.dvc" in machines.files()


@pytest.mark.parametrize("declared", ["another store before", "none"])
def test_a_store_that_never_had_the_rows_withdraws_none(
    pair: tuple[Machine, Machine], machines: Machines, declared: str
) -> None:
    """Pointers go if every store lacks what they point at, and not for a clone that is told of another store."""
    one, _ = pair
    one.give()
    before = machines.files()
    if declared == "none":
        one.clone.run("dvc", "remote", "remove", "storage")
    else:
        one.clone.run("dvc", "remote", "add", "--default", "newer", str(machines.folder / "newer"))
    remotes = [stores.open_remote(), *map(stores.open_remote, stores.others())]
    sharing.withdraw("production", lambda _: set(), remotes)
    assert any(name.startswith("rows/") for name in before)
    assert machines.files() == before


def _push(machine: Machine, name: str, content: str) -> None:
    run = machine.clone.run
    run("git", "fetch", "--quiet", "origin")
    run("git", "switch", "--quiet", "--detach", f"origin/{BRANCH}")
    (machine.clone.path / name).parent.mkdir(exist_ok=True)
    (machine.clone.path / name).write_text(content)
    run("git", "add", name)
    run("git", "commit", "--quiet", "--all", "--message", "Write anything")
    run("git", "push", "--quiet", "origin", f"HEAD:refs/heads/{BRANCH}")
    run("git", "switch", "--quiet", "main")


def test_without_a_store_rows_stay_and_that_is_said(
    machines: Machines, lines: Lines, capfd: pytest.CaptureFixture[str]
) -> None:
    """Records go to the branch all the same; the machine that takes them lacks the rows, and does not invent any."""
    one, other = machines.start("one"), machines.start("other")
    for machine in (one, other):
        machine.clone.run("dvc", "remote", "remove", "storage")
    one.roll(lines, "abcdef01")
    one.give()
    assert "Rows stay on this machine" in capfd.readouterr().out
    assert not [name for name in machines.files() if name.endswith(".dvc")]
    assert other.take() == sharing.Taken(1, 0)
    (record,) = other.store.records().values()
    assert record.rows == len(lines)
    assert not (other.store.folder / record.days[0].columns).exists()


def test_rows_that_waited_for_their_package_replace_the_record_that_had_none(
    pair: tuple[Machine, Machine], machines: Machines, lines: Lines
) -> None:
    """A machine that got the package later shares the rows, and a machine that knew the file alone takes them."""
    first, reader = machines.start("first-look"), pair[1]
    logs.write(first.log, logs.encode(*lines), writer="abcdef03")
    rollup.roll(first.log, first.store, {})
    first.give()
    reader.take()
    before = reader.rows
    rollup.roll(first.log, first.store, {machines.packaged.digest: machines.packaged})
    first.give()
    reader.take()
    assert reader.rows == before + len(lines)
