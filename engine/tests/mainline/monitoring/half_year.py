"""July to December 2013 as production answered it, by a model of January to June, with faults that begin one day.

Lines are written by the service's own `log_line`, rolled up, and joined with labels; only the clock is not waited for.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mainline.conformance.requests import KNOWN
from mainline.data import columns, dataset
from mainline.data.columns import DAY
from mainline.declared.monitoring import Monitoring
from mainline.limits.sketches import Sketch
from mainline.model import metrics
from mainline.monitoring import events, reference, rollup, verdict
from mainline.monitoring.events import Events
from mainline.monitoring.label_feed import VALUE, Wanted
from mainline.monitoring.packages import Packaged
from mainline.monitoring.production import Production
from mainline.monitoring.store import Store
from mainline.package.responses import Prediction
from mainline.serving.answering.answer import Answer, Pattern
from mainline.serving.answering.batching import Share
from mainline.serving.answering.messages import Request
from mainline.serving.answering.model import Model
from mainline.serving.prediction_line import log_line

MONTHS = tuple(f"2013-{month:02d}" for month in range(7, 13))
BATCH = 500
SHOWN = 8  # days that a look takes: a window, and the day before it
Columns = Mapping[str, Any]


@dataclass(frozen=True)
class Flights:
    """n flights: request, features and label by column, in the order of the moments at which they were asked about.

    `moment` is that of the server, minutes UTC: a request that says something wrong is answered when it is asked.
    """

    request: Columns
    features: Columns
    label: Any
    moment: Any

    def change(self, request: Columns | None = None, features: Columns | None = None, label: Any = None) -> "Flights":
        """Return them with other columns."""
        return Flights(
            {**self.request, **(request or {})}, {**self.features, **(features or {})},
            self.label if label is None else label, self.moment,
        )  # fmt: skip

    def choose(self, days: Any) -> "Flights":
        """Return the flights of some days, counted from 1970."""
        return self.keep(np.isin(self.moment // DAY, days))

    def keep(self, rows: Any) -> "Flights":
        """Return the flights that a mask, or their places, name; a place may come twice."""
        request, features = ({name: values[rows] for name, values in columns.items()}
                             for columns in (self.request, self.features))  # fmt: skip
        return Flights(request, features, self.label[rows], self.moment[rows])


@dataclass(frozen=True)
class Life:
    """What a store holds of all days: a sketch by day, and events in order with the days at which they begin."""

    days: Mapping[int, Sketch]
    events: Events


def read(root: Path, packaged: Packaged) -> Flights:
    """Read the prepared months."""
    request = [field.name for field in packaged.request]
    rows = dataset.read(root / dataset.FOLDER, MONTHS, request, [*packaged.numbers, *packaged.texts])
    moment = packaged.predictor.features.prediction_time(rows.request)
    rows = rows.take(np.argsort(moment, kind="stable"))
    rows = rows.take(packaged.predictor.features.prediction_time(rows.request) // DAY >= _first(MONTHS[0]))
    return Flights(rows.request, rows.features, rows.label, packaged.predictor.features.prediction_time(rows.request))


def live(flights: Flights, packaged: Packaged, kind: Wanted, folder: Path) -> Life:
    """Answer all flights, write the log, roll it up, and join the labels."""
    (folder / "log").mkdir(parents=True)
    path = folder / "log" / "predictions-20130701T000000-abcdef01-000001.jsonl"
    with path.open("wb") as log:
        log.writelines(_lines(flights, packaged))
    store = Store(folder / "store")
    rolled = [one for record in rollup.roll(folder / "log", store, {packaged.digest: packaged}).records.values()
              for one in record.days]  # fmt: skip
    path.unlink()
    predicted = events.predictions([store.folder / one.columns for one in rolled], packaged)
    labels = pd.DataFrame(
        {**{name: flights.request[name] for name in kind.names}, VALUE: flights.label, KNOWN: flights.moment + 2 * DAY}
    )
    joined = events.join(predicted, labels, kind, packaged)
    days = {int(np.datetime64(one.day, "D").astype(int)): one.sketch for one in rolled}
    return Life(days, joined.choose(np.argsort(joined.moment, kind="stable")))


def relabel(life: Life, change: Callable[[Events], Any]) -> Life:
    """Return a life with other labels."""
    return Life(life.days, dataclasses.replace(life.events, actual=change(life.events)))


def look(packaged: Packaged, before: Life, after: Life, start: int, day: int) -> dict[str, str]:
    """Check production as it stood after a day, if a fault began on the day `start`; return the verdicts by name."""
    shown = range(day - SHOWN + 1, day + 1)
    days = {
        str(np.datetime64(one, "D")): (after if one >= start else before).days[one] for one in shown
        if one in before.days
    }  # fmt: skip
    parts = [_cut(before.events, shown[0], min(start, day + 1)), _cut(after.events, max(start, shown[0]), day + 1)]
    policy = Monitoring()
    production = Production(
        "v1.0.0", reference.load(packaged), days, _join([part for part in parts if len(part)]), "", policy,
        metrics.scorer("regression"), 5.0, 500,
    )  # fmt: skip
    return {check.name: check.verdict for check in verdict.of_version(production)}


def _lines(flights: Flights, packaged: Packaged) -> Iterator[bytes]:
    model = Model("v1.0.0", packaged.predictor)
    raw = packaged.predictor.runtime.predict(flights.features)
    predicted: list[Prediction] = np.asarray(
        packaged.predictor.scoring.respond(raw, flights.request), np.float64
    ).tolist()
    given = pd.DataFrame(columns.to_rows(flights.request, packaged.request)).astype(object)
    given = given.where(given.notna(), None)
    day = flights.moment // DAY
    request = Request("POST", "/predict", [])
    request.key = _Client()  # type: ignore[assignment]
    whole = Pattern([], [], [])
    for one in np.unique(day):
        first, last = np.searchsorted(day, [one, one + 1])
        for start in range(first, last, BATCH):
            rows = slice(start, min(start + BATCH, last))
            n = rows.stop - rows.start
            answer = Answer(
                predicted[rows], None, [whole] * n, {str(name): given[name][rows].tolist() for name in given},
                {name: values[rows] for name, values in flights.features.items()},
                f"{np.datetime64(int(one), 'D')}T12:00:00.000+00:00",
            )  # fmt: skip
            yield log_line(model, request, Share(answer, 0, n), 0.01)


class _Client:
    id = "client"


def _first(month: str) -> int:
    return int(np.datetime64(month, "D").astype(int))


def _cut(found: Events, first: int, end: int) -> Events:
    rows = slice(*np.searchsorted(found.moment, [first * DAY, end * DAY]))
    return found.choose(rows)  # type: ignore[arg-type]


def _join(parts: list[Events]) -> Events:
    whole = parts[0]
    return Events(
        {name: np.concatenate([part.request[name] for part in parts]) for name in whole.request},
        np.concatenate([part.moment for part in parts]), np.concatenate([part.predicted for part in parts]),
        np.concatenate([part.actual for part in parts]), np.concatenate([part.answered for part in parts]), 0,
        {name: np.concatenate([part.features[name] for part in parts]) for name in whole.features},
    )  # fmt: skip
