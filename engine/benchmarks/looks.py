"""How often looking after every outcome finds a difference where there is none, and how soon one that there is.

`python -m benchmarks.looks [EXPERIMENTS [OUTCOMES]]` simulates A/A and A/B experiments (1,000 of 20,000 outcomes unless
told otherwise, about a minute), each looked at after every outcome from the minimum on: by the sequence that rollouts
use, and by the usual interval, which is meant for one look.
"""

import sys
from math import sqrt

import numpy as np

from benchmarks import measure
from tests.mainline.rollout.looking import ALPHA, WORLDS, World, fixed, look

MINIMA = {"binary at 1 %": 2000}
"""Units of each version before the first look, where 500 are too few."""
EFFECT = 0.1
"""Of the second table, in standard deviations."""


def main() -> None:
    """Print the two tables."""
    given = [int(text) for text in sys.argv[1:]]
    experiments, outcomes = (*given, *(1000, 20_000)[len(given) :])
    measure.table(
        f"A/A: of {experiments:,} experiments of {outcomes:,} outcomes so many ever exclude 0; {ALPHA:.0%} are allowed",
        ["outcomes are", "minimum", "sequence", "usual interval"],
        [_false_alarms(world, experiments, outcomes) for world in WORLDS],
    )
    measure.table(
        f"A/B: outcomes until a difference of {EFFECT} standard deviations is found",
        ["outcomes are", "found", "median", "80 % found by", "one look at the end (80 %)"],
        [_power(world, experiments, outcomes) for world in WORLDS if world.per_client == 1 and world.share == 0.5],
    )


def _false_alarms(world: World, experiments: int, outcomes: int) -> list[str]:
    random, minimum = np.random.default_rng(2013), MINIMA.get(world.name, 500)
    minimum = 100 if world.per_client > 1 else minimum
    seen = np.zeros(2)
    for _ in range(experiments):
        looks = look(world, random, outcomes, minimum)
        seen += [looks.sequence().any(), looks.repeated().any()]
    return [world.name, f"{minimum:,}", *[_share(number, experiments) for number in seen]]


def _power(world: World, experiments: int, outcomes: int) -> list[str]:
    random, minimum = np.random.default_rng(2014), MINIMA.get(world.name, 500)
    when = np.full(experiments, np.inf)
    for number in range(experiments):
        found = look(world, random, outcomes, minimum, EFFECT * world.spread).sequence()
        when[number] = np.argmax(found) + 1 if found.any() else np.inf
    median, most = np.quantile(when, [0.5, 0.8], method="lower")
    needed = fixed(EFFECT, 1.0)
    return [
        world.name,
        _share(np.isfinite(when).sum(), experiments),
        f"{median:,.0f}",
        f"{most:,.0f}",
        f"{needed:,.0f}",
    ]


def _share(number: float, of: int) -> str:
    share = number / of
    return f"{share:.1%} (± {1.96 * sqrt(share * (1 - share) / of):.1%})"


if __name__ == "__main__":
    main()
