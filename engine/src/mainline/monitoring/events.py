"""Events as they were predicted and turned out: rows of the store, each with the label that came after it.

The moment of a prediction is what the use case says of its request (`features.prediction_time`), else when the server
answered: a replay of last year's events is judged by last year's labels. Of several predictions of one event, as after
a retry, the last one before the label became known counts.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from mainline import clocks
from mainline.conformance.requests import KNOWN
from mainline.contract import Array
from mainline.data import columns as typed
from mainline.data.columns import DAY
from mainline.limits.sketches import PREDICTION
from mainline.monitoring import event_times
from mainline.monitoring.label_feed import VALUE, Wanted
from mainline.monitoring.packages import Packaged

FEATURE, OF_LOG = "feature.", "log."
LABEL = VALUE
MOMENT, SERVED, ANSWER, KNOWN_AT, FOUND = (
    f"event.{name}" for name in ("moment", "served", "prediction", "known_at", "found")
)
"""Columns beside those of a request, whose fields begin otherwise."""
_FIRST, _END = (int(np.datetime64(day, "m").astype(np.int64)) for day in ("1900-01-01", "2200-01-01"))
"""Minutes since 1970 between which events are: a line may say any time, also one that no calendar has."""


@dataclass(frozen=True)
class Events:
    """n events of one package: requests and predictions by column, and the label of each, NaN where there is none.

    Predictions of K classes have shape (n, K). `features` are there if the use case's own baseline asks for them.
    `moment` is minutes since 1970 UTC. `answered` says which have a row among the labels, also one without a value;
    `unknown` counts labels of events that nobody asked about, `late` events asked about once their label was known.
    """

    request: Mapping[str, Array]
    moment: Array
    predicted: Array
    actual: Array
    answered: Array
    unknown: int
    features: Mapping[str, Array] = dataclasses.field(default_factory=dict)
    late: int = 0

    def __len__(self) -> int:
        return len(self.moment)

    @property
    def day(self) -> Array:
        """The day of each, counted from 1970 in UTC."""
        return self.moment // DAY

    def choose(self, rows: Array) -> "Events":
        """Return the rows that a mask of shape (n,) names."""
        request, features = (
            {name: values[rows] for name, values in columns.items()} for columns in (self.request, self.features)
        )
        return Events(
            request, self.moment[rows], self.predicted[rows], self.actual[rows], self.answered[rows], self.unknown,
            features, self.late,
        )  # fmt: skip


def predictions(
    files: Iterable[Path], package: Packaged, features: Sequence[str] | None = None, log: Sequence[str] = (),
    only: list[tuple[str, str, object]] | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Return the rows of a package: its request's columns, predictions, `MOMENT` and `SERVED` in minutes UTC.

    Rows without a whole request, and those of an event before 1900 or after 2199, are left out.

    Predictions stand in the column `ANSWER`, or those of several classes in `probability.NAME`; the named features
    in `feature.NAME`: without names those that the use case's own baseline asks for. What the log says of each row is
    in `log.NAME`; `only` chooses rows, as pyarrow's filters do.
    """
    fields, named = package.request, _features(package) if features is None else features
    wanted = [f"input.{field.name}" for field in fields]
    measured = [*_predicted(package, PREDICTION), *(f"{FEATURE}{name}" for name in named)]
    read = list(dict.fromkeys((*wanted, *measured, *log, "time")))
    tables = [pq.read_table(file, columns=read, filters=only) for file in files]
    table = pa.concat_tables(tables, promote_options="default").to_pandas()  # gaps in one file make its columns others
    batch = {field.name: table[f"input.{field.name}"] for field in fields}
    for field in fields:
        if field.kind == "time":
            batch[field.name] = event_times.of_text(batch[field.name], clocks.of(field), "coerce")
    whole = ~np.any([batch[field.name].isna() for field in fields if not field.optional], axis=0)
    columns = typed.from_batch({name: values[whole].to_numpy() for name, values in batch.items()}, fields)
    served = table["time"][whole].to_numpy("datetime64[m]").astype(np.int64)
    asked = getattr(package.predictor.features, "prediction_time", None)
    with np.errstate(invalid="ignore"):  # of a number that is not a time
        moment = served if asked is None else asked(columns)
    said = {f"{OF_LOG}{name}": table[name][whole] for name in log}
    answers = table.loc[whole, measured].rename(columns={PREDICTION: ANSWER})
    found = pd.DataFrame({**columns, **answers, **said, MOMENT: moment, SERVED: served})
    return found[(found[MOMENT] >= _FIRST) & (found[MOMENT] < _END)]


def join(predicted: pd.DataFrame, labels: pd.DataFrame, kind: Wanted, package: Packaged) -> Events:
    """Join n predictions of a package with the labels of their events, one row per event."""
    joined = with_labels(predicted, labels, kind)
    in_time = joined[KNOWN_AT].isna() | (joined[MOMENT] <= joined[KNOWN_AT])
    ordered = joined[in_time].sort_values([MOMENT, SERVED], kind="stable")
    last = ordered.drop_duplicates(kind.names, keep="last").sort_values([MOMENT, *kind.names], kind="stable")
    asked = predicted[kind.names].drop_duplicates()
    return Events(
        request={name: last[name].to_numpy() for name in clocks.names_of(package.request)},
        moment=last[MOMENT].to_numpy(np.int64),
        predicted=predicted_of(last, package),
        actual=last[LABEL].to_numpy(np.float64),
        answered=(last[FOUND] == "both").to_numpy(),
        unknown=len(labels) - len(asked.merge(labels, on=kind.names)),
        features={name: last[f"{FEATURE}{name}"].to_numpy() for name in _features(package)},
        late=len(asked) - len(last),
    )


def with_labels(predicted: pd.DataFrame, labels: pd.DataFrame, kind: Wanted) -> pd.DataFrame:
    """Return n predictions with the columns `LABEL`, `KNOWN_AT`, and `FOUND`: `both` if there is a row of labels."""
    named = labels.rename(columns={KNOWN: KNOWN_AT})
    return predicted.merge(named, how="left", on=kind.names, validate="many_to_one", indicator=FOUND)


def predicted_of(rows: pd.DataFrame, package: Packaged) -> Array:
    """Return the predictions of n rows, shape (n,), or (n, K) of K classes."""
    found = rows[_predicted(package)].to_numpy(np.float64)
    return found if package.classes else found[:, 0]


def _predicted(package: Packaged, number: str = ANSWER) -> list[str]:
    """Name the columns of predictions; `number` is that of a prediction that is one."""
    return [f"probability.{name}" for name in package.classes] or [number]


def _features(package: Packaged) -> list[str]:
    """Name the features that the use case's own baseline may ask for; none if it has none."""
    return [*package.numbers, *package.texts] if package.own_baseline else []
