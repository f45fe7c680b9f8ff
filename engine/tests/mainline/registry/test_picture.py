"""The history as a picture: every bar and dot is there, and labels do not cover each other."""

from itertools import pairwise
from typing import Any

import pytest

from mainline.registry.history import Given, History, HistoryError, Quality, Registered
from mainline.registry.picture import WIDTH, specify
from mainline.seconds import DAY


def planted(count: int, gap: float, wave: float = 0.1) -> History:
    """Return so many versions with so many days between them, in production until the next, as good by waves."""
    names = [f"v1.{place}.0" for place in range(count)]
    versions, given = [], []
    for place, name in enumerate(names):
        when, until = round(place * gap * DAY), round((place + 1) * gap * DAY)
        quality = Quality("rmse", 14.0 + place % 5 * wave, 17.0, None, None)
        versions.append(Registered(name, "c" * 40, when, "Ada", None, quality, None, None, None, place == 0, []))
        last = place == count - 1
        given.append(Given("production", place + 1, name, when, None if last else until, "Ada", "release", None, None))
    return History(None, versions[::-1], given[::-1])


def rows(specification: dict[str, Any], part: int) -> list[dict[str, Any]]:
    """Return the data of a part of the picture."""
    return list(specification["vconcat"][part]["data"]["values"])


@pytest.mark.parametrize("count", [1, 3, 40])
def test_every_assignment_and_version_is_drawn(count: int) -> None:
    """With one version, three and forty there is a bar and a dot for each, inside of the axis."""
    picture = specify(planted(count, 3.0), now=count * 3.0 * DAY)
    bars, dots = rows(picture, 0), rows(picture, 1)
    assert len(bars) == len(dots) == count
    start, end = picture["vconcat"][0]["layer"][0]["encoding"]["x"]["scale"]["domain"]
    assert all(start < bar["from"] <= bar["until"] <= end for bar in bars)
    assert max(bar["until"] for bar in bars) == end
    assert [dot["version"] for dot in dots if dot["archived"]] == ["v1.0.0"]


@pytest.mark.parametrize("wave", [0.0, 0.1, 2.0])
def test_labels_of_dots_leave_room_for_each_other(wave: float) -> None:
    """Of forty versions some are named, the newest among them, and none within the width of another's name."""
    picture = specify(planted(40, 3.0, wave), now=120 * DAY)
    start, end = picture["vconcat"][1]["layer"][0]["encoding"]["x"]["scale"]["domain"]
    dots = rows(picture, 1)
    named = [(dot["when"] - start) / (end - start) * WIDTH for dot in dots if dot["labelled"]]
    assert 5 < len(named) < 40
    assert dots[-1]["labelled"]
    assert min(after - before for before, after in pairwise(named)) > 36


def test_a_bar_is_labelled_as_its_width_allows() -> None:
    """A wide bar is labelled across, a narrow one upright, and one of a few points not at all."""
    found = planted(3, 1.0)
    lengths = {"v1.0.0": 0.1, "v1.1.0": 3.0, "v1.2.0": 60.0}
    given: list[Given] = []
    when = 0.0
    for name, days in lengths.items():
        until = None if name == "v1.2.0" else round((when + days) * DAY)
        given.append(Given("production", len(given) + 1, name, round(when * DAY), until, None, None, None, None))
        when += days
    bars = rows(specify(History(None, found.versions, given), when * DAY), 0)
    assert {bar["version"]: bar["fits"] for bar in bars} == {"v1.0.0": "no", "v1.1.0": "upright", "v1.2.0": "across"}
    assert {bar["why"] for bar in bars} == {"no record"}


def test_without_records_the_environments_are_drawn_alone() -> None:
    """Where no version was measured there is no empty second part, and where there is nothing at all, an error."""
    found = planted(1, 1.0)
    bare = [Registered("v1.0.0", "c" * 40, 0, None, None, None, None, None, None, False, [])]
    assert len(specify(History(None, bare, found.assignments), DAY)["vconcat"]) == 1
    with pytest.raises(HistoryError, match="there is nothing to draw: no version has a record"):
        specify(History(None, bare, []), DAY)
