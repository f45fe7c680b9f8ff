"""What can be a reason for a prediction: the model's features, and what `scoring.respond` reads of the request itself.

A reason is switched from typical to actual. If a field that `respond` reads has the name of a feature, the two are
one reason.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from mainline.contract import Array, Columns
from mainline.data.columns import from_rows
from mainline.experiments.contributions import ORDERS, Contributions, attribute, of_examples, typical
from mainline.package.predictor import Predictor


def names(predictor: Predictor) -> list[str]:
    """Name the features of a package's model."""
    model = predictor.manifest["model"]
    return [*model["numeric"], *model["categorical"]]


class _Watched(Mapping[str, Array]):
    """Columns that remember which of them were read, in whatever way."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> Array:
        found = self._columns[name]
        self.read.add(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)


class Reasons:
    """The reasons for the prediction of one request, each with its actual and its typical value, of shape (1,)."""

    def __init__(
        self,
        predictor: Predictor,
        profile: Mapping[str, Any],
        examples: Sequence[Mapping[str, Any]],
        columns: Columns,
        computed: Columns,
    ) -> None:
        """Find out what the answer reads.

        Args:
            predictor: the package.
            profile: of its training columns, for typical features.
            examples: other requests, for typical values of fields that are not features.
            columns: the request, shape (1,) each.
            computed: its features, shape (1,) each.
        """
        self._names = names(predictor)
        self._predictor, self._columns = predictor, columns
        features = {name: computed[name] for name in self._names}
        reference = typical(profile, self._names)
        self.raw = predictor.runtime.predict(features)
        self.code = int(self.answer(self.raw)[0].argmax()) if self.raw.ndim > 1 else None
        watched = _Watched(columns)
        predictor.scoring.respond(self.raw, watched)
        self._read = watched.read
        self._usual = of_examples(from_rows(examples, predictor.request)) if examples else dict(columns)
        self._usual |= {
            name: reference[name].astype(columns[name].dtype)
            for name in self._read & reference.keys()
            if _is_feature(features[name], columns[name]) and reference[name][0] == reference[name][0]
        }
        asked = {name: columns[name] for name in columns if name in self._read and name not in features}
        self.actual = features | asked
        self.typical = reference | {name: self._usual[name] for name in asked}

    def attribute(self, orders: int = ORDERS) -> Contributions:
        """Attribute the prediction to the reasons; of several classes, the probability of the most probable one."""
        return attribute(self._predict, self.actual, self.typical, orders)

    def answer(self, raw: Array) -> Array:
        """Return what a client would get for this request if the model said so; shape (n,) or (n, K)."""
        repeated = {name: np.repeat(values, len(raw)) for name, values in self._columns.items()}
        return np.asarray(self._predictor.scoring.respond(raw, repeated), np.float64)

    def _predict(self, rows: Columns) -> Array:
        raw = self._predictor.runtime.predict({name: rows[name] for name in self._names})
        repeated = {name: np.repeat(values, len(raw)) for name, values in self._columns.items()}
        for name in self._read & rows.keys():
            repeated[name] = np.where(_same(rows[name], self.actual[name]), self._columns[name], self._usual[name])
        answered = np.asarray(self._predictor.scoring.respond(raw, repeated), np.float64)
        return answered if self.code is None else answered[:, self.code]


def _is_feature(feature: Array, field: Array) -> bool:
    """Whether the feature of a field's name holds the field itself, so that its typical value is the field's too."""
    return feature.dtype.kind == field.dtype.kind == "O" or bool(_same(feature, field.astype(feature.dtype))[0])


def _same(values: Array, one: Array) -> Array:
    """Mark the rows of n whose value is this one; NaN equals NaN. Shape (n,)."""
    return np.asarray((values == one) | ((values != values) & (one != one)))
