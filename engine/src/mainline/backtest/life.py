"""A released package answers the requests of a later period, by its own code and from that period's feature tables."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mainline import files, periods
from mainline.clocks import with_local
from mainline.contract import Array
from mainline.data import dataset
from mainline.data.columns import DAY
from mainline.data.moments import prediction_time
from mainline.monitoring.packages import Packaged
from mainline.package import manifest, sealing
from mainline.package.predictor import Predictor


@dataclass(frozen=True)
class Answers:
    """n answered events of a period: requests, features, predictions, the baseline's, the truth, and their moments.

    `moment` is in minutes since 1970 UTC; `weight` is None where none counts more than another.
    """

    request: dict[str, Array]
    features: dict[str, Array]
    predicted: Array
    baseline: Array
    actual: Array
    moment: Array
    weight: Array | None

    @property
    def day(self) -> Array:
        """The day of each, counted from 1970 in UTC."""
        return self.moment // DAY


def load(package: Path) -> Packaged:
    """Read and verify a package."""
    return Packaged(*manifest.read(package))


def answer(package: Packaged, period: str) -> Answers:
    """Answer each event of a period, whose prepared rows and tables are in the current folder.

    A period of its test is answered by the measured model, if another one is served.
    """
    is_test = period in package.manifest["window"]["test"]
    model = Predictor(package.manifest, package.contents, measured=True) if is_test else package.predictor
    rows = dataset.read(dataset.FOLDER, [period], [field.name for field in model.request], [])
    request = with_local({field.name: rows.request[field.name] for field in model.request}, model.request)
    fed = (periods.before(period), period)  # as a server is fed newer rows of moving tables
    model.tables = {name: sealing.read(table.declared, fed) for name, table in model.tables.items()}
    features = model.compute(request)
    predicted = np.asarray(model.scoring.respond(model.runtime.predict(features), request), np.float64)
    return Answers(
        request=dict(request),
        features=features,
        predicted=predicted,
        baseline=package.baseline(request, features),
        actual=rows.label,
        moment=prediction_time(model.features, request),
        weight=package.weigh(rows.label, request),
    )


def write(found: Answers, file: Path) -> None:
    """Keep what is needed to measure answers."""
    columns = {"predicted": found.predicted, "actual": found.actual, "day": found.day, "baseline": found.baseline}
    columns |= {} if found.weight is None else {"weight": found.weight}
    with files.replacing(file) as target, target.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **columns)
