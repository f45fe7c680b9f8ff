"""Several servers with one rollout, under load, while the follower that decides is killed or stopped."""

import contextlib
import json
import os
import signal
from pathlib import Path

import psutil
import pytest
import yaml

from tests.end_to_end.load import Load
from tests.end_to_end.several_servers import SERVERS, Server, record, servers, steps_taken, told, wait, wait_for_all
from tests.end_to_end.whole_loop import POLICY, World, create
from tests.project import Project

KILLS = 40
"""More than a rollout has transitions, each with a kill before it is written to git and one after it."""
TOGETHER = {**POLICY, "together": {"silent": 60}, "follow": {"interval": 2.0, "jitter": 0.1}}
KILLED = f"""
import os, pathlib, signal
from mainline.rollout.together import board
write = board.Board.write_record
mark = pathlib.Path(os.environ["MARKS"])
def kill(self, record, before, *more):
    progress = record.decided.progress
    step = [progress.step, progress.live is None, progress.measured > 0] if progress else []
    transition = f"{{record.decided.stable}} {{step}}"
    done = mark.read_text().splitlines() if mark.exists() else []
    if done.count(transition) < 2 and len(done) < {KILLS}:
        with mark.open("a") as file:
            file.write(transition + "\\n")
        if done.count(transition): write(self, record, before, *more)
        os.kill(os.getpid(), signal.SIGKILL)
    return write(self, record, before, *more)
board.Board.write_record = kill
from mainline.__main__ import main
main()
"""

STOPS = 6
STOPPED = f"""
import os, pathlib, signal
from mainline.rollout.together import board
write = board.Board.write_record
mark = pathlib.Path(os.environ["MARKS"])
def note(what):
    with mark.open("a") as file:
        file.write(what + "\\n")
def stop(self, record, before, *more):
    progress = record.decided.progress
    step = f"{{progress.step}} {{progress.live is None}}" if progress else f"{{record.decided.stable}}"
    done = [line for line in (mark.read_text().splitlines() if mark.exists() else []) if line != "refused"]
    if not record.beat or step in done or len(done) >= {STOPS}:
        return write(self, record, before, *more)
    note(step)
    if len(done) % 2:
        made = write(self, record, before, *more)
        os.kill(os.getpid(), signal.SIGSTOP)
        return made
    os.kill(os.getpid(), signal.SIGSTOP)
    try:
        return write(self, record, before, *more)
    except board.LostError:
        note("refused")
        raise
board.Board.write_record = stop
from mainline.__main__ import main
main()
"""


@pytest.mark.slow
def test_leader_killed_at_every_transition(small_project: Project, tmp_path: Path) -> None:
    """SIGKILL before and after each write of the record: no request fails, one verdict, and each step once."""
    world = create(tmp_path, small_project.twin(tmp_path / "project"), None, TOGETHER)
    world.release("Train a first model", model={"params": {"max_iter": 20}})
    rows = json.loads((world.project.path / "models/package/golden.json").read_text())["requests"]
    with servers(world, KILLED) as started:
        wait_for_all(started, "v1.0.0")
        with contextlib.ExitStack() as loads:
            asked = [loads.enter_context(Load(one.port, world.keys[:2], rows, rate=20.0)) for one in started]
            world.release("Train longer", model={"params": {"max_iter": 40}})
            wait_for_all(started, "v1.1.0")
        wait(started, lambda: len(told(world)) > 1)
        assert told(world) == [("served", "v1.0.0"), ("served", "v1.1.0")]
        answers = [answer for load in asked for answer in load.answers]
        assert [answer for load in asked for answer in load.failed] == []
        assert steps_taken(started[0], "v1.1.0") == [f"{number} of 7" for number in range(1, 8)]
        kills = sum(server.kills for server in started)
        assert kills >= 10
        assert record(world)["term"] > 5
        print(f"{kills} kills, {record(world)['term']} terms, {len(answers):,} requests to {SERVERS} servers, 0 failed")


@pytest.mark.slow
def test_leader_stopped_for_longer_than_its_lease(small_project: Project, tmp_path: Path) -> None:
    """SIGSTOP before or after a write, SIGCONT once another one decides: what it writes then is refused.

    Each server has two workers, and all of them one cache of packages.
    """
    world = create(tmp_path, small_project.twin(tmp_path / "project"), None, TOGETHER)
    for file, sections in (
        (world.project.path / "deploy/production.yaml", {"packages": {"cache": str(tmp_path / "cache")}}),
        (tmp_path / "service.yaml", {"service": {"workers": 2}}),
    ):
        declared = yaml.safe_load(file.read_text())
        for name, section in sections.items():
            declared[name] = {**declared.get(name, {}), **section}
        file.write_text(yaml.safe_dump(declared, sort_keys=False))
    world.release("Train a first model", model={"params": {"max_iter": 20}})
    rows = json.loads((world.project.path / "models/package/golden.json").read_text())["requests"]
    with servers(world, STOPPED) as started:
        stopped: dict[int, int] = {}
        wait(started, lambda: _resume(world, started, stopped) and all(one.serves("v1.0.0") for one in started))
        with contextlib.ExitStack() as loads:
            asked = [loads.enter_context(Load(one.port, world.keys[:2], rows, rate=20.0)) for one in started]
            world.release("Train longer", model={"params": {"max_iter": 40}})
            wait(started, lambda: _resume(world, started, stopped) and all(one.serves("v1.1.0") for one in started))
        wait(started, lambda: _resume(world, started, stopped) and len(told(world)) > 1)
        assert told(world) == [("served", "v1.0.0"), ("served", "v1.1.0")]
        assert [answer for load in asked for answer in load.failed] == []
        for server in started:
            assert steps_taken(server, "v1.1.0") == [f"{number} of 7" for number in range(1, 8)]
        marks = (tmp_path / "marks").read_text().splitlines()
        stops = len(marks) - marks.count("refused")
        assert stops >= 4
        assert marks.count("refused") >= stops // 2
        assert record(world)["term"] > stops // 2
        answers = sum(len(load.answers) for load in asked)
        print(f"{stops} stops, {record(world)['term']} terms, {answers:,} requests to {SERVERS} servers, 0 failed")


def _resume(world: World, started: list[Server], stopped: dict[int, int]) -> bool:
    """Let each follower that is stopped go on once another one was elected; say whether none is stopped."""
    now = record(world)
    for server in started:
        pid = server.follower.pid
        if psutil.Process(pid).status() != psutil.STATUS_STOPPED:
            continue
        if now and now["term"] > stopped.setdefault(pid, now["term"]):
            del stopped[pid]
            os.kill(pid, signal.SIGCONT)
    return not stopped
