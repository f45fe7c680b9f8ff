"""The short form of the faults, which `make -C engine faults` has the long form of; and that their judge sees harm.

One file, so that one worker builds the world that all of them use.
"""

import pytest

from tests.faults import audit, flips, kills, network
from tests.faults.audit import State
from tests.faults.kills import SCENARIOS, Scenario
from tests.faults.world import World
from tests.faulty_proxy import Kind

SHORT = {"push": 3.0, "pull": 3.0, "repro": 4.0, "promote, first": 4.0}
"""Which commands are killed, and within how many seconds."""

TAGS = ("model@v1.0.0", "model#staging#1", "model#production#1")
"""What a release writes."""


@pytest.mark.parametrize(
    "scenario", [scenario for scenario in SCENARIOS if scenario.name in SHORT], ids=lambda scenario: scenario.name
)
def test_a_kill_loses_nothing_and_the_next_run_ends_right(world: World, scenario: Scenario) -> None:
    """With every process of the command gone, no object is lost or wrong and no version half; then it is run again."""
    (tally,) = kills.campaign(world, scenario, kills=1, seed=20130101, length=SHORT[scenario.name])
    assert tally.kills == 1
    assert tally.problems == []


def test_a_record_that_a_kill_cut_off_stops_no_release(world: World) -> None:
    """DVC writes its record of readers in place and then refuses to say what changed; promote mends it and goes on."""
    kills.prepare("promote, first", world)
    (world.project.path / ".dvc/tmp/rwlock").write_text("", encoding="utf-8")
    world.run("promote")


@pytest.mark.parametrize(("command", "kind"), [("push", "reset"), ("pull", "flip"), ("pull", "black hole")])
def test_a_fault_that_passes_does_no_harm(world: World, command: str, kind: Kind) -> None:
    """The command goes on after it, or says in a line that it could not; everything that it left is sound."""
    (outcome,) = network.campaign(world, (kind,), commands=(command,), lasting=False)
    assert outcome.problems == []
    assert outcome.injected == 2
    assert outcome.succeeded


def test_a_rotten_object_is_not_pushed(world: World) -> None:
    """A bit that flipped in the cache, in a folder's listing or in a file, stops the push in one line."""
    assert list(flips.before_push(world, seed=1, most=2)) == ["", ""]


def test_no_changed_file_of_a_package_is_loaded(world: World) -> None:
    """A bit that flipped in any file of the package is refused when it is loaded."""
    told = list(flips.on_load(world, seed=1, most=100))
    assert len(told) > 10
    assert set(told) == {""}


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


@pytest.fixture(params=["file", "listing"])
def name(request: pytest.FixtureRequest, sound: State) -> str:
    """Name an object of each kind; which has which name depends on the machine that made it."""
    return next(name for name in sorted(sound.there) if name.endswith(".dir") == (request.param == "listing"))


def test_an_object_that_is_gone_is_lost(world: World, sound: State, name: str) -> None:
    """It is named, and so is every tag whose version needs it."""
    world.store.remove(f"{world.prefix}/files/md5/{name[:2]}/{name[2:]}")
    now = audit.look(world)
    assert now.lost_since(sound) == [name]
    assert audit.without_artifacts(world, now) == sorted(TAGS)


@pytest.mark.usefixtures("sound")
def test_a_flipped_bit_is_wrong(world: World, name: str) -> None:
    """One bit of an object in the store is seen, and its version counts as without artifacts."""
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
    """Assignments of a commit that is not a version are named."""
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
