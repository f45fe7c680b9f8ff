"""Quality against the model's age: what is lost by predicting a period with a model that was fitted some periods ago.

Training windows of one length are moved through the training and validation periods; each model predicts every later
period. A model of age k skips the k periods between its window and the period it predicts. It is compared with
the model of age 0 on the same periods and the same rows, so a hard period does not count as ageing. The seasons differ
with the age as well, and are part of what an old model lacks.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

import numpy as np

from mainline.contract import Array
from mainline.data.dataset import Prepared, join
from mainline.declared.params import Evaluation, Params
from mainline.errors import ParamsError
from mainline.experiments import judgement, variant


@dataclass(frozen=True)
class Age:
    """All models of one age: `relative` (0.01 is 1 % worse), `low` and `high` are against models of age 0.

    `metric` and `fresh` are the primary metric at this age and at age 0, on the same rows of so many periods.
    """

    unit: str
    age: int
    periods: int
    rows: int
    metric: float
    fresh: float
    relative: float
    low: float
    high: float

    def as_row(self) -> dict[str, object]:
        """Return the row of `metrics/staleness.csv`."""
        return asdict(self)


def window_length(periods: int, wanted: int | None = None) -> int:
    """Return how many periods a training window has: the wanted number, or half of all.

    Raises:
        ParamsError: when no period would be left to predict.
    """
    length = max(1, periods // 2) if wanted is None else wanted
    if not 1 <= length < periods:
        raise ParamsError(
            "data", f"{periods} periods before the test and a training window of {length}", "leave one to predict"
        )
    return length


def predict(
    params: Params, rows: Mapping[str, Prepared], length: int
) -> Iterator[tuple[tuple[str, ...], dict[tuple[int, str], Array]]]:
    """Fit on each window of so many periods; yield the window, and what it predicts by age and period."""
    periods = tuple(rows)
    for start in range(len(periods) - length):
        window = periods[start : start + length]
        pipeline = variant.fit(params, join(rows[period] for period in window))
        later = enumerate(periods[start + length :])
        yield window, {(age, period): variant.predict(pipeline, rows[period], params) for age, period in later}


def summarise(
    evaluation: Evaluation, predicted: Mapping[tuple[int, str], Array], rows: Mapping[str, Prepared],
    confidence: float, unit: str,
) -> list[Age]:  # fmt: skip
    """Put the models of each age together and compare them with the fresh ones, of two classes each at its threshold.

    Args:
        evaluation: declares what they are compared by.
        predicted: by age and predicted period, one prediction for each row of the period.
        rows: by period.
        confidence: of the intervals.
        unit: what a period is.
    """
    ages = []
    for age in sorted({age for age, _ in predicted}):
        periods = sorted(period for other, period in predicted if other == age)
        old, fresh = (np.concatenate([predicted[which, period] for period in periods]) for which in (age, 0))
        held = join(rows[period] for period in periods)
        day = variant.clusters(held)
        value, found = judgement.judge(evaluation, held, old, fresh, day, confidence)
        measured = (value, judgement.measure(evaluation, held, fresh), found.estimate, found.low, found.high)
        ages.append(Age(unit, age, len(periods), len(day), *measured))
    return ages
