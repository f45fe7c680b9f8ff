"""The follower's own part: when it looks, what it tries again, and what it says meanwhile."""

import json
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mainline import files
from mainline.backoff import BackOff
from mainline.declared import rollout
from mainline.errors import MainlineError
from mainline.exchange.place import Place, StateError
from mainline.registry import addresses
from mainline.rollout import reports, state
from mainline.rollout.bringing import MOST_SECONDS
from mainline.rollout.follower import Follower
from mainline.rollout.records import Ref, State
from mainline.rollout.source import Found, Source
from mainline.serving import logs
from tests.door import typed
from tests.mainline.rollout.worlds import World, ref


class Scripted(Source):
    """A source that finds what a test says."""

    def __init__(self, place: Place) -> None:
        super().__init__("https://me:secret@git.example.org/a.git", "production", place)
        self.next = Found(1.0, wanted=ref(1), policy=rollout.read({"follow": {"interval": 7.0}}))
        self.brought: list[str] = []
        self.sound = True

    def look(self) -> Found:
        """Find it."""
        return self.next

    def bring(self, found: Found) -> Found:
        """Bring it, or not."""
        assert found.wanted is not None
        self.brought.append(found.wanted.version)
        return replace(found, verified=self.sound, problem="" if self.sound else "storage is away")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An empty folder."""
    return Place(tmp_path / "state")


@pytest.fixture
def source(place: Place) -> Scripted:
    """What a test says is found."""
    return Scripted(place)


def read(place: Place) -> dict[str, Any]:
    """Read the status."""
    return json.loads(place.status.read_text())


def test_wait_doubles_up_to_a_limit_and_begins_anew() -> None:
    """After each failure in a row the wait is twice as long, never beyond the longest; a success forgets it."""
    found, waits = BackOff(MOST_SECONDS), []
    for _ in range(8):
        found.fail(10.0, now=0.0)
        waits.append(found.until)
    assert waits == [10, 20, 40, 80, 160, MOST_SECONDS, MOST_SECONDS, MOST_SECONDS]
    for _ in range(2000):
        found.fail(10.0, now=0.0)
    assert found.until == MOST_SECONDS, "not even after a week"
    found.reset()
    assert found.until == 0


def test_package_that_cannot_be_had_is_tried_again_later_or_when_git_changes(source: Scripted, place: Place) -> None:
    """The reason stays in the status between tries; another version is tried at once."""
    follower = Follower(source, place)
    source.sound = False
    for _ in range(3):
        follower.look()
        follower.tick()
    assert source.brought == ["v1.1.0"]
    assert read(place)["source"]["problem"] == "storage is away"
    source.next = replace(source.next, wanted=ref(2))
    source.sound = True
    follower.look()
    follower.tick()
    assert source.brought[:2] == ["v1.1.0", "v1.2.0"]
    assert read(place)["stable"]["version"] == "v1.2.0"
    assert read(place)["source"]["problem"] == ""


def test_removed_lock_is_said_once(source: Scripted, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the folder was removed, the lock keeps nobody out; one line says so, and the rollout goes on."""
    said: list[str] = []
    monkeypatch.setattr(logs, "warn", lambda event, **_: said.append(event))
    with place.owned() as alone:
        follower = Follower(source, place, alone=alone)
        follower.tick()
        assert said == []
        shutil.rmtree(place.folder)
        place.make()
        for _ in range(2):
            follower.tick()
    assert said == ["the lock was removed, so another follower may start here; restart this one"]


