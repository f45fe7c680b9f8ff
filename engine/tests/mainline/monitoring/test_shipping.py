"""A server's log into the store and out of it: nothing lost, nothing counted twice, wherever it is killed."""

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from mainline import files
from mainline.declared.monitoring import Keep
from mainline.declared.service import Log
from mainline.errors import MainlineError
from mainline.exchange.place import Place
from mainline.monitoring import logfiles, retention, rollup, shared_rows, sharing, shipping
from mainline.monitoring.shipping import NOTES
from mainline.privacy import erasure
from mainline.privacy.logs import Kept
from mainline.privacy.traces import Sought
from mainline.remote import shipments, stores
from mainline.repository import tree
from mainline.serving.answering.metrics import ServiceMetrics
from mainline.serving.prediction_log import PATTERN, PredictionLog
from tests import kills
from tests.faulty_proxy import Fault, FaultyProxy, Kind
from tests.mainline.monitoring import logs
from tests.mainline.monitoring.looks import look, version
from tests.mainline.monitoring.machines import NOW, Lines, Machine, Machines
from tests.mainline.serving.running import wait_for
from tests.object_store import KEY, SECRET, ObjectStore
from tests.project import LIMIT, SEARCH_PATH

FOUND = look("2026-03-01", version(missing_values="pass"))
SINCE = retention.horizon(FOUND.until, NOW, Keep())
MARK = "0a1b2c3d"


@pytest.fixture
def server(machines: Machines, lines: Lines) -> Machine:
    """A machine whose server wrote three files, and a clone of the repository on it."""
    made = machines.start("server")
    for number, part in enumerate((lines[:5], lines[5:12], lines[12:]), 1):
        logs.write(made.log, logs.encode(*part), number=number)
    os.chdir(made.clone.path)
    return made


def waiting() -> list[str]:
    """Return the names of the files that are in the store."""
    return [Path(path).name for path in shipments.listing(stores.open_remote(), "production")]


def monitor(machine: Machine) -> rollup.Summary:
    """Take in what was shipped, share it, and take it out of the store, as `./mainline monitor --share` does."""
    os.chdir(machine.clone.path)
    sharing.take(machine.store, "production", 31)
    shipping.receive(machine.store, "production")
    found = rollup.roll(None, machine.store, {machine.packaged.digest: machine.packaged})
    commit = sharing.give(machine.store, "production", FOUND, lambda *_: frozenset(), Keep(), NOW)
    shipping.settle(machine.store, "production", commit, SINCE)
    return found


def test_each_file_is_shipped_once_under_a_name_of_its_own(server: Machine) -> None:
    """The name has the server's own, the machine and the content; a second look sends nothing, a new file is sent."""
    first = shipping.ship(server.log, "production", MARK)
    assert (first.files, first.written) == (3, 0)
    assert first.size == sum(path.stat().st_size for path in server.log.glob(PATTERN))
    names = waiting()
    assert {name.split(".")[1] for name in names} == {MARK}
    assert {name.split(".")[0] for name in names} == {path.stem for path in server.log.glob(PATTERN)}
    assert shipping.ship(server.log, "production", MARK).files == 0
    logs.write(server.log, b'{"time": "2026-03-01T01:00:00.000+00:00"}\n', writer="abcdef02")
    assert shipping.ship(server.log, "production", MARK).files == 1


