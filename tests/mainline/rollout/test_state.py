"""What is written down, and read again after a kill."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mainline.rollout import machine, state
from mainline.rollout.records import State
from mainline.rollout.state import Place, StateError
from tests.mainline.rollout.worlds import FAIL, World, ref


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
