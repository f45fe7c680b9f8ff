"""Experiments that are simulated whole and looked at after every outcome: how often, and when, a difference is seen."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.random import Generator

from mainline.rollout import sequences

Draw = Callable[[Generator, int], np.ndarray]
ALPHA = 0.05


@dataclass(frozen=True)
class World:
    """What outcomes are like: values by unit, and how many outcomes a unit has on average."""

    name: str
    draw: Draw
    spread: float
    """Their standard deviation."""
    per_client: int = 1
    share: float = 0.5
    """Of the units, that have the candidate."""


def _of_clients(random: Generator, number: int) -> np.ndarray:
    return random.normal(0, 1, number)


def _of_buyers(random: Generator, number: int) -> np.ndarray:
    return (random.random(number) < 0.05) * random.lognormal(0, 1.5, number)


WORLDS = (
    World("normal", lambda random, n: random.normal(5, 1, n), 1.0),
    World("binary at 1 %", lambda random, n: (random.random(n) < 0.01).astype(float), 0.0995),
    World("skewed amounts (log-normal, sigma 1)", lambda random, n: random.lognormal(3, 1, n), 43.4),
    World("skewed amounts, one of ten", lambda random, n: random.lognormal(3, 1, n), 43.4, share=0.1),
    World("amounts of the 5 % who buy, one of twenty", _of_buyers, 0.81, share=0.05),
    World("heavy tails (Student's t, 3 degrees)", lambda random, n: random.standard_t(3, n), 3**0.5),
    World("clients of their own, 20 outcomes each", _of_clients, 1.0, per_client=20),
)


@dataclass(frozen=True)
class Looks:
    """What is known at each look, from a minimum on: units seen, difference, its standard error, and the usual one."""

    number: np.ndarray
    estimate: np.ndarray
    error: np.ndarray
    usual: np.ndarray
    enough: np.ndarray
    minimum: int

    def sequence(self) -> np.ndarray:
        """Say at which looks the sequence excludes 0."""
        return self._beyond(sequences.radius(self.number, self.error, ALPHA, 2 * self.minimum))

    def repeated(self) -> np.ndarray:
        """Say at which looks the usual interval, which is meant for one look, excludes 0."""
        return self._beyond(NormalDist().inv_cdf(1 - ALPHA / 2) * self.usual)

    def _beyond(self, half: np.ndarray) -> np.ndarray:
        return self.enough & (half > 0) & (np.abs(self.estimate) > half)


def look(world: World, random: Generator, outcomes: int, minimum: int, effect: float = 0.0) -> Looks:
    """Play one experiment: a share of the units has the candidate, whose values are larger by `effect`."""
    clients = np.arange(outcomes)
    values = world.draw(random, outcomes)
    if world.per_client > 1:  # what is a client's own is as large as what changes from outcome to outcome
        clients = random.integers(0, outcomes // world.per_client, outcomes)
        values = values + random.normal(0, 1, outcomes // world.per_client)[clients]
    sides = random.random(clients.max() + 1) < world.share
    has_candidate = sides[clients]
    values = values + effect * has_candidate
    candidate, stable = (
        _tallies(clients, np.where(side, values, 0.0), side) for side in (has_candidate, ~has_candidate)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        means = [tally["sum"] / np.maximum(tally["number"], 1) for tally in (candidate, stable)]
        error = np.sqrt(sum(sequences.squared_errors(candidate, stable)))
        usual = np.sqrt(sequences.squared_error(candidate) + sequences.squared_error(stable))
    units = candidate["units"] + stable["units"]
    enough = np.minimum(candidate["units"], stable["units"]) >= minimum
    return Looks(units, means[0] - means[1], error, usual, enough, minimum)


def fixed(effect: float, spread: float, power: float = 0.8) -> float:
    """Return the outcomes that a test with one look at its end needs, both versions together."""
    normal = NormalDist()
    return 4 * ((normal.inv_cdf(1 - ALPHA / 2) + normal.inv_cdf(power)) * spread / effect) ** 2


def _tallies(clients: np.ndarray, values: np.ndarray, side: np.ndarray) -> Any:
    """Return the tally of one version after each outcome, all looks at once."""
    before_sum, before_number = (_before(clients, what) for what in (values, side.astype(float)))
    after_sum, after_number = before_sum + values, before_number + side
    grown = {
        "units": side & (before_number == 0),
        "number": side,
        "sum": values,
        "squares": after_sum**2 - before_sum**2,
        "products": after_sum * after_number - before_sum * before_number,
        "counts": after_number**2 - before_number**2,
    }
    return {name: np.cumsum(np.where(side, more, 0.0)) for name, more in grown.items()}


def _before(clients: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return what a client had in all before each of its outcomes."""
    order = np.argsort(clients, kind="stable")
    sorted_values = values[order]
    sums = np.cumsum(sorted_values) - sorted_values
    first = np.r_[True, np.diff(clients[order]) != 0]
    starts = np.maximum.accumulate(np.where(first, np.arange(len(clients)), 0))
    found = np.empty(len(clients))
    found[order] = sums - sums[starts]
    return found
