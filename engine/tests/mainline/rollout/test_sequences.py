"""The interval that holds at all looks: its values, and how often it is wrong when somebody looks all the time."""

from math import log, sqrt
from typing import Any

import numpy as np
import pytest

from mainline.exchange.outcomes import Tally
from mainline.rollout import sequences, statistics
from mainline.serving.answering.experiment import Experiment, Unit
from tests.mainline.rollout.looking import ALPHA, WORLDS, World, fixed, look

EXPERIMENTS = 200


def tally(values: list[float], clients: list[str] | None = None) -> Tally:
    """Count values as the server does; of clients that keep their version, where they are named."""
    experiment = Experiment("x", ["v1"])
    for number, value in enumerate(values):
        unit = Unit("v1", clients[number] if clients else "")
        experiment.remember(str(number), unit)
        experiment.count(str(number), value, unit)
    return experiment.tallies["v1"]


def test_absurd_first_value_costs_no_digit() -> None:
    """Of a version beside one whose first outcome is the largest there is, mean and error are exact."""
    random = np.random.default_rng(0)
    values = random.normal(0.1, 1e-3, 400).tolist()
    experiment = Experiment("x", ["v1", "v2"])
    experiment.count("absurd", 1e12, Unit("v2", ""))
    for number, value in enumerate(values):
        experiment.count(f"a{number}", value, Unit("v1", ""))
        experiment.count(f"b{number}", value, Unit("v2", ""))
    document = experiment.document()
    found = document["versions"]["v1"]
    assert document["origin"] + found["sum"] / 400 == pytest.approx(np.mean(values), rel=1e-13)
    assert sequences.squared_error(found) == pytest.approx(np.var(values, ddof=1) / 400, rel=1e-12)
    assert document["trace"][1]["v1"]["sum"] + document["origin"] == pytest.approx(values[0], rel=1e-13)


def test_order_of_outcomes_moves_no_bit() -> None:
    """A server that counts its log again, in whatever order, tells the same numbers."""
    values = np.random.default_rng(1).lognormal(0, 9, 300).tolist()
    clients = [str(number % 7) if number % 3 else "" for number in range(300)]
    order = np.random.default_rng(2).permutation(300)
    again = tally([values[place] for place in order], [clients[place] for place in order])
    assert again == tally(values, clients)


def test_radius_is_that_of_the_paper() -> None:
    """With rho chosen for t* units it is the radius as it is printed, at the first look and at later ones."""
    alpha, tuned = 0.05, 1000
    rho = sqrt((-2 * log(alpha) + log(-2 * log(alpha) + 1)) / tuned)
    for t in (1, 10, 1000, 10**6):
        inner = t * rho**2 + 1
        printed = 2.5 * sqrt(2 * inner / (t**2 * rho**2) * log(sqrt(inner) / alpha))
        assert sequences.radius(t, 2.5 / sqrt(t), alpha, tuned) == pytest.approx(printed)


def test_radius_is_narrowest_near_what_it_is_tuned_for() -> None:
    """Beside the error of one look the sequence costs least around the declared number of units."""
    ratio = [float(sequences.radius(units, 1.0, ALPHA, 2000)) for units in (20, 200, 2000, 20_000, 10**7)]
    assert min(ratio) == ratio[2]
    assert all(one > 1.96 for one in ratio)


def test_error_is_that_of_a_mean_where_each_request_is_a_unit() -> None:
    """Without clients it is the variance over the number."""
    values = [3.0, 4.5, 1.0, 8.0]
    assert sequences.squared_error(tally(values)) == pytest.approx(np.var(values, ddof=1) / 4)


def test_error_of_clients_is_that_of_a_ratio() -> None:
    """Outcomes of one client go together: by hand, and larger than if they were apart."""
    values, clients = [1.0, 1.2, 1.1, 5.0, 5.2, 9.0], ["a", "a", "a", "b", "b", "c"]
    mean = sum(values) / 6
    residuals = [3.3 - 3 * mean, 10.2 - 2 * mean, 9.0 - mean]
    by_hand = sum(one * one for one in residuals) / 36 * 3 / 2
    found = tally(values, clients)
    assert found["units"] == 3
    assert sequences.squared_error(found) == pytest.approx(by_hand)
    assert by_hand > sequences.squared_error(tally(values))


