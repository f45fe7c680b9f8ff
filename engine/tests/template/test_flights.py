"""What ships is what the machinery was tested with."""

import filecmp

import pytest

from tests.project import FLIGHTS, FORKS, ROOT, tracked

RESULTS = ("dvc.lock", "metrics")
"""Of the flights, the tests keep some results, which need not be the newest."""


def files(folder: str, place: str) -> set[str]:
    """List the files of a fork's half, by their place in it."""
    return {name.removeprefix(folder) for name in tracked(f"{folder}{place}")}


@pytest.mark.parametrize("place", sorted(set(FORKS) - set(RESULTS)))
def test_the_flights_of_the_tests_are_those_that_ship(place: str) -> None:
    """The tests' copy of the fork's half has the same files with the same bytes; `make -C engine flights` renews it."""
    copy = f"{FLIGHTS.relative_to(ROOT)}/"
    shipped = files("", place)
    assert shipped
    assert files(copy, place) == shipped, "run: make -C engine flights"
    _, different, lost = filecmp.cmpfiles(ROOT, FLIGHTS, sorted(shipped), shallow=False)
    assert different + lost == [], "run: make -C engine flights"
