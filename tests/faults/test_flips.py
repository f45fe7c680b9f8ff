"""The short form of the flipped bits; `make faults` has every object."""

from tests.faults import flips
from tests.faults.world import World


def test_a_rotten_object_is_not_pushed(world: World) -> None:
    """A bit that flipped in the cache, in a folder's listing or in a file, stops the push in one line."""
    assert list(flips.before_push(world, seed=1, most=2)) == ["", ""]


def test_no_changed_file_of_a_package_is_loaded(world: World) -> None:
    """A bit that flipped in any file of the package is refused when it is loaded."""
    told = list(flips.on_load(world, seed=1, most=100))
    assert len(told) > 10
    assert set(told) == {""}