def test_what_a_server_writes_while_others_are_sent_is_shipped(
    server: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was seen half, and the server ended it before its turn came: its last line would be in no store."""
    last = max(server.log.glob(PATTERN))
    whole = last.read_bytes()
    last.write_bytes(b"".join(whole.splitlines(keepends=True)[:-1]))
    send = shipments.send

    def go_on(*arguments: Any) -> None:
        last.write_bytes(whole)
        send(*arguments)

    monkeypatch.setattr(shipments, "send", go_on)
    shipping.ship(server.log, "production", MARK)
    assert sorted(shipments.listing(stores.open_remote(), "production").values()) == sorted(
        path.stat().st_size for path in server.log.glob(PATTERN)
    )


def test_notes_of_what_was_shipped_are_no_files_of_the_log(server: Machine) -> None:
    """They have the same names, so a roll-up on that machine would take their lines for spoiled ones."""
    before = logfiles.find(server.log)
    shipping.ship(server.log, "production", MARK)
    assert logfiles.find(server.log) == before


def test_a_note_goes_with_its_file(server: Machine) -> None:
    """The log forgets old files, and so do its notes."""
    shipping.ship(server.log, "production", MARK)
    for path in server.log.glob(PATTERN):
        path.unlink()
    shipping.ship(server.log, "production", MARK)
    assert not list((server.log / NOTES).glob(PATTERN))


def test_two_that_ship_one_log_are_refused(server: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second would remove what the first is sending; the first goes on."""
    send, refused = shipments.send, []

    def beside(*arguments: Any) -> None:
        with pytest.raises(MainlineError, match=r"another .+ship. runs here") as found:
            shipping.ship(server.log, "production", MARK)
        refused.append(found)
        send(*arguments)

    monkeypatch.setattr(shipments, "send", beside)
    assert shipping.ship(server.log, "production", MARK).files == len(refused) == 3


def test_what_was_shipped_is_rolled_up_and_leaves_the_store(
    machines: Machines,
    server: Machine,
    lines: Lines,
) -> None:
    """A machine without a log has every row once, shares them, and the store keeps no raw line."""
    shipping.ship(server.log, "production", MARK)
    reader = machines.start("reader")
    found = monitor(reader)
    assert (found.rows, found.missing, found.copies) == (len(lines), (), ())
    assert waiting() == []
    assert not list(reader.store.folder.glob("received/*/*"))
    third = machines.start("third")
    os.chdir(third.clone.path)
    sharing.take(third.store, "production", 31)
    assert third.rows == len(lines)


def test_file_that_another_machine_took_out_of_the_store_goes_here_too(machines: Machines, server: Machine) -> None:
    """Both had brought it before one of them shared it; no raw line stays with the other."""
    shipping.ship(server.log, "production", MARK)
    slower = machines.start("slower")
    shipping.receive(slower.store, "production")
    monitor(machines.start("reader"))
    assert waiting() == []
    monitor(slower)
    assert not list(slower.store.folder.glob("received/*/*"))


def test_file_that_is_shipped_again_counts_once(machines: Machines, server: Machine, lines: Lines) -> None:
    """Where the note of it was lost, a file comes again, also after monitoring has read it; no row counts twice."""
    reader = machines.start("reader")
    for _ in range(2):
        os.chdir(server.clone.path)
        shipping.ship(server.log, "production", MARK)
        for note in (server.log / NOTES).iterdir():
            note.unlink()
        assert monitor(reader).rows == len(lines)
        assert waiting() == []


def test_file_that_a_server_writes_to_waits(machines: Machines, lines: Lines) -> None:
    """As long as it is open nobody ships it, however old it is; once it ended its rows are there."""
    machine = machines.start("one")
    os.chdir(machine.clone.path)
    log = PredictionLog(machine.log, Log(flush_seconds=0.01, rotate_bytes=2**20), ServiceMetrics())
    log.start()
    log.add(logs.encode(*lines), len(lines))
    wait_for(lambda: bool(list(machine.log.glob(PATTERN))))
    assert shipping.ship(machine.log, "production", MARK) == shipping.Shipped(0, 0, 1)
    log.close()
    assert shipping.ship(machine.log, "production", MARK).files == 1
    assert monitor(machine).rows == len(lines)


def test_file_ends_in_time_also_without_traffic(tmp_path: Path, lines: Lines) -> None:
    """After `ship_seconds` a file is ended, whatever its size, and the next row begins another one."""
    log = PredictionLog(tmp_path, Log(flush_seconds=0.01, ship_seconds=0.05), ServiceMetrics())
    log.start()
    log.add(logs.encode(lines[0]), 1)
    wait_for(lambda: bool(found := logfiles.find(tmp_path).files) and not shipping._is_written(found[0]))
    log.add(logs.encode(lines[1]), 1)
    wait_for(lambda: len(logfiles.find(tmp_path).files) == 2)
    log.close()


def test_half_a_line_is_not_shipped(machines: Machines, server: Machine, lines: Lines) -> None:
    """A server that was killed within a line left the whole ones before it."""
    with (server.log / "predictions-20260301T000000-abcdef01-000003.jsonl").open("ab") as file:
        file.write(b'{"time": "2026')
    shipping.ship(server.log, "production", MARK)
    assert monitor(machines.start("reader")).rows == len(lines)
    assert waiting() == []


SENDING = ((logfiles, "take"), (shipments, "send"), (files, "replace"))


def test_shipping_killed_at_any_point_loses_and_doubles_nothing(
    machines: Machines,
    server: Machine,
    lines: Lines,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Killed before each thing that it does, it goes on at the next start, and every row is rolled up once."""
    for stop in range(40):
        for note in [*(server.log / NOTES).glob("*")]:
            note.unlink()
        with monkeypatch.context() as patch:
            kills.before(stop, patch, *SENDING)
            try:
                shipping.ship(server.log, "production", MARK)
            except kills.Killed:
                finished = False
            else:
                finished = True
        shipping.ship(server.log, "production", MARK)
        assert len(waiting()) == 3
        if finished:
            break
    assert stop == 9
    assert monitor(machines.start("reader")).rows == len(lines)


TAKING = ((shipments, "fetch"), (os, "replace"), (tree, "commit"), (shipments, "remove"))


@pytest.mark.parametrize("step", [7, pytest.param(1, marks=pytest.mark.slow)])
def test_monitoring_killed_at_any_point_loses_and_doubles_nothing(
    step: int,
    machines: Machines,
    server: Machine,
    lines: Lines,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Killed before each file that it brings, writes, shares or takes out, the next look has every row once."""
    for stop in range(0, 200, step):
        reader = machines.start(f"reader-{stop}")
        os.chdir(server.clone.path)
        for note in [*(server.log / NOTES).glob("*")]:
            note.unlink()
        shipping.ship(server.log, "production", MARK)
        with monkeypatch.context() as patch:
            kills.before(stop, patch, *TAKING)
            try:
                monitor(reader)
            except kills.Killed:
                finished = False
            else:
                finished = True
        assert monitor(reader).rows == len(lines)
        assert waiting() == []
        if finished:
            break
    assert finished
    assert stop > 6


def test_rows_that_nobody_else_has_stay_in_the_store(
    machines: Machines,
    server: Machine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where the rows of a record did not reach the store, the raw file does not leave it."""
    shipping.ship(server.log, "production", MARK)
    monkeypatch.setattr(shared_rows, "give", lambda *_: {})
    monitor(machines.start("reader"))
    assert len(waiting()) == 3


def test_file_of_a_package_that_is_not_here_stays(
    machines: Machines,
    server: Machine,
) -> None:
    """Lines that wait for their package are not taken out of the store; with it they are rolled up and leave."""
    shipping.ship(server.log, "production", MARK)
    reader = machines.start("reader")
    os.chdir(reader.clone.path)
    shipping.receive(reader.store, "production")
    assert sum(rollup.roll(None, reader.store, {}).unknown.values()) == 20
    commit = sharing.give(reader.store, "production", FOUND, lambda *_: frozenset(), Keep(), NOW)
    assert shipping.settle(reader.store, "production", commit, SINCE) == 0
    assert monitor(reader).rows == 20
    assert waiting() == []


def test_changed_file_is_refused(machines: Machines, server: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not what was sent is not rolled up; the line names it, and the file stays."""
    shipping.ship(server.log, "production", MARK)
    remote = stores.open_remote()
    path = min(shipments.listing(remote, "production"))
    Path(path).write_bytes(Path(path).read_bytes()[:-2] + b"x\n")
    monkeypatch.setattr("mainline.remote.store._WAIT", 0.0)
    reader = machines.start("reader")
    os.chdir(reader.clone.path)
    with pytest.raises(MainlineError, match=f"gives another content of .*{Path(path).name} than was sent"):
        shipping.receive(reader.store, "production")
    assert not list(reader.store.folder.glob("received/*/*"))


def declare(machine: Machine, **log: Any) -> None:
    """Write the environment of a clone."""
    folder = machine.clone.path / "deploy"
    folder.mkdir()
    promotion = {"after": None, "approval": "automatic", "signature": "optional"}
    section = {"promotion": promotion, "service": {"log": {"directory": str(machine.log), **log}}}
    (folder / "production.yaml").write_text(yaml.safe_dump(section))


def command(machine: Machine, *words: str) -> "subprocess.Popen[str]":
    """Start a command in a clone."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "mainline", *words], cwd=machine.clone.path, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | {"PYTHONPATH": SEARCH_PATH},
    )  # fmt: skip


def test_nothing_is_shipped_that_is_not_declared(server: Machine) -> None:
    """Without `ship_seconds` nobody would read it: one line says what to declare."""
    declare(server)
    with command(server, "ship") as process:
        _, errors = process.communicate(timeout=LIMIT)
    assert process.returncode == 1
    assert errors.startswith("mainline: deploy/production.yaml: service.log.ship_seconds: is null")
    assert len(errors.splitlines()) == 1


def test_nobody_is_forgotten_while_files_wait(machines: Machines, server: Machine) -> None:
    """What is in the store alone is not searched: `forget` says what takes it in first, and goes on after that."""
    declare(server, ship_seconds=600)
    shipping.ship(server.log, "production", MARK)
    with pytest.raises(MainlineError, match=r"^3 files of the log of production wait .*monitor --environment produ"):
        erasure._require_settled()
    monitor(machines.start("reader"))
    os.chdir(server.clone.path)
    erasure._require_settled()


def forget(machine: Machine, lines: Lines) -> Sought:
    """Take the rows of the first flight out of a log."""
    sought = Sought("flight", (str(lines[0]["inputs"]["flight"][0]),), None)
    kept = Kept(machine.log, Place(machine.log.parent / "place"))
    kept.remove(kept.find(sought), sought)
    return sought


def test_rows_that_a_killed_shipper_held_are_forgotten(server: Machine, lines: Lines) -> None:
    """It held a file of the log by a link, which still has the lines that the log itself has no more."""
    first = logfiles.find(server.log).files[0]
    (server.log / NOTES).mkdir()
    logfiles.take(first, server.log / NOTES / f"{first.name}.sending", ended=True)
    sought = forget(server, lines)
    assert not [path for path in server.log.rglob("*") if path.is_file() and sought.in_file(path.read_bytes())]


def test_nobody_is_forgotten_while_the_log_is_shipped(
    server: Machine, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is on its way would be found nowhere; no file of the log is changed, and shipping goes on."""
    send, before = shipments.send, logfiles.find(server.log)

    def beside(*arguments: Any) -> None:
        with pytest.raises(MainlineError, match=r"another .+ship. runs here"):
            forget(server, lines)
        send(*arguments)

    monkeypatch.setattr(shipments, "send", beside)
    assert shipping.ship(server.log, "production", MARK).files == 3
    assert logfiles.find(server.log) == before


def test_watch_ships_what_is_left_when_it_is_told_to_stop(server: Machine) -> None:
    """It ships what has ended, and after SIGTERM what has ended since."""
    declare(server, ship_seconds=600)
    open_file = PredictionLog(server.log, Log(flush_seconds=0.01), ServiceMetrics())
    open_file.start()
    open_file.add(b'{"time": "2026-03-01T01:00:00.000+00:00"}\n', 1)
    wait_for(lambda: len(list(server.log.glob(PATTERN))) == 4)
    with command(server, "ship", "--watch") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("3 files shipped, 0.0 MiB; a server still writes to 1.")
        open_file.close()
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=LIMIT)
    assert process.returncode == 0
    assert output.splitlines()[-1] == "Stopped after 4 files."
    assert len(waiting()) == 4


@pytest.fixture
def bucket(server: Machine, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """The same, with the keys of a real bucket."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    return server


def point(machine: Machine, endpoint: str) -> None:
    """Let a clone's store be the bucket, at an address."""
    os.chdir(machine.clone.path)
    folder = f"s3://dvc/{machine.clone.path.parent.parent.parent.name}"
    machine.clone.run("dvc", "remote", "modify", "--local", "--quiet", "storage", "url", folder)
    machine.clone.run("dvc", "remote", "modify", "--local", "--quiet", "storage", "endpointurl", endpoint)


@pytest.mark.parametrize("rounds", [1, pytest.param(6, marks=pytest.mark.slow)])
def test_log_through_a_store_that_breaks_connections_at_random(
    rounds: int,
    machines: Machines,
    bucket: Machine,
    object_store: ObjectStore,
    lines: Lines,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However connections break on both ways, in the end every row is rolled up once and the bucket is empty."""
    monkeypatch.setattr("mainline.remote.store._WAIT", 0.0)
    chosen, reader, failed = random.Random(2013), machines.start("reader"), Counter[str]()  # noqa: S311 - repeatable
    kinds: tuple[Kind, ...] = ("reset", "truncate", "error 503", "error 500", "flip", "flip sent")
    with FaultyProxy(int(object_store.endpoint.rpartition(":")[2])) as proxy:
        for machine in (bucket, reader):
            point(machine, proxy.endpoint)
        for number in range(4, 4 + rounds):
            more = [logs.changed(line, trace_id=f"{number:016x}{place:016x}") for place, line in enumerate(lines)]
            logs.write(bucket.log, logs.encode(*more), number=number)
            for work in (lambda: shipping.ship(bucket.log, "production", MARK), lambda: monitor(reader)):
                os.chdir(bucket.clone.path)
                hits, skipped, after = chosen.randint(1, 9), chosen.randint(0, 5), chosen.randint(1, 300)
                proxy.fault = Fault(chosen.choice(kinds), hits, skipped, after)
                try:
                    work()
                except MainlineError as error:
                    failed[type(error).__name__] += 1
        proxy.fault = None
        os.chdir(bucket.clone.path)
        shipping.ship(bucket.log, "production", MARK)
        found = monitor(reader)
        left = waiting()
    assert failed or rounds == 1
    assert (found.rows, found.bad, found.missing, left) == (len(lines) * (1 + rounds), 0, (), [])