def test_without_a_clone_nothing_is_told(source: Scripted, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events wait for a clone: the folder that the follower was started in may be another repository."""
    told: list[object] = []
    monkeypatch.setattr(reports, "deliver", lambda outbox, _: told.append(outbox) or frozenset())
    follower = Follower(source, place)
    follower.look()
    follower.tick()
    assert follower.driver.state.outbox
    follower.look()
    assert told == []


def test_moved_tag_of_the_version_that_serves_is_said(source: Scripted, place: Place) -> None:
    """Two packages under one version's name are never routed: no server could tell them apart."""
    follower = Follower(source, place)
    follower.look()
    follower.tick()
    source.next = replace(source.next, wanted=Ref("v1.1.0", "f" * 64))
    follower.look()
    follower.tick()
    assert [route["version"] for route in json.loads(place.routing.read_text())["routes"]] == ["v1.1.0"]
    assert read(place)["phase"] == "stable"
    assert "its tag was moved. Move it back, or release" in read(place)["source"]["problem"]
    source.next = replace(source.next, wanted=ref(2))
    follower.look()
    follower.tick()
    assert read(place)["candidate"]["version"] == "v1.2.0"


def test_policy_says_how_often_git_is_looked_at(source: Scripted, place: Place) -> None:
    """The interval is the policy's, spread by its jitter, and longer while git is away."""
    follower = Follower(source, place)
    follower.look()
    pauses = [follower._pause() for _ in range(200)]
    assert 6.3 <= min(pauses) < 6.9
    assert 7.1 < max(pauses) <= 7.7
    source.next = replace(source.next, away=True, problem="in other words")
    for _ in range(5):
        follower.look()
    assert follower._pause() > 40


def test_look_that_lasts_is_a_problem_with_a_time(
    source: Scripted, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While git does not answer the status says since when, and when a look last reached it."""
    follower, seen = Follower(source, place), []
    follower.look()
    follower.tick()
    looked = read(place)["source"]["looked"]
    assert abs(looked - time.time()) < 60
    real, late = time.monotonic, [59.0, 61.0]

    def wait() -> Found:
        for seconds in late:
            monkeypatch.setattr(time, "monotonic", lambda seconds=seconds: real() + seconds)
            follower.tick()
            seen.append(read(place)["source"]["problem"])
        return replace(source.next, away=True, problem="git is away: it had no answer")

    monkeypatch.setattr(source, "look", wait)
    follower.look()
    follower.tick()
    assert seen[0] == ""
    assert seen[1].startswith("git or storage has not answered since 2")
    assert read(place)["source"]["problem"] == "git is away: it had no answer"
    assert read(place)["source"]["looked"] == looked


def test_webhook_wakes_it(source: Scripted, place: Place) -> None:
    """The file that the server's webhook leaves ends the wait."""
    follower = Follower(source, place)
    follower.tick()
    assert not follower._rounds.woken.is_set()
    (place.folder / "look").write_text(str(time.time_ns()))
    follower.tick()
    assert follower._rounds.woken.is_set()


def test_events_are_told_until_they_are_taken(source: Scripted, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be pushed waits and is said; what was pushed is forgotten."""
    follower = Follower(source, place)

    def refuse(*_: object) -> frozenset[int]:
        raise MainlineError("the origin says no")

    monkeypatch.setattr(reports, "deliver", refuse)
    monkeypatch.setattr(source, "enter", lambda: True)
    follower.look()
    follower.tick()
    follower.look()
    follower.tick()
    assert read(place)["waiting_events"] == 1
    assert read(place)["source"]["events"] == "events wait: the origin says no"
    monkeypatch.setattr(reports, "deliver", lambda outbox, _: frozenset(event.id for event in outbox))
    follower._telling.reset()
    follower.look()
    follower.tick()
    assert read(place)["waiting_events"] == 0


def test_status_shows_no_password(source: Scripted, place: Place) -> None:
    """The repository is shown without who signs in."""
    Follower(source, place).tick()
    assert read(place)["source"]["url"] == "https://git.example.org/a.git"


def test_status_says_the_whole_problem(source: Scripted, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long reason goes on in the next lines, since its end says what to do."""
    monkeypatch.setenv("COLUMNS", "100")
    source.next = replace(source.next, wanted=None, problem=f"git is away: {'because ' * 30}so; mend it.")
    follower = Follower(source, place)
    follower.look()
    follower.tick()
    lines = typed("status", "--state", str(place.folder)).splitlines()
    assert " ".join(" ".join(lines[2:]).split()) == f"PROBLEM {source.next.problem}"
    assert max(map(len, lines)) <= 100


def test_rollout_of_another_programs_policy_begins_again(source: Scripted, place: Place) -> None:
    """Where the policy that a rollout began with cannot be read any more, stable serves alone and it begins again."""
    world = World().have(1)
    world.wanted = ref(2)
    world.settle()
    assert world.state.progress is not None
    state.write(place, world.state)
    written = json.loads(place.state.read_text())
    assert written["progress"]["policy"] == world.policy.raw
    written["progress"]["policy"] = {"strategy": "gone"}
    place.state.write_text(json.dumps(written))
    follower = Follower(source, place)
    assert follower.driver.state.progress is None
    assert json.loads(place.routing.read_text())["routes"][0]["weight"] == 100


@pytest.mark.parametrize("change", [{"step": -5}, {"step": 99}, {"weight": 300}])
def test_rollout_at_no_step_of_its_policy_begins_again(source: Scripted, place: Place, change: dict[str, Any]) -> None:
    """A state that somebody changed promotes nobody: stable serves alone, and the steps are taken from the first."""
    world = World().have(1)
    world.wanted = ref(2)
    world.settle()
    assert world.state.progress is not None
    state.write(place, replace(world.state, progress=replace(world.state.progress, **change)))
    follower = Follower(source, place)
    assert follower.driver.state.progress is None
    assert follower.driver.state.stable == ref(1)


@pytest.mark.parametrize("name", ["state.json", "routing.json", "status.json"])
def test_full_disk_is_waited_for(source: Scripted, place: Place, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Whichever file cannot be written, the follower lives; with room again the server is asked for what it missed."""
    follower, written = Follower(source, place), files.replace
    follower.look()

    def fail(path: Path, *given: Any, **named: Any) -> None:
        if path.name == name:
            raise OSError(28, "No space left on device")
        written(path, *given, **named)

    monkeypatch.setattr(files, "replace", fail)
    for _ in range(3):
        follower._drive()
    monkeypatch.setattr(files, "replace", written)
    follower._drive()
    assert read(place)["stable"]["version"] == "v1.1.0"
    routed = json.loads(place.routing.read_text())
    assert (routed["revision"], routed["routes"][0]["version"]) == (1, "v1.1.0")


def test_clock_that_goes_back_makes_no_wait_longer(
    source: Scripted, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Waits are measured by a clock that nobody sets."""
    follower = Follower(source, place)
    source.sound = False
    follower.look()
    monkeypatch.setattr(time, "time", lambda: 0.0)
    at = follower._bringing.back_off.until
    monkeypatch.setattr(time, "monotonic", lambda: at)
    follower.look()
    assert source.brought == ["v1.1.0", "v1.1.0"]


def test_unusable_state_stops_the_follower_and_leaves_the_routes(source: Scripted, place: Place) -> None:
    """Nothing is overwritten where the state cannot be read; the server goes on, and the follower after it is moved."""
    state.write(place, State())
    place.state.write_text("{")
    place.routing.write_text("as it was")
    with pytest.raises(StateError, match=r"The server goes on with routing\.json\. Move the file away"):
        Follower(source, place)
    assert place.routing.read_text() == "as it was"
    place.state.rename(place.folder / "away.json")
    Follower(source, place).tick()
    assert place.status.exists()


def test_status_of_nobody_names_the_way_to_one(tmp_path: Path) -> None:
    """Without a follower the command says how to start one; an option is not a repository."""
    with pytest.raises(MainlineError, match=r"no follower has written its status .* The command `follow` starts one"):
        typed("status", "--state", str(tmp_path))
    for damaged in ("{", "3", "[]"):
        (tmp_path / "status.json").write_text(damaged)
        with pytest.raises(MainlineError, match=r"no follower has written its status"):
            typed("status", "--state", str(tmp_path))
    with pytest.raises(MainlineError, match="'--upload-pack=x' is not a repository"):
        addresses.followed("--upload-pack=x")
