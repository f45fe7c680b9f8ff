"""The candidate's test rows, and what each model predicts on them with its own package and feature code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mainline.clocks import with_local
from mainline.contract import Array, Columns
from mainline.data import dataset
from mainline.data.lookup import Table, from_arrays, look_up_all
from mainline.data.moments import is_timed, prediction_time
from mainline.errors import MainlineError
from mainline.gate.scores import ClusterKind
from mainline.model import weights
from mainline.package.predictor import Predictor
from mainline.periods import SIDES

_NUMERIC = {"integer": "number"}


class NotComparableError(MainlineError):
    """A model cannot predict the candidate's rows."""


class OtherMeaningError(NotComparableError):
    """A model answers another question, or reads a request otherwise, than the candidate."""


@dataclass(frozen=True)
class Holdout:
    """n labelled rows of the candidate's test; the cluster that each is of, and each slice, have the shape (n,).

    A cluster is a day, and of data without time a group of rows. `weight`, shape (n,), is how much each row counts by
    the candidate's code; None where none counts more than another.
    """

    request: Columns
    label: Array
    cluster: Array
    slices: Mapping[str, Array]
    timed: bool = True
    weight: Array | None = None

    @property
    def clusters(self) -> int:
        """How many days the rows are of, or how many groups of rows they are."""
        return len(np.unique(self.cluster))

    @property
    def counting(self) -> Array:
        """Whether each row counts at all, shape (n,)."""
        return np.ones(len(self.label), bool) if self.weight is None else self.weight > 0

    def weight_of(self, rows: Array) -> Array | None:
        """Return the weights of chosen rows."""
        return None if self.weight is None else self.weight[rows]

    @property
    def kind(self) -> ClusterKind:
        """What a cluster is."""
        return "day" if self.timed else "group of rows"


def read(candidate: Predictor, features: Path = dataset.FOLDER) -> Holdout:
    """Read the holdout that the candidate's package was tested on."""
    parts = candidate.manifest["window"]["test"] if is_timed(candidate.features) else SIDES.test
    rows = dataset.read(features, parts, [field.name for field in candidate.request], [])
    cluster, slices = dataset.clusters(candidate.features, rows), candidate.scoring.slices(rows.request)
    weight = weights.of(candidate.scoring, rows.label, rows.request)
    return Holdout(rows.request, rows.label, cluster, slices, is_timed(candidate.features), weight)


def predict(model: Predictor, holdout: Holdout, candidate: Predictor) -> Array:
    """Predict n rows with a released model's own features and code; shape (n,), of K classes (n, K).

    Its feature tables cover its own test periods. Where the holdout is later or earlier, the candidate's rows of the
    same table stand in: later ones would have been fed to it in production, earlier ones it had when it was fitted.

    Raises:
        NotComparableError: when it predicts something else, needs a field or a table that the candidate no longer has
            or fills otherwise, or predicts what is not a number.
    """
    _check_meaning(model, candidate)
    request = with_local({field.name: holdout.request[field.name] for field in model.request}, model.request)
    moment = prediction_time(model.features, request)
    tables = {name: _covering(table, candidate, moment) for name, table in model.tables.items()}
    features = model.features.compute(request, look_up_all(tables, request, moment))
    predicted = np.asarray(model.scoring.respond(model.runtime.predict(features), request), np.float64)
    wrong = int((~np.isfinite(predicted)).sum())
    if wrong:
        raise NotComparableError(f"{wrong:,} of its predictions are not a number")
    return predicted


def means_the_same(model: Predictor, candidate: Predictor) -> bool:
    """Whether a model answers the same question as the candidate, from a request that the candidate can give."""
    try:
        _check_meaning(model, candidate)
    except OtherMeaningError:
        return False
    return True


def _check_meaning(model: Predictor, candidate: Predictor) -> None:
    """Refuse a model whose answers or request fields mean something else than the candidate's."""
    old, new = (each.manifest["response"] for each in (model, candidate))
    if model.manifest["task"] != candidate.manifest["task"]:
        raise OtherMeaningError(f"its task is {model.manifest['task']}, the candidate's {candidate.manifest['task']}")
    before, now = (each.manifest.get("classes", []) for each in (model, candidate))
    if before != now:
        raise OtherMeaningError(f"its classes are {_listed(before)}, the candidate's {_listed(now)}")
    for part in ("name", "unit"):
        if old[part] != new[part]:
            raise OtherMeaningError(f"the {part} of its response is '{old[part]}', now it is '{new[part]}'")
    given = {field.name: field for field in candidate.request}
    for field in model.request:
        other = given.get(field.name)
        if other is None:
            raise OtherMeaningError(f"it needs the request field '{field.name}', which the candidate dropped")
        if (field.unit, _NUMERIC.get(field.kind, field.kind)) != (other.unit, _NUMERIC.get(other.kind, other.kind)):
            raise OtherMeaningError(f"the request field '{field.name}' has another kind or unit now")


def _listed(names: Sequence[str | int]) -> str:
    return ", ".join(map(str, names)) or "0, 1"


def _covering(table: Table, candidate: Predictor, moment: Array) -> Table:
    """Return a table whose rows cover all prediction times, with the model's own declaration."""
    declared = table.declared
    if declared.static:
        return table
    late, short = _begins_late(table, moment), _ends_early(table, moment)
    if not (late or short):
        return table
    other = candidate.tables.get(declared.name)
    if other is None or not set(declared.columns) <= set(other.declared.columns) or other.declared.key != declared.key:
        if not late and declared.keep is None:
            return table
        lack = "begins after the start" if late else "ends before the end"
        raise NotComparableError(
            f"its feature table '{declared.name}' {lack} of the holdout, and the candidate has no such table with the "
            "same key and columns to stand in; build it in src/usecase/tables.py for as long as production needs it"
        )
    arrays = other.arrays()
    chosen = [other.declared.columns.index(name) for name in declared.columns]
    return from_arrays(declared, {**arrays, "values": arrays["values"][:, chosen]})


def _begins_late(table: Table, moment: Array) -> bool:
    """Whether the first prediction is made before a table's first row was known."""
    times = table.arrays()["time"]
    return not len(times) or int(times.min()) + table.declared.lag > int(moment.min())


def _ends_early(table: Table, moment: Array) -> bool:
    """Whether the last prediction is made after a table's newest row was valid, or could have been followed."""
    declared, times = table.declared, table.arrays()["time"]
    return not len(times) or int(times.max()) + declared.lag + (declared.keep or 0) < int(moment.max())
