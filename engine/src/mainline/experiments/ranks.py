"""Does the offline metric put models in the order that a later period puts them in? Without production, by replay.

What differs is intentionally degraded, as the ML test score advises where no experiment with clients is possible: the
declared model, and one without each of its features. All are fitted on what came before, judged on one period as
experiments are, and replayed on the period after it as if its requests had come; then all of it a period earlier. No
test row is read.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np

from mainline.declared.params import Params
from mainline.errors import ParamsError
from mainline.experiments import judgement, variant

WHOLE = ""
REPLAYS = 3
"""Later periods: as many as the score asks versions of production for."""


@dataclass(frozen=True)
class Ranked:
    """The model without a feature, '' for the declared one: its primary metric offline, and in the later period."""

    without: str
    offline_period: str
    later_period: str
    offline: float
    later: float

    def as_row(self) -> dict[str, object]:
        """Return the row of `metrics/ranks.csv`."""
        return asdict(self)


def replays(params: Params) -> list[tuple[tuple[str, ...], str, str]]:
    """List at most `REPLAYS` of what is fitted, judges and comes later, the newest first: all of it before the test.

    Raises:
        ParamsError: when too few periods are before the test.
    """
    known = (*params.parts.train, params.parts.validation[0])
    found = [(known[:end], known[end], known[end + 1]) for end in range(len(known) - 2, 0, -1)]
    if not found:
        raise ParamsError("data", "one period to train on", "widen data.from, so that models have one to be judged on")
    return found[:REPLAYS]


def measure(params: Params, replay: tuple[tuple[str, ...], str, str]) -> Iterator[Ranked]:
    """Fit the declared model and one without each feature, and yield each with both metrics.

    One that predicts no number is left out.

    Raises:
        MainlineError: when the prepared rows are not here.
    """
    fitted, judging, later = replay
    rows = variant.read(params, fitted)
    held = [variant.read(params, [period]) for period in (judging, later)]
    for name in (WHOLE, *params.features):
        chosen = params.model_copy(update={"features": tuple(one for one in params.features if one != name)})
        pipeline = variant.fit(chosen, rows)
        predicted = [variant.predict(pipeline, one, chosen) for one in held]
        if all(np.isfinite(one).all() for one in predicted):
            found = (judgement.measure(params.evaluation, *one) for one in zip(held, predicted, strict=True))
            yield Ranked(name, judging, later, *found)
