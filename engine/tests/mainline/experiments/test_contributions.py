"""Contributions: exact where the truth is known, and always adding up."""

from collections.abc import Callable, Mapping
from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
import pytest

from mainline.contract import Array
from mainline.experiments.contributions import attribute, typical

NAMES = ("a", "b", "c", "d", "e")


def row(*values: float) -> dict[str, Array]:
    """Return one row of the named features."""
    return {name: np.array([value], np.float32) for name, value in zip(NAMES, values, strict=False)}


def linear(columns: Mapping[str, Array]) -> Array:
    """Three times a, minus b, and c not at all."""
    return 3.0 * columns["a"] - columns["b"]


def entangled(columns: Mapping[str, Array]) -> Array:
    """Products and steps of all features."""
    a, b, c, d, e = (columns[name].astype(np.float64) for name in NAMES)
    return a * b + np.where(c > 0.5, d * e, -a) + np.sin(b * e) + a * b * c


def exact(
    model: Callable[[Mapping[str, Array]], Array], new: Mapping[str, Array], old: Mapping[str, Array]
) -> list[float]:
    """Shapley values by their definition: over all subsets."""
    count = len(new)

    def value(chosen: tuple[str, ...]) -> float:
        return float(model({name: new[name] if name in chosen else old[name] for name in new})[0])

    return [
        sum(
            factorial(size) * factorial(count - size - 1) / factorial(count) * (value((*chosen, name)) - value(chosen))
            for size in range(count)
            for chosen in combinations([other for other in new if other != name], size)
        )
        for name in new
    ]


def test_additive_model_is_attributed_exactly() -> None:
    """Where features act on their own, each gets its own effect without any chance."""
    found = attribute(linear, row(2, 5, 9), row(1, 1, 1))
    assert found.values == {"a": pytest.approx(3), "b": pytest.approx(-4), "c": 0}
    assert max(found.errors.values()) == pytest.approx(0)


def test_interaction_is_shared() -> None:
    """The effect of a product that neither factor has alone is halved between them, exactly."""
    found = attribute(lambda columns: columns["a"] * columns["b"], row(4, 3), row(0, 0))
    assert (found.values["a"], found.values["b"]) == pytest.approx((6, 6))


def test_sampling_agrees_with_the_definition() -> None:
    """Each contribution is within four standard errors of the value over all subsets."""
    new, old = row(1.5, -2, 0.9, 3, 0.7), row(0, 1, 0.2, -1, 2)
    found = attribute(entangled, new, old)
    for name, truth in zip(NAMES, exact(entangled, new, old), strict=True):
        assert abs(found.values[name] - truth) <= 4 * found.errors[name] + 1e-9


@pytest.mark.parametrize("seed", range(5))
def test_contributions_add_up(seed: int) -> None:
    """The sum is prediction minus reference, to the rounding of the last bits."""
    random = np.random.default_rng(seed)
    new, old = row(*random.normal(size=5)), row(*random.normal(size=5))
    found = attribute(entangled, new, old)
    assert found.prediction == pytest.approx(float(entangled(new)[0]))
    assert found.reference == pytest.approx(float(entangled(old)[0]))
    assert abs(found.gap) < 1e-12


def test_feature_at_its_reference_adds_nothing() -> None:
    """A feature with the value of the reference gets exactly zero."""
    found = attribute(entangled, row(1, 2, 0.9, 3, 4), row(0, 2, 0.1, 3, 1))
    assert (found.values["b"], found.values["d"]) == (0, 0)


def test_same_row_gives_the_same_contributions() -> None:
    """The orders are seeded: an explanation does not change by asking again."""
    rows = row(1, 2, 3, 4, 5), row(0, 0, 0, 0, 0)
    assert attribute(entangled, *rows) == attribute(entangled, *rows)


def test_typical_row_comes_from_the_profile() -> None:
    """Numbers are at their median, text at its commonest value, and what was always missing is missing."""
    profile: dict[str, dict[str, Any]] = {
        "number": {"kind": "number", "deciles": [0, 1, 2, 3, 4, 50, 6, 7, 8, 9, 10]},
        "text": {"kind": "text", "shares": {"UA": 0.5, "AA": 0.2}},
        "never": {"kind": "number", "missing": 1.0},
        "blank": {"kind": "text", "shares": {}},
    }
    found = typical(profile, list(profile))
    assert (found["number"].item(), found["text"].item(), found["blank"].item()) == (50, "UA", "")
    assert np.isnan(found["never"]).all()
    assert found["number"].dtype == np.float32
