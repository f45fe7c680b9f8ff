"""Real followers of a real repository that roll out together, and go apart again."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mainline import children
from mainline.declared.package_places import Packages
from mainline.exchange.place import Place
from mainline.repository.git import GitError, git
from mainline.rollout.follower import Follower
from mainline.rollout.source import Found, Source
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


def count(caplog: pytest.LogCaptureFixture, said: str) -> int:
    """Count the lines of the log whose reason has some words."""
    return sum(said in getattr(record, "fields", {}).get("reason", "") for record in caplog.records)


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


def test_server_that_is_away_from_git_says_so_once(servers: Servers, caplog: pytest.LogCaptureFixture) -> None:
    """The status has the reason, the version serves on, and the server goes on when git is back."""
    servers.look(3)
    away = servers.origin.parent / "away.git"
    for _ in range(2):
        caplog.clear()
        servers.origin.rename(away)
        servers.look(3)
        assert count(caplog, "git is away, so nobody decides") == len(servers.all)
        problem = json.loads(servers.all[1].place.status.read_text())["source"]["problem"]
        assert problem.startswith("git is away, so nobody decides, and what serves stays")
        assert servers.stable() == {"v1.0.0"}
        away.rename(servers.origin)
        servers.look(2)
        assert json.loads(servers.all[1].place.status.read_text())["source"]["problem"] == ""


def test_git_that_words_its_error_anew_is_said_once(
    servers: Servers, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A message with a number or a time in it does not fill the log; the status has the last one."""
    servers.look(1)
    member = servers.all[1].membership
    number = iter(range(10))

    def fail(_pace: object) -> str:
        raise GitError(f"try {next(number)}")

    monkeypatch.setattr(member._circle, "turn", fail)
    caplog.clear()
    assert [member.turn(60.0) for _ in range(3)] == [False] * 3
    assert count(caplog, "git is away") == 1
    assert member.problem.endswith(": try 2")


def test_record_that_cannot_be_read_is_in_log_and_status(servers: Servers, caplog: pytest.LogCaptureFixture) -> None:
    """It is said once, with what to do if no server of a newer version wrote it."""
    servers.look(2)
    caplog.clear()
    made = git("hash-object", "-w", "--stdin", given="{}", at=servers.origin).strip()
    git("update-ref", "refs/mainline/production/rollout/record", made, at=servers.origin)
    servers.look(3)
    said = "git push origin :refs/mainline/production/rollout/record"
    assert count(caplog, said) == len(servers.all)
    assert said in json.loads(servers.all[1].place.status.read_text())["source"]["problem"]
    assert servers.stable() == {"v1.0.0"}


def test_member_that_waits_for_its_package_asks_git_only_for_another_try(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the moment that was drawn, and between two tries, it reads the record alone."""
    servers.look(3)
    member, looks = servers.all[1], list[Found]()
    look, bring = member.source.look, member.source.bring

    def counted() -> Found:
        looks.append(replace(look(), places=Packages(spread=1e6)))
        return looks[-1]

    monkeypatch.setattr(member.source, "look", counted)
    monkeypatch.setattr(member.source, "bring", lambda found: replace(found, problem="storage is away"))
    servers.followed.release(depth=5)
    servers.look(4)
    assert (len(looks), member.found.verified, member.found.problem) == (1, False, "")
    monkeypatch.setattr(member._bringing, "_moment", 0.0)
    servers.look(4)
    assert (len(looks), member.found.problem) == (1, "storage is away")
    monkeypatch.setattr(member.source, "bring", bring)
    monkeypatch.setattr(member._bringing.back_off, "until", 0.0)
    servers.look(2)
    assert (len(looks), member.found.verified, member.found.problem) == (2, True, "")


def test_repository_that_refuses_its_refs_is_said_once_with_the_remedy(
    servers: Servers, caplog: pytest.LogCaptureFixture
) -> None:
    """Rights that are taken back are in log and status of the leader, and what serves stays."""
    servers.look(3)
    refuse(servers)
    caplog.clear()
    servers.look(3)
    assert count(caplog, "these refs are protected") == 1
    problem = json.loads(servers.all[0].place.status.read_text())["source"]["problem"]
    assert problem.startswith("git did not take what this server has to say, so nobody decides, and what serves stays")
    assert problem.endswith("let each server push there, or remove rollout.together, so that each rolls out alone.")
    assert servers.stable() == {"v1.0.0"}


def test_follower_that_is_refused_at_its_start_leaves_the_reason_in_its_status(servers: Servers) -> None:
    """It ends with one line, and who looks at the status of the server reads it, too."""
    refuse(servers)
    place = servers.all[0].place
    command = ["-m", "mainline", "follow", str(servers.origin), "--state", str(place.folder)]
    ended = subprocess.run([sys.executable, *command], capture_output=True, text=True, env=children.environment())
    assert ended.returncode == 1
    said = ended.stderr.splitlines()[-1]
    assert said.startswith("mainline: this server cannot write refs/mainline/production/servers/")
    assert said.endswith("grant it, or remove rollout.together, so that each rolls out alone.")
    assert json.loads(place.status.read_text())["source"]["problem"] == said.removeprefix("mainline: ")


def refuse(servers: Servers) -> None:
    """Let the repository refuse what servers of one rollout write there."""
    hook = servers.origin / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'these refs are protected' >&2\nexit 1\n")
    hook.chmod(0o755)
