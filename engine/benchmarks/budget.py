"""How often a candidate that is too bad gets through when somebody tries and tries on one holdout, and what it costs.

    python -m benchmarks.budget [ANALYSTS]    200 of each kind without a number; ten minutes

Every candidate is truly worse than production by just more than the gate allows, on a holdout of 30 days of 100 rows
with storms and heavy tails. Three analysts try up to a hundred times and stop at the first that the gate calls no
worse: one tries once, one trains anew each time, and one varies what was best so far and keeps what looks better, while
no variation changes anything but by chance. Then the price: how many candidates that are as good as production, or
better, are shown to be no worse at a later look. `fixed` is the interval of one look, `Bonferroni` divides what it may
miss by the number of looks, `Scheffé` is the gate's.
"""

import sys
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Literal, get_args

import numpy as np

from mainline.contract import Array
from mainline.gate import statistics
from mainline.model.metrics import scorer

DAYS, PER_DAY, TRIES = 30, 100, 100
CONFIDENCE, MARGIN = 0.95, 0.01
WORSE = 0.011
"""The true loss of a candidate that must not be released."""
STEP = 0.1
"""By how much a variation changes single squared errors: the standard deviation of the logarithm."""
LOOKS, BETTER = (1, 2, 5, 10, 20, 50, 100), (0.0, 0.01, 0.02, 0.05)
RMSE = scorer("regression").primary
DAY = np.repeat(np.arange(DAYS), PER_DAY)

Rule = Literal["fixed", "Bonferroni", "Scheffé"]
Try = tuple[Array, Array]
"""Squared errors of a candidate and of production, shape (n,) each."""


def tries_once(random: np.random.Generator) -> Iterator[Try]:
    """Yield one candidate."""
    yield next(trains_anew(random))


def trains_anew(random: np.random.Generator, worse: float = WORSE) -> Iterator[Try]:
    """Yield candidates that have nothing in common but the rows, which production has seen in its own way."""
    shared, production = _production(random)
    while True:
        own = shared + random.normal(size=len(DAY)) * 1.5 + random.normal(size=DAYS)[DAY]
        yield ((1 + worse) * own) ** 2, production


def varies_the_best(random: np.random.Generator) -> Iterator[Try]:
    """Yield variations of what was best so far; each multiplies errors by chance, and by 1 on average."""
    best, production = next(trains_anew(random))
    while True:
        yield best, production
        varied = best * np.exp(STEP * random.normal(size=len(DAY)) - STEP**2 / 2)
        best = min(best, varied, key=np.mean)


def _production(random: np.random.Generator) -> Try:
    storm = np.exp(0.5 * random.normal(size=DAYS))[DAY]
    shared = random.standard_t(8, size=len(DAY)) * 10 * storm
    return shared, (shared + random.normal(size=len(DAY)) * 1.5 + random.normal(size=DAYS)[DAY]) ** 2


def is_released(tried: Try, look: int, rule: Rule = "Scheffé") -> bool:
    """Whether a candidate is called no worse at this look, by the interval of a rule."""
    candidate, production = map(np.sqrt, tried)
    confidence = 1 - (1 - CONFIDENCE) / (look if rule == "Bonferroni" else 1)
    looks = look if rule == "Scheffé" else 1
    found = statistics.compare(RMSE, np.zeros(len(DAY)), candidate, production, DAY, confidence, looks=looks)
    return statistics.conclude(found, MARGIN) in ("better", "no worse")


def hunt(analyst: Callable[[np.random.Generator], Iterator[Try]], seed: int, rule: Rule) -> bool:
    """Whether an analyst gets one through within `TRIES`."""
    tried = islice(analyst(np.random.default_rng(seed)), TRIES)
    return any(is_released(each, look, rule) for look, each in enumerate(tried, start=1))


def power(better: float, look: int, count: int) -> float:
    """Return the share of candidates that are better by so much and are released at a look."""
    tried = (next(trains_anew(np.random.default_rng(seed), -better)) for seed in range(count))
    return sum(is_released(each, look) for each in tried) / count


def main(count: int) -> None:
    """Print both tables."""
    print(f"released although {WORSE:.1%} worse, of {count} analysts each ({TRIES} tries at most)", flush=True)
    print(f"{'':18}" + "".join(f"{rule:>12}" for rule in get_args(Rule)))
    for analyst in (tries_once, trains_anew, varies_the_best):
        shares = [sum(hunt(analyst, seed, rule) for seed in range(count)) / count for rule in get_args(Rule)]
        print(f"{analyst.__name__.replace('_', ' '):18}" + "".join(f"{share:12.1%}" for share in shares), flush=True)
    print(f"\nshown to be no worse at look, of {count} candidates each")
    print(f"{'':18}" + "".join(f"{look:>7}" for look in LOOKS))
    for better in BETTER:
        shares = [power(better, look, count) for look in LOOKS]
        name = f"{better:.0%} better" if better else "as good"
        print(f"{name:18}" + "".join(f"{share:7.0%}" for share in shares), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
