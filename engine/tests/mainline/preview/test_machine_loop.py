"""Branches served by real servers from real git: they come, change, break and go."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mainline.declared.preview import Preview, Previews
from mainline.declared.service import Settings
from mainline.preview.branch_server import BranchServer
from mainline.preview.heads import Head, Heads
from mainline.preview.machine_loop import Machine, Wanted
from tests.mainline.preview.conftest import World
from tests.mainline.serving.running import wait_for

Make = Callable[[str, str], Path]
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); signal.pause()"


def more(amount: int) -> str:
    """Return code by which each prediction is so much more."""
    return f"\n_respond = respond\ndef respond(raw, columns):\n    return _respond(raw, columns) + {amount}\n"


def value(world: World, port: int, rows: Any) -> float:
    """Return the first prediction of a server."""
    return float(next(iter(world.predict(port, rows)["predictions"][0].values())))


def test_branch_is_served_while_it_is_there(world: World, changed: Make, golden: dict[str, Any]) -> None:
    """It appears with its own package, turns to the next one at the same port, and goes with the branch."""
    rows, own = golden["requests"][:1], golden["predictions"][0]
    world.push("feature/<b>more", changed("hundred", more(100)))
    world.push("plain", None)
    world.start()
    wait_for(lambda: "serves" in world.row("feature/&lt;b&gt;more"))
    assert value(world, world.port, rows) == pytest.approx(own + 100)
    assert "it has no dvc.lock" in world.row("plain")
    (server,) = world.servers()
    assert "SECRET_TOKEN" not in server.environ()
    assert list(world.state.rglob("predictions")) == []
    world.push("feature/<b>more", changed("thousand", more(1000)))
    wait_for(lambda: value(world, world.port, rows) == pytest.approx(own + 1000))
    wait_for(lambda: "serves" in world.row("feature/&lt;b&gt;more"))
    assert [process.pid for process in world.servers()] == [server.pid]
    wait_for(lambda: len(list((world.state / "packages").iterdir())) == 1)
    world.run("git", "push", "--quiet", "origin", ":refs/heads/feature/<b>more")
    wait_for(lambda: not world.servers() and not world.row("feature/&lt;b&gt;more"))
    wait_for(lambda: not list((world.state / "packages").iterdir()))
    wait_for(lambda: not list((world.state / "servers").iterdir()))


def test_branches_of_the_machinery_are_passed_by(world: World, package_dir: Path) -> None:
    """They have no lock and never will; whoever calls a branch of their own like one of them is shown it."""
    world.push("monitoring/better-limits", package_dir)
    for branch in ("monitoring/production", "deployments/production", "requests/production", "evidence/releases"):
        world.push(branch, None)
    world.push("mine", None)
    world.state.mkdir()
    _, heads = Heads(str(world.path.parent / "origin.git"), world.state).look()
    assert {head.name for head in heads} == {"monitoring/better-limits", "mine"}


def test_branches_of_a_merge_queue_take_nobodys_place(world: World, package_dir: Path) -> None:
    """GitHub makes them for some minutes, with newer commits than those that people ask for."""
    world.push("mine", package_dir)
    world.push("gh-readonly-queue/main/pr-12-0123abc", package_dir)
    world.state.mkdir()
    _, heads = Heads(str(world.path.parent / "origin.git"), world.state).look()
    assert [head.name for head in heads] == ["mine"]


def test_merged_branch_is_ended(world: World, changed: Make) -> None:
    """Once main has its last commit there is nothing to preview."""
    world.push("feature", changed("hundred", more(100)))
    world.start()
    wait_for(lambda: "serves" in world.row("feature"))
    world.run("git", "push", "--quiet", "origin", "feature:main")
    wait_for(lambda: "main has its last commit" in world.row("feature") and not world.servers())


def test_broken_branches_stand_beside_a_good_one(world: World, changed: Make, golden: dict[str, Any]) -> None:
    """One without a stored package and one that ends its process again and again are named; the good one serves."""
    world.push("good", changed("hundred", more(100)))
    world.push("lost", changed("lost", more(1)), stored=False)
    world.push("crash", changed("crash", "\nimport os\nos.write(2, b'the model is ill\\n')\nos._exit(7)\n"))
    world.start()
    wait_for(lambda: "serves" in world.row("good"))
    wait_for(lambda: "ended with 7: the model is ill" in world.row("crash"))
    wait_for(lambda: "cannot be had" in world.row("lost"))
    wait_for(lambda: world.state.parent.joinpath("said").read_text().count("the server of a branch ended") > 1)
    ports = json.loads((world.state / "ports.json").read_text())
    own = golden["predictions"][0]
    assert value(world, ports["good"], golden["requests"][:1]) == pytest.approx(own + 100)


def test_kill_leaves_no_orphan_and_a_restart_gives_the_same_port(world: World, changed: Make) -> None:
    """Servers end with the machine's process, however it ended; the next one serves each branch where it was."""
    world.push("first", changed("one", more(1)))
    world.push("second", changed("two", more(2)))
    process = world.start()
    wait_for(lambda: "serves" in world.row("first") and "serves" in world.row("second"))
    world.run("git", "push", "--quiet", "origin", ":refs/heads/" + at(world, world.port))
    wait_for(lambda: len(world.servers()) == 1)
    wait_for(lambda: len(json.loads((world.state / "ports.json").read_text())) == 1)
    (left,) = json.loads((world.state / "ports.json").read_text()).items()
    assert left[1] == world.port + 1
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_for(lambda: not world.servers())
    (world.state / "index.html").unlink()
    world.start()
    wait_for(lambda: "serves" in world.row(left[0]))
    assert json.loads((world.state / "ports.json").read_text()) == dict([left])
    assert world.answers(world.port + 1)


