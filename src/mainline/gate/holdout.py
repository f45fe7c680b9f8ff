"""The candidate's test months, and what each model predicts on them with its own package and feature code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mainline.contract import Array, Columns, Field
from mainline.data import prepared
from mainline.data.lookup import Table, from_arrays, look_up_all
from mainline.errors import MainlineError
from mainline.package.predictor import Predictor

FEATURES = Path("data/features")
DAY = 1440  # minutes


class NotComparableError(MainlineError):
    """A model cannot predict the candidate's rows."""


@dataclass(frozen=True)
class Holdout:
    """n labelled rows of the candidate's test months; day and each slice are arrays of shape (n,)."""

    request: Columns
    label: Array
    day: Array
    slices: Mapping[str, Array]

    @property
    def days(self) -> int:
        """How many days the rows are of."""
        return len(np.unique(self.day))


def read(candidate: Predictor, months: Sequence[str], features: Path = FEATURES) -> Holdout:
    """Read the holdout that the candidate's package was tested on."""
    rows = prepared.read(features, months, [field.name for field in candidate.request], [])
    moment = candidate.features.prediction_time(rows.request)
    return Holdout(rows.request, rows.label, moment // DAY, candidate.scoring.slices(rows.request))


def predict(model: Predictor, holdout: Holdout, candidate: Predictor) -> Array:
    """Predict n rows with a released model's own features and code; shape (n,).

    Its feature tables end with its own window. Where the holdout is later, the candidate's rows of the same table
    stand in for those that would have been fed to it in production.

    Raises:
        NotComparableError: when it needs a field or a table that the candidate no longer has.
    """
    missing = [field.name for field in model.request if field.name not in holdout.request]
    if missing:
        raise NotComparableError(f"it needs the request field '{missing[0]}', which the candidate dropped")
    request = {field.name: holdout.request[field.name] for field in model.request}
    moment = model.features.prediction_time(request)
    tables = {name: _covering(table, candidate, moment) for name, table in model.tables.items()}
    features = model.features.compute(request, look_up_all(tables, request, moment))
    return np.asarray(model.scoring.respond(model.runtime.predict(features), request), np.float64)


def breaking_changes(old: Sequence[Field], new: Sequence[Field]) -> list[str]:
    """List why requests that fitted the old fields would be refused by the new ones."""
    after, before = {field.name: field for field in new}, {field.name: field for field in old}
    changes = [f"field '{name}' is gone" for name in before if name not in after]
    changes += [f"field '{name}' is required now" for name, f in after.items() if name not in before and not f.optional]
    for name in before.keys() & after.keys():
        changes += [f"field '{name}' {change}" for change in _narrowed(before[name], after[name])]
    return sorted(changes)


def _narrowed(old: Field, new: Field) -> list[str]:
    changes = []
    if old.kind != new.kind and (old.kind, new.kind) != ("integer", "number"):
        changes.append(f"is {new.kind}, was {old.kind}")
    if old.optional and not new.optional:
        changes.append("may no longer be left out")
    if new.minimum is not None and (old.minimum is None or new.minimum > old.minimum):
        changes.append(f"must be at least {new.minimum:g}")
    if new.maximum is not None and (old.maximum is None or new.maximum < old.maximum):
        changes.append(f"must be at most {new.maximum:g}")
    if new.pattern is not None and new.pattern != old.pattern:
        changes.append("must match another pattern")
    if old.unit != new.unit:
        changes.append(f"is in {new.unit or 'no unit'}, was in {old.unit or 'no unit'}")
    return changes


def _covering(table: Table, candidate: Predictor, moment: Array) -> Table:
    """Return a table whose rows reach the newest prediction time, with the model's own declaration."""
    declared = table.declared
    if declared.static or _reaches(table, moment):
        return table
    other = candidate.tables.get(declared.name)
    if other is None or not set(declared.columns) <= set(other.declared.columns) or other.declared.key != declared.key:
        raise NotComparableError(
            f"its feature table '{declared.name}' ends before the holdout, and the candidate has no such"
        )
    arrays = other.arrays()
    chosen = [other.declared.columns.index(name) for name in declared.columns]
    return from_arrays(declared, {**arrays, "values": arrays["values"][:, chosen]})


def _reaches(table: Table, moment: Array) -> bool:
    """Whether a table's newest row was still valid at the newest prediction, or never ends."""
    declared = table.declared
    newest = int(table.arrays()["time"].max()) if len(table) else 0
    return declared.keep is None or newest + declared.lag + declared.keep >= int(moment.max())
