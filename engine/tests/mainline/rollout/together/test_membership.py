"""Real followers of a real repository that roll out together, and go apart again."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mainline.exchange.place import Place
from mainline.repository.git import git
from mainline.rollout.follower import Follower
from mainline.rollout.source import Source
from tests.mainline.release.conftest import made, repository
from tests.mainline.rollout.conftest import Followed

__all__ = ["made", "repository"]
TOGETHER: dict[str, Any] = {
    "strategy": "canary",
    "steps": [{"setWeight": 20}, {"setWeight": 60}],
    "follow": {"interval": 60.0},
    "together": {"silent": 300},
}


class Servers:
    """Followers of production; what a server would say is written for them."""

    def __init__(self, followed: Followed, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.followed, self.origin = followed, path / "world/origin.git"
        self.all = []
        for number in range(3):
            place = Place(path / f"server-{number}")
            place.make()
            (place.folder / "storage").symlink_to(path / "world/storage")  # it is declared beside the clone
            source = Source(str(self.origin), "production", place)
            monkeypatch.setattr(source, "_check", lambda *_: None)
            self.all.append(Follower(source, place))

    def look(self, times: int = 1) -> None:
        """Let each look, act, and serve."""
        for _ in range(times):
            for follower in self.all:
                follower.look()
                follower.tick()
                self.serve(follower.place)
                follower.tick()

    def serve(self, place: Place) -> None:
        """Say that the routes are served."""
        if place.routing.exists():
            revision = json.loads(place.routing.read_text())["revision"]
            place.served.write_text(json.dumps({"process": "1", "revision": revision, "versions": {}}))
            os.utime(place.served, (time.time(), time.time()))

    def stable(self) -> set[str | None]:
        """Return what serves."""
        return {one.driver.state.stable.version if one.driver.state.stable else None for one in self.all}


@pytest.fixture
def servers(followed: Followed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Servers]:
    """Three servers before a repository that declares one rollout."""
    followed.declare(TOGETHER)
    followed.release()
    yield Servers(followed, tmp_path, monkeypatch)
    os.chdir(followed.repository.path)


def test_followers_roll_out_together_and_tell_once(servers: Servers) -> None:
    """Three followers bring, verify and serve what one of them decides; git has each event once."""
    servers.look(3)
    assert servers.stable() == {"v1.0.0"}
    servers.followed.release(depth=5)
    servers.look(8)
    assert servers.stable() == {"v1.1.0"}
    assert {len(one.driver.state.history) for one in servers.all} == {len(servers.all[0].driver.state.history)}
    steps = [entry.detail for entry in servers.all[2].driver.state.history if entry.what == "step"]
    assert steps == ["1 of 2: setWeight 20 %", "2 of 2: setWeight 60 %"]
    events = git("show", "deployments/production:events.jsonl", at=servers.origin).splitlines()
    assert [json.loads(line)["version"] for line in events] == ["v1.0.0", "v1.1.0"]
    shown = json.loads(servers.all[1].place.status.read_text())["together"]
    assert shown["leader"] == json.loads(servers.all[0].place.status.read_text())["together"]["name"]
    assert len(shown["servers"]) == 3


def test_followers_go_apart_if_main_takes_it_back(servers: Servers) -> None:
    """The record is removed, each serves on, and the next version is rolled out by each alone."""
    servers.look(3)
    assert "refs/mainline/production/rollout/record" in git("for-each-ref", at=servers.origin)
    servers.followed.declare({**TOGETHER, "together": None})
    servers.look(3)
    assert [one.membership.is_alone for one in servers.all] == [True, True, True]
    assert "rollout/record" not in git("for-each-ref", at=servers.origin)
    servers.followed.release(depth=5)
    servers.look(6)
    assert servers.stable() == {"v1.1.0"}


def test_server_that_is_away_from_git_says_so_once(servers: Servers, capsys: pytest.CaptureFixture[str]) -> None:
    """The status has the reason, the version serves on, and the server goes on when git is back."""
    servers.look(3)
    capsys.readouterr()
    servers.origin.rename(servers.origin.parent / "away.git")
    servers.look(2)
    problem = json.loads(servers.all[1].place.status.read_text())["source"]["problem"]
    assert problem.startswith("git is away, so nobody decides, and what serves stays")
    assert servers.stable() == {"v1.0.0"}
    (servers.origin.parent / "away.git").rename(servers.origin)
    servers.look(2)
    assert json.loads(servers.all[1].place.status.read_text())["source"]["problem"] == ""
