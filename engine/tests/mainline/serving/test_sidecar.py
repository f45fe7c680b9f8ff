"""Server and follower side by side: who of them has which variables, and what happens when one of them ends."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.mainline.serving.running import Running, lives, running, wait_for, words
from tests.mainline.test_children import SECRETS


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """A server that follows a repository, started by somebody who has every credential."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    away = str(tmp_path / "away")
    with running(tmp_path / "server", None, "--follow", away, "--state", str(tmp_path / "state")) as server:
        yield server


def variables(process: int) -> set[str]:
    """Return the names of the variables that a process was started with, as any code in it can read them."""
    return set(psutil.Process(process).environ())


def has_all(process: int) -> bool:
    """Whether a process runs and was given every credential."""
    with suppress(psutil.Error):
        return SECRETS.keys() <= variables(process)
    return False


def children_of(process: int) -> list[int]:
    """Return the processes that a process started; none if it ended meanwhile."""
    with suppress(psutil.Error):
        return [child.pid for child in psutil.Process(process).children()]
    return []


def followers(server: Running) -> list[int]:
    """Return the followers of a server, which its keeper started."""
    return [number for keeper in children_of(server.process.pid) for number in children_of(keeper) if lives(number)]


def both(server: Running) -> list[int]:
    """Return the keeper and the follower, once the latter is there."""
    wait_for(lambda: followers(server) != [])
    return [*children_of(server.process.pid), *followers(server)]


def test_server_has_no_credential_of_its_follower(server: Running) -> None:
    """Where packages run, no key, token or role is among the variables; the follower has all that was given."""
    assert not variables(server.process.pid) & SECRETS.keys()
    wait_for(lambda: any(map(has_all, followers(server))))


def test_follower_that_ends_is_started_again(server: Running) -> None:
    """Its keeper starts another one with the same credentials."""
    _, first = both(server)
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: any(number != first for number in followers(server)))
    _, second = both(server)
    wait_for(lambda: has_all(second))


def test_workers_have_no_credential_and_end_with_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where several workers load packages, none has a key, token or role, and all end with the follower."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    options = ("--follow", str(tmp_path / "away"), "--state", str(tmp_path / "state"))
    with running(tmp_path / "server", None, *options, workers=2) as server:
        wait_for(lambda: followers(server) != [])
        beside = [*children_of(server.process.pid), *followers(server)]
        workers = [number for number in beside if "serving.workers.worker" in " ".join(words(psutil.Process(number)))]
        assert len(workers) == 2
        assert not any(variables(number) & SECRETS.keys() for number in workers)
        wait_for(lambda: any(map(has_all, followers(server))))
        server.stop(signal.SIGKILL)
        wait_for(lambda: not any(map(lives, beside)))


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_the_server(server: Running, how: signal.Signals) -> None:
    """Keeper and follower end with the server, also where it is killed."""
    beside = both(server)
    server.stop(how)
    wait_for(lambda: not any(map(lives, beside)))


def test_server_without_a_keeper_serves_on_and_says_so(server: Running) -> None:
    """The follower ends with its keeper; one line tells that git is followed after a restart."""
    beside = both(server)
    os.kill(beside[0], signal.SIGKILL)
    log = server.directory / "errors"
    wait_for(lambda: "git is followed after a restart" in log.read_text())
    wait_for(lambda: not any(map(lives, beside)))
    assert server.ask("/livez")[0] == 200
    server.stop()
