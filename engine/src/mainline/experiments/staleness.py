"""Quality against the model's age: what is lost by predicting a month with a model that was fitted some months ago.

Training windows of one length are moved through the training and validation months; each model predicts every later
month. A model of age k skips the k months between its window and the month it predicts. It is compared with
the model of age 0 on the same months and the same rows, so a hard month does not count as ageing. The seasons differ
with the age as well, and are part of what an old model lacks.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

import numpy as np

from mainline.contract import Array
from mainline.data.prepared import Prepared, join
from mainline.declared.params import Params
from mainline.errors import ParamsError
from mainline.experiments import refit
from mainline.gate.statistics import compare
from mainline.model.metric import Metric


@dataclass(frozen=True)
class Age:
    """All models of one age: `relative` (0.01 is 1 % worse), `low` and `high` are against models of age 0.

    `metric` and `fresh` are the primary metric at this age and at age 0, on the same rows of so many months.
    """

    age_months: int
    months: int
    rows: int
    metric: float
    fresh: float
    relative: float
    low: float
    high: float

    def as_row(self) -> dict[str, object]:
        """Return the row of `metrics/staleness.csv`."""
        return asdict(self)


def window_length(months: int, wanted: int | None = None) -> int:
    """Return how many months a training window has: the wanted number, or half of all.

    Raises:
        ParamsError: when no month would be left to predict.
    """
    length = max(1, months // 2) if wanted is None else wanted
    if not 1 <= length < months:
        raise ParamsError(
            "data", f"{months} months before the test and a training window of {length}", "leave a month to predict"
        )
    return length


def predict(
    params: Params, rows: Mapping[str, Prepared], length: int
) -> Iterator[tuple[tuple[str, ...], dict[tuple[int, str], Array]]]:
    """Fit on each window of so many months; yield the window, and what it predicts by age and month."""
    months = tuple(rows)
    for start in range(len(months) - length):
        window = months[start : start + length]
        pipeline = refit.fit(params, join(rows[month] for month in window))
        later = enumerate(months[start + length :])
        yield window, {(age, month): refit.predict(pipeline, rows[month], params) for age, month in later}


def summarise(
    metric: Metric, predicted: Mapping[tuple[int, str], Array], rows: Mapping[str, Prepared], confidence: float
) -> list[Age]:
    """Put the models of each age together and compare them with the fresh ones.

    Args:
        metric: what they are compared by.
        predicted: by age and predicted month, one prediction for each row of the month.
        rows: by month.
        confidence: of the intervals.
    """
    ages = []
    for age in sorted({age for age, _ in predicted}):
        months = sorted(month for other, month in predicted if other == age)
        old, fresh = (np.concatenate([predicted[which, month] for month in months]) for which in (age, 0))
        held = join(rows[month] for month in months)
        day = refit.days(held)
        found = compare(metric, held.label, old, fresh, day, confidence)
        measured = (
            metric.value(held.label, old),
            metric.value(held.label, fresh),
            found.estimate,
            found.low,
            found.high,
        )
        ages.append(Age(age, len(months), len(day), *measured))
    return ages