def test_error_does_not_depend_on_where_values_lie() -> None:
    """Values of a thousand million with a spread of one lose no digits."""
    values = np.random.default_rng(1).normal(0, 1, 1000)
    near, far = (sequences.squared_error(tally([float(v) for v in values + shift])) for shift in (0, 1e9))
    assert far == pytest.approx(near, rel=1e-4)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([1.0] * 9, [1.0, 2.0] * 10),
        ([0.0] * 20, [0.0] * 20),
        ([], [1.0, 2.0] * 10),
    ],
)
def test_nothing_is_known_of_too_few_or_of_values_that_are_all_the_same(first: Any, second: Any) -> None:
    """Where nobody bought anything, nothing tells the two versions apart, however many looked."""
    assert sequences.compare_means(tally(first), tally(second), 0.95, 10) is statistics.UNKNOWN


@pytest.mark.parametrize(("first", "second"), [(0.0, 0.1), (0.1, 0.0)])
def test_version_that_sells_nothing_is_told_from_one_that_does(first: float, second: float) -> None:
    """None of a thousand against a tenth is no mystery: one that sells nothing has the spread of both together."""
    experiment = Experiment("x", ["b", "a"])
    for number in range(1000):
        for version, share in (("b", first), ("a", second)):
            experiment.count(f"{version}{number}", float(number < 1000 * share), Unit(version, ""))
    found = sequences.compare_means(experiment.tallies["b"], experiment.tallies["a"], 0.95, 100)
    assert found.estimate == pytest.approx(first - second)
    error = sqrt(1.5 * 0.1 * 0.9 / 999)
    assert found.high - found.estimate == pytest.approx(sequences.radius(2000, error, 0.05, 200))
    assert (found.low > 0) == (first > second) == (found.high > 0)


def test_difference_is_the_candidate_less_stable() -> None:
    """The interval lies around the difference of the means and is wider than that of one look."""
    random = np.random.default_rng(3)
    first, second = ([float(v) for v in random.normal(mean, 1, 400)] for mean in (2.0, 1.0))
    experiment = Experiment("x", ["b", "a"])
    for number, (version, value) in enumerate([*(("b", v) for v in first), *(("a", v) for v in second)]):
        experiment.count(str(number), value, Unit(version, ""))
    found = sequences.compare_means(experiment.tallies["b"], experiment.tallies["a"], 0.95, 100)
    assert found.estimate == pytest.approx(np.mean(first) - np.mean(second))
    larger, smaller = sorted((np.var(values, ddof=1) / 400 for values in (first, second)), reverse=True)
    error = sqrt(larger + (larger + smaller) / 2)
    half = sequences.radius(800, error, 0.05, 200)
    assert found.high - found.estimate == pytest.approx(half), "tuned for the minimum of both versions"
    assert 1.96 * error < half < 2 * 1.96 * error
    assert found.estimate - found.low == pytest.approx(found.high - found.estimate)


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_looking_after_every_outcome_is_honest(world: World) -> None:
    """Of 200 A/A experiments no more than declared ever exclude 0, give or take chance; the usual interval's do."""
    random = np.random.default_rng(2013)
    minimum = 100 if world.per_client > 1 else 1000 if world.name.startswith("binary") else 300
    outcomes = 6000 if world.share >= 0.1 else 12_000
    wrong = np.zeros(2)
    for _ in range(EXPERIMENTS):
        looks = look(world, random, outcomes, minimum)
        wrong += [looks.sequence().any(), looks.repeated().any()]
    chance = 1.645 * sqrt(ALPHA * (1 - ALPHA) / EXPERIMENTS)
    assert wrong[0] / EXPERIMENTS <= ALPHA + chance
    assert wrong[1] / EXPERIMENTS > 2 * ALPHA


def test_difference_that_is_there_is_found() -> None:
    """A fifth of a standard deviation is found by four of five experiments in less than three fixed tests' outcomes."""
    random, world = np.random.default_rng(5), WORLDS[0]
    most = int(3 * fixed(0.2, 1.0))
    found = [look(world, random, most, 200, 0.2).sequence().any() for _ in range(EXPERIMENTS)]
    assert np.mean(found) > 0.8
