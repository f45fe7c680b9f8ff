"""Twenty faults from eight days on, on half a year that the model had not seen: who sees them, and how soon.

`python -P -m pytest -c engine/pyproject.toml engine/tests/mainline/monitoring/test_fault_table.py -m slow -s` prints
the table of engine/docs/detection.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from mainline.data.columns import DAY
from mainline.limits import playback
from mainline.monitoring import label_feed, packages
from mainline.monitoring.packages import Packaged
from tests import project
from tests.mainline.monitoring import half_year
from tests.mainline.monitoring.half_year import Flights, Life
from usecase import interface

pytestmark = pytest.mark.slow

STARTS = tuple(range(10, 10 + 8 * 21, 21))
"""Days after the first of July on which a fault begins."""
DAYS = 14
SUPPORT = ("missing values", "unseen values", "whole numbers", "constant values")
QUALITY = ("skill", "bias", "bias by segment")
DRIFT = ("drift of features",)
WEATHER = ("temp", "humid", "wind_speed", "precip", "visib")


def lost(flights: Flights, *names: str, at: Any = True) -> Flights:
    """Lose features of some rows."""
    return flights.change(features={name: np.where(at, np.nan, flights.features[name]) for name in names})


def hours(flights: Flights, at: Any = True) -> Flights:
    """Send hours for minutes."""
    delay = np.where(at, flights.request["dep_delay"] / 60, flights.request["dep_delay"])
    return flights.change({"dep_delay": delay}, {"dep_delay": delay.astype(np.float32)})


def renamed(flights: Flights, old: str, new: str) -> Flights:
    """Send another code for an airline."""
    carrier = np.array([new if code == old else code for code in flights.request["carrier"]], object)
    return flights.change({"carrier": carrier}, {"carrier": carrier})


def warmer(flights: Flights, degrees: float, at: Any = True) -> Flights:
    """Add to the temperature of some rows."""
    return flights.change(features={"temp": flights.features["temp"] + np.float32(degrees) * np.asarray(at)})


def later(flights: Flights, minutes: float) -> Flights:
    """Let all flights leave and arrive later."""
    delay = flights.request["dep_delay"] + minutes
    return flights.change({"dep_delay": delay}, {"dep_delay": delay.astype(np.float32)}, flights.label + minutes)


def mostly_late(flights: Flights) -> Flights:
    """Let late flights come 2.25 times as often on each day, so the mean label moves by 10 minutes and no row is wrong.

    A flight that comes twice is two flights, each with a number of its own.
    """
    random, day = np.random.default_rng(0), flights.moment // DAY
    weight = np.where(flights.label > 15, 2.25, 1.0)
    drawn = []
    for one in np.unique(day):
        rows = np.flatnonzero(day == one)
        drawn.append(np.sort(random.choice(rows, len(rows), p=weight[rows] / weight[rows].sum())))
    numbers = np.concatenate([np.arange(1, len(rows) + 1) for rows in drawn])
    found = flights.keep(np.concatenate(drawn))
    return found.change({"flight": numbers.astype(found.request["flight"].dtype)})


def frozen(flights: Flights) -> Flights:
    """Let the weather stand still."""
    still = {name: np.full_like(flights.features[name], np.nanmedian(flights.features[name])) for name in WEATHER}
    return flights.change(features=still)


def at(flights: Flights, airport: str) -> Any:
    """Mark the flights from an airport."""
    return flights.request["origin"] == airport


Fault = Callable[[Flights], Flights]
IN_THE_LOG: dict[str, Fault] = {
    "dep_delay in hours, all": hours,
    "dep_delay in hours, one client of 14 %": lambda all_: hours(all_, all_.request["flight"] % 7 == 0),
    "dep_delay in hours, one client of 1 %": lambda all_: hours(all_, all_.request["flight"] % 100 == 0),
    "dest_gain lost": lambda all_: lost(all_, "dest_gain"),
    "seats lost": lambda all_: lost(all_, "seats"),
    "carrier EV renamed to an unseen name": lambda all_: renamed(all_, "EV", "XX"),
    "carrier US renamed to AA": lambda all_: renamed(all_, "US", "AA"),
    "carrier F9 renamed (0.2 % of rows)": lambda all_: renamed(all_, "F9", "XX"),
    "temp +10 F": lambda all_: warmer(all_, 10),
    "temp +40 F at one airport": lambda all_: warmer(all_, 40, at(all_, "JFK")),
    "weather join lost, all": lambda all_: lost(all_, *WEATHER),
    "weather join lost, one airport": lambda all_: lost(all_, *WEATHER, at=at(all_, "EWR")),
    "weather frozen": frozen,
    "all flights 10 min later": lambda all_: later(all_, 10),
    "late flights more often": mostly_late,
}
IN_THE_WORLD: dict[str, tuple[float, str, str]] = {
    "-3 min everywhere": (-3, "", ""),
    "-5 min everywhere": (-5, "", ""),
    "-10 min at LGA": (-10, "origin", "LGA"),
    "-5 min at LGA": (-5, "origin", "LGA"),
    "-20 min to one destination (5 %)": (-20, "dest", "ORD"),
}
"""Minutes by which the label moves, and where."""
SUPPORT_AT_ONCE = {"support": (8, 1.0)}
EXPECTED: dict[str, dict[str, tuple[int, float]]] = {
    "dep_delay in hours, all": {**SUPPORT_AT_ONCE, "quality": (8, 3), "drift": (8, 3)},
    "dep_delay in hours, one client of 14 %": {**SUPPORT_AT_ONCE, "quality": (6, 3)},
    "dep_delay in hours, one client of 1 %": SUPPORT_AT_ONCE,
    "dest_gain lost": {**SUPPORT_AT_ONCE, "quality": (8, 4), "drift": (8, 1)},
    "seats lost": {**SUPPORT_AT_ONCE, "quality": (6, 8), "drift": (8, 1)},
    "carrier EV renamed to an unseen name": {**SUPPORT_AT_ONCE, "drift": (8, 1)},
    "carrier US renamed to AA": {"drift": (8, 3)},
    "weather join lost, all": {**SUPPORT_AT_ONCE, "quality": (8, 4), "drift": (8, 1)},
    "weather join lost, one airport": {**SUPPORT_AT_ONCE, "quality": (8, 10), "drift": (8, 1)},
    "weather frozen": {**SUPPORT_AT_ONCE, "drift": (8, 6)},
    "all flights 10 min later": {"drift": (8, 3)},
    "late flights more often": {"quality": (4, 10), "drift": (5, 11)},
    "-3 min everywhere": {"quality": (5, 6)},
    "-5 min everywhere": {"quality": (5, 5)},
    "-10 min at LGA": {"quality": (7, 6)},
    "-5 min at LGA": {"quality": (3, 11)},
    "-20 min to one destination (5 %)": {"quality": (7, 8)},
}
"""By fault and the kind of check that sees it: from how many of eight starts at least, by which median day at last."""


Looks = Mapping[tuple[int, int], tuple[Mapping[str, str], int]]
"""By start, and by day since it from 1: the verdict of each check, and the day of production."""


@dataclass(frozen=True)
class Trial:
    """A package, what it lived through without a fault, and the verdicts of each day of it."""

    packaged: Packaged
    flights: Flights
    clean: Life
    verdicts: Mapping[int, Mapping[str, str]]
    first: int


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    """A model of January to April, tested on June, and July to December as it answered them."""
    made = project.copy(tmp_path_factory.mktemp("half") / "project")
    made.declare(data={"from": "2013-01", "through": "2013-06"})
    made.run("python", "-m", "mainline", "repro")
    later_ = made.twin(tmp_path_factory.mktemp("year") / "project")
    later_.declare(data={"from": "2013-01", "through": "2013-12"})
    later_.run("dvc", "repro", "prepare")
    (packaged,) = packages.find([made.path / "models/package"]).values()
    flights = half_year.read(later_.path, packaged)
    clean = live(packaged, flights, tmp_path_factory)
    first = min(clean.days)
    verdicts = {day: half_year.look(packaged, clean, clean, day + 1, day) for day in sorted(clean.days)}
    return Trial(packaged, flights, clean, verdicts, first)


def live(packaged: Packaged, flights: Flights, factory: pytest.TempPathFactory) -> Life:
    """Live through the flights in a folder of their own."""
    return half_year.live(flights, packaged, label_feed.wanted(interface), factory.mktemp("life"))


def failing(verdicts: Mapping[str, str], names: tuple[str, ...]) -> bool:
    """Say whether one of some checks fails, or warns where it is only reported."""
    return any(verdicts[name] in ("fail", "warn") for name in names)


def looks(trial: Trial, after: Life) -> Looks:
    """Look after each day from each start on."""
    days = {(start, number): trial.first + start + number - 1 for start in STARTS for number in range(1, DAYS + 1)}
    return {
        (start, number): (half_year.look(trial.packaged, trial.clean, after, trial.first + start, day), day)
        for (start, number), day in days.items()
    }


def seen(trial: Trial, found: Looks, names: tuple[str, ...]) -> list[int]:
    """Return the day, from 1, on which each start is seen that is seen: with the fault and not without it."""
    first: dict[int, int] = {}
    for (start, number), (verdicts, day) in found.items():
        if any(failing(verdicts, (name,)) and not failing(trial.verdicts[day], (name,)) for name in names):
            first.setdefault(start, number)
    return list(first.values())


def test_untouched_half_year_keeps_the_declared_rate(trial: Trial) -> None:
    """Once in 90 days is declared: 185 days have at most two alarms of quality, and of support only the real one.

    Drift, which is only reported, has one: from Christmas to the same lost weather.
    """
    days = sorted(trial.verdicts)
    beyond = {}
    for names in (SUPPORT, QUALITY, DRIFT, ("drift of predictions",)):
        found = beyond[names] = np.array([failing(trial.verdicts[day], names) for day in days])
        on = ", ".join(str(np.datetime64(day, "D")) for day, is_on in zip(days, found, strict=True) if is_on)
        print(f"{', '.join(names)}: {playback.episodes(found)} in {len(days)} days, {found.mean():.0%}: {on}")
    assert playback.episodes(beyond[QUALITY]) <= 2
    assert playback.episodes(beyond[DRIFT]) <= 1
    assert playback.episodes(beyond["drift of predictions",]) == 0
    support = [str(np.datetime64(day, "D")) for day in days if failing(trial.verdicts[day], SUPPORT)]
    assert set(support) <= {"2013-12-31", "2014-01-01"}, "the weather of the source ends the day before"


@pytest.mark.parametrize("fault", [*IN_THE_LOG, *IN_THE_WORLD])
def test_fault_is_seen(trial: Trial, tmp_path_factory: pytest.TempPathFactory, fault: str) -> None:
    """Each fault is seen by the check that should, from as many starts and as soon as the table says."""
    if fault in IN_THE_LOG:
        days = [trial.first + start + day for start in STARTS for day in range(DAYS)]
        after = live(trial.packaged, IN_THE_LOG[fault](trial.flights.choose(days)), tmp_path_factory)
    else:
        minutes, column, value = IN_THE_WORLD[fault]
        after = half_year.relabel(
            trial.clean,
            lambda events: events.actual + minutes * (events.request[column] == value if column else 1),
        )
    found = looks(trial, after)
    told, unlike = [], []
    kinds = {"support": SUPPORT, "quality": QUALITY, "drift": DRIFT, "any": (*SUPPORT, *QUALITY, *DRIFT)}
    for kind, names in kinds.items():
        days = seen(trial, found, names)
        told.append(f"{len(days)}/8 d{np.median(days):.0f}" if days else "0")
        if kind in EXPECTED.get(fault, {}):
            least, latest = EXPECTED[fault][kind]
            unlike += [f"{kind}: {days}"] if len(days) < least or np.median(days) > latest else []
    print(f"| {fault} | {' | '.join(told)} |", flush=True)
    assert not unlike, fault