def test_server_that_takes_too_much_memory_is_ended(world: World, changed: Make) -> None:
    """The limit holds for each server, and the page says so."""
    world.push("large", changed("one", more(1)))
    world.start(memory_mib=1)
    wait_for(lambda: "more than 1 (preview.memory_mib)" in world.row("large"))


def test_what_serves_stays_while_git_is_away(world: World, changed: Make) -> None:
    """The servers do not depend on git, and the page says that it cannot be read."""
    world.push("feature", changed("one", more(1)))
    world.start()
    wait_for(lambda: "serves" in world.row("feature"))
    origin = world.path.parent / "origin.git"
    origin.rename(world.path.parent / "away.git")
    wait_for(lambda: "Git cannot be read" in world.page)
    wait_for(lambda: world.state.parent.joinpath("said").read_text().count("looking at git failed") > 2)
    assert "serves" in world.row("feature")
    assert world.answers(world.port)


def test_port_is_kept_while_the_package_is_on_its_way(tmp_path: Path) -> None:
    """After a restart a branch has its port before its package is here, and if it cannot be had; others give theirs."""
    (tmp_path / "ports.json").write_text('{"a": 8101, "b": 8102, "c": 8103, "gone": 8104}')
    machine = Machine(Heads("nowhere", tmp_path), Previews(Preview(), Settings()), tmp_path, tmp_path)
    head = Head("a", "c" * 40, 0.0)
    machine.tick()
    assert "gone" in (tmp_path / "ports.json").read_text()
    machine.wanted = {"a": Wanted(head), "b": Wanted(head, "the store is away"), "c": Wanted(head, "old", chosen=False)}
    machine.has_looked = True
    machine.tick()
    assert json.loads((tmp_path / "ports.json").read_text()) == {"a": 8101, "b": 8102}


@pytest.fixture
def stubborn() -> Iterator["subprocess.Popen[bytes]"]:
    """A server that has something under way, and does not end."""
    with subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        yield process
        process.kill()


def test_server_that_takes_long_to_end_holds_nobody(tmp_path: Path, stubborn: "subprocess.Popen[bytes]") -> None:
    """The loop goes on while it answers what is under way; its port is nobody else's until it is gone."""
    (tmp_path / "ports.json").write_text('{"gone": 8100}')
    machine = Machine(Heads("nowhere", tmp_path), Previews(Preview(most=1), Settings()), tmp_path, tmp_path)
    server = BranchServer("gone", tmp_path / "servers/gone", Settings(), 1000.0, tmp_path)
    server._process = stubborn
    machine.servers["gone"], machine.has_looked = server, True
    head = Head("new", "c" * 40, 0.0)
    machine.wanted = {"new": Wanted(head, package=tmp_path / "package", digest="d" * 64)}
    machine.tick()
    assert (stubborn.poll(), list(machine.ending), machine.servers) == (None, ["gone"], {})
    assert "waits for a server that ends" in (tmp_path / "index.html").read_text()
    assert machine.ports.of("new") is None
    stubborn.kill()
    stubborn.wait()
    machine.wanted = {}
    machine.tick()
    assert (machine.ending, machine.ports.of("new")) == ({}, 8100)


def test_server_that_never_ends_is_killed(tmp_path: Path, stubborn: "subprocess.Popen[bytes]") -> None:
    """What is under way has its time, and no more than that."""
    server = BranchServer("gone", tmp_path / "gone", Settings(), 1000.0, tmp_path)
    server._process = stubborn
    server.stop()
    assert not server.has_ended()
    server._last_moment = 0.0
    wait_for(server.has_ended)
    assert stubborn.returncode == -signal.SIGKILL


def at(world: World, port: int) -> str:
    """Return the branch that has a port."""
    ports = json.loads((world.state / "ports.json").read_text())
    return next(name for name, own in ports.items() if own == port)
