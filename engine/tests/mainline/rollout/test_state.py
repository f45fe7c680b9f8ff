"""What is written down, and read again after a kill."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mainline.exchange.place import Place, StateError
from mainline.rollout import machine, state
from mainline.rollout.records import Ref, State
from tests.mainline.rollout.worlds import FAIL, World, ref
from tests.mainline.serving.running import running
from tests.project import LIMIT, SEARCH_PATH

LIKE_ANY_USER = "import ctypes as c; c.CDLL(None).capset((c.c_uint32 * 2)(0x20080522, 0), (c.c_uint32 * 6)())"
"""Gives back what root may do beyond other users, such as to write where nobody may; others had none of it."""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An empty folder."""
    return Place(tmp_path / "follower")


def test_every_state_is_read_as_it_was_written(place: Place) -> None:
    """Also one with a rollout under way, a quarantine, a window and events that wait."""
    assert state.read(place) == State()
    world = World().have(1)
    for number in (2, 3):
        world.wanted = ref(number)
        world.settle()
        world.now += 10
        world.settle(measurement=FAIL)
    world.wanted = ref(4)
    world.settle()
    changed = replace(world.state, window=(ref(8), ref(9)))
    assert changed.progress
    assert changed.quarantined
    assert changed.outbox
    state.write(place, changed)
    assert state.read(place) == changed


@pytest.mark.parametrize(
    "change",
    [
        {"stable": {"version": 1, "digest": 2}}, {"revision": 2.5}, {"revision": "x"}, {"quarantined": "abc"},
        {"history": [{"time": "x", "what": "a", "version": "b"}]},
        {"history": [{"time": float("nan"), "what": "a", "version": "b"}]},
        {"history": [{"time": 1e300, "what": "a", "version": "b"}]},
        {"outbox": [{"id": 1, "time": 0, "kind": "?", "version": "v", "digest": "d"}]},
    ],
)  # fmt: skip
def test_value_of_another_type_is_refused(place: Place, change: dict[str, Any]) -> None:
    """One wrong value is found when the state is read, not when it is acted on."""
    state.write(place, State())
    place.state.write_text(json.dumps(json.loads(place.state.read_text()) | change))
    with pytest.raises(StateError, match=rf"state\.json cannot be used \(.*{next(iter(change))}|not JSON compliant"):
        state.read(place)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 2}', '{"format": 1, "stable": 3}'])
def test_unusable_state_is_refused_with_the_way_out(place: Place, content: str) -> None:
    """A file that is not the follower's own is named, with what to do; nothing is guessed."""
    place.folder.mkdir()
    place.state.write_text(content)
    with pytest.raises(StateError, match=r"state\.json cannot be used .* Move the file away"):
        state.read(place)


def test_one_follower_works_in_a_folder(place: Place) -> None:
    """A second one is refused as long as the first is there."""
    with place.owned(), pytest.raises(StateError, match="another follower works in"), Place(place.folder).owned():
        pass
    with place.owned():
        pass


def test_one_follower_and_one_server_work_in_a_folder(place: Place) -> None:
    """They keep out others of their own kind, and not each other."""
    with place.owned(), place.owned("server"):
        with pytest.raises(StateError, match="another server works in"), Place(place.folder).owned("server"):
            pass
        with pytest.raises(StateError, match="another follower works in"), Place(place.folder).owned():
            pass


def test_one_server_works_in_a_folder(packages: dict[Ref, Path], tmp_path: Path) -> None:
    """A second server would be taken for a restarted one, and abort a good candidate: it is refused in one line."""
    routes = [{"version": ref.version, "package": str(path), "weight": 1} for ref, path in packages.items()]
    file = tmp_path / "state/routing.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"routes": routes[:1]}))
    with running(tmp_path / "server", None, "--routing", str(file)) as server:
        for options in (["--routing", str(file)], ["--follow", str(tmp_path / "away"), "--state", str(file.parent)]):
            settings = ["--settings", str(server.directory / "production.yaml")]
            done = subprocess.run(
                [sys.executable, "-m", "mainline", "serve", *settings, *options], capture_output=True, text=True,
                env=os.environ | {"PYTHONPATH": SEARCH_PATH}, timeout=LIMIT, check=False,
            )  # fmt: skip
            assert (done.returncode, done.stdout) == (1, "")
            said = f"mainline: another server works in {file.parent}. End it, or name another folder."
            assert done.stderr.splitlines()[-1] == said
        assert server.ask("/readyz")[0] == 200


def test_a_folder_that_may_only_be_read_is_served_from(packages: dict[Ref, Path], tmp_path: Path) -> None:
    """A server that may not write there disturbs nobody: it serves what the file names, and a second one does too."""
    file = tmp_path / "state/routing.json"
    file.parent.mkdir()
    routes = [{"version": ref.version, "package": str(path), "weight": 1} for ref, path in packages.items()]
    file.write_text(json.dumps({"routes": routes[:1]}))
    file.parent.chmod(0o555)
    try:
        with (
            running(tmp_path / "a", None, "--routing", str(file), wrap=LIKE_ANY_USER) as first,
            running(tmp_path / "b", None, "--routing", str(file), wrap=LIKE_ANY_USER) as second,
        ):
            assert [server.ask("/readyz")[0] for server in (first, second)] == [200, 200]
    finally:
        file.parent.chmod(0o755)
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_what_a_killed_follower_left_is_removed(place: Place) -> None:
    """Half a clone, half a package and half a file go; what is whole stays."""
    place.packages.mkdir(parents=True)
    state.write(place, State())
    for name in (".clone-a", ".incoming-b", ".fetch-c"):
        (place.folder / name / "inner").mkdir(parents=True)
    (place.folder / ".state.json.partial").write_text("half")
    (place.folder / ".incoming-link").symlink_to(place.packages)
    with place.owned():
        place.sweep()
    assert sorted(path.name for path in place.folder.iterdir()) == ["lock", "packages", "state.json"]


def test_write_leaves_the_old_file_until_the_new_one_is_whole(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed before the rename, what was there is read."""
    state.write(place, State(revision=1))
    monkeypatch.setattr(Path, "replace", lambda *_: None)
    state.write(place, State(revision=2))
    assert state.read(place).revision == 1
    assert json.loads(place.state.read_bytes())["format"] == 1
    assert machine.weights(state.read(place)) == []


def test_folder_that_cannot_be_is_one_line(tmp_path: Path) -> None:
    """Where nothing can be written, the way to another folder is said."""
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file/production"):
        with pytest.raises(StateError, match="Name another folder"), Place(folder).owned():
            pass
