"""What judges the faults sees each kind of harm when it is done on purpose."""

import pytest

from tests.faults import audit, kills
from tests.faults.audit import State
from tests.faults.world import World

TAGS = ("model@v1.0.0", "model#staging#1", "model#production#1")


@pytest.fixture
def sound(world: World) -> State:
    """A released version, made without the commands: its objects are in the store, and its three tags at the origin."""
    kills.prepare("push", world)
    for name in kills.of_workspace(world, now := audit.look(world)):
        world.store.write(f"{world.prefix}/files/md5/{name[:2]}/{name[2:]}", now.here[name])
    for tag in TAGS:
        world.git("tag", "--annotate", "--message", "Made by hand", tag)
    world.git("push", "--quiet", "origin", *TAGS)
    state = audit.look(world)
    assert (state.wrong, audit.without_artifacts(world, state), audit.half_versions(state)) == ([], [], [])
    assert (state.lost_since(state), audit.workspace(world)) == ([], [])
    return state


def test_an_object_that_is_gone_is_lost(world: World, sound: State) -> None:
    """It is named, and so is every tag whose version needs it."""
    name = sorted(sound.there)[0]
    world.store.remove(f"{world.prefix}/files/md5/{name[:2]}/{name[2:]}")
    now = audit.look(world)
    assert now.lost_since(sound) == [name]
    assert audit.without_artifacts(world, now) == sorted(TAGS)


def test_a_flipped_bit_is_wrong(world: World, sound: State) -> None:
    """One bit of an object in the store is seen, and its version counts as without artifacts."""
    name = sorted(sound.there)[-1]
    world.store.flip(f"{world.prefix}/files/md5/{name[:2]}/{name[2:]}", bit=5)
    now = audit.look(world)
    assert now.wrong == [name]
    assert audit.without_artifacts(world, now) == sorted(TAGS)


@pytest.mark.usefixtures("sound")
def test_a_version_without_its_assignment_is_half(world: World) -> None:
    """A version that one environment was not given is named."""
    world.git("push", "--quiet", "origin", "--delete", TAGS[1])
    assert audit.half_versions(audit.look(world)) == [TAGS[0]]


@pytest.mark.usefixtures("sound")
def test_an_assignment_without_its_version_is_half(world: World) -> None:
    """Assignments of a commit that is no version are named."""
    world.git("push", "--quiet", "origin", "--delete", TAGS[0])
    assert audit.half_versions(audit.look(world)) == sorted(TAGS[1:])


@pytest.mark.usefixtures("sound")
def test_a_changed_file_of_the_workspace_is_seen(world: World) -> None:
    """An output whose content is not that of the lock is named."""
    file = world.project.path / "models/package/golden.json"
    kept = file.read_bytes()
    file.unlink()
    file.write_bytes(kept + b" ")
    assert audit.workspace(world) == ["models/package"]
    file.write_bytes(kept)
