"""What a package says about the rows that it answers: their columns, and the bins that its sketches count in."""

import io
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from mainline.clocks import read_field
from mainline.contract import Array, Field
from mainline.data import predictions
from mainline.errors import PackageError
from mainline.limits import experience, sizes, windows
from mainline.limits.document import Earned
from mainline.limits.sizes import Sizes
from mainline.limits.sketches import Bins, edges_of_predictions
from mainline.model import baselines, weights
from mainline.model.metric import Metric
from mainline.package import manifest as manifests
from mainline.package.predictor import Predictor


@dataclass(frozen=True)
class Packaged:
    """A verified package, read once."""

    manifest: Mapping[str, Any]
    contents: Mapping[str, bytes]

    @property
    def digest(self) -> str:
        """Its sha256."""
        return str(self.manifest["digest"])

    @cached_property
    def request(self) -> tuple[Field, ...]:
        """The fields of a request."""
        return tuple(read_field(field, self.manifest.get("clocks", {})) for field in self.manifest["request"])

    @property
    def response_ends(self) -> tuple[float, float]:
        """The smallest and the largest number that its service answers with."""
        low, high = (self.manifest["response"][end] for end in ("minimum", "maximum"))
        largest = sys.float_info.max
        return -largest if low is None else float(low), largest if high is None else float(high)

    @property
    def numbers(self) -> tuple[str, ...]:
        """The features that are numbers, as the model reads them."""
        return tuple(self.manifest["model"]["numeric"])

    @property
    def texts(self) -> tuple[str, ...]:
        """The features that are text."""
        return tuple(self.manifest["model"]["categorical"])

    @property
    def personal(self) -> Mapping[str, str]:
        """The columns that say something of a person, each with why it is needed; the log hides them."""
        return dict(self.manifest.get("personal", {}))

    @property
    def hidden(self) -> tuple[Field, ...]:
        """The fields of a request that the log holds as hashes."""
        return tuple(field for field in self.request if field.name in self.personal)

    @property
    def watched(self) -> tuple[str, ...]:
        """The features that are counted and compared: all but personal ones."""
        return tuple(name for name in (*self.numbers, *self.texts) if name not in self.personal)

    @cached_property
    def profile(self) -> Mapping[str, Any]:
        """What the training rows looked like, by column; see `data.profile`."""
        return experience.profile(self.contents)

    @cached_property
    def tested(self) -> dict[str, Array]:
        """The test predictions that travel with the package, a row per event."""
        table = pq.read_table(io.BytesIO(self.contents["test_predictions.parquet"]))
        return {name: table[name].to_numpy(zero_copy_only=False) for name in table.column_names}

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The names of three or more classes; none where a prediction is a number."""
        return tuple(map(str, self.manifest["classes"])) if self.manifest["task"] == "multiclass" else ()

    @cached_property
    def bins(self) -> Bins:
        """How its rows are counted: numbers by deciles of training, predictions by twentieths of the test."""
        predicted = edges_of_predictions(predictions.from_columns(self.tested, self.classes))
        return replace(experience.bins(self.manifest, self.profile), predicted=predicted, classes=self.classes)

    @cached_property
    def earned(self) -> Earned | None:
        """What playing its window back allows; None of data without time, and of packages of before."""
        found = experience.earned(self.contents)
        return found and found.model_copy(update={"whole": found.whole.model_copy(update={"digest": self.digest})})

    @property
    def own_baseline(self) -> bool:
        """Whether skill is measured against the use case's own rule, which was harder to beat than the constant."""
        return self.earned is not None and self.earned.baseline == baselines.RULE

    def baseline(self, request: Mapping[str, Array], features: Mapping[str, Array]) -> Array:
        """Answer n requests as the baseline does, which knows the training labels alone or is the use case's own."""
        constant = self.constant(request)
        if not self.own_baseline or not len(constant):
            return constant
        return baselines.own(self.predictor.scoring, constant, request, features)[baselines.RULE]

    def constant(self, request: Mapping[str, Array]) -> Array:
        """Answer n requests as the model that knows the training labels alone."""
        rows = len(next(iter(request.values())))
        raw = baselines.repeat(self.manifest["model"]["baseline"], rows)
        return np.asarray(self.predictor.scoring.respond(raw, request), np.float64)

    def sizes(self, metric: Metric) -> Sizes | None:
        """Return what its test says of predictions of each size; None if the metric is not made of sums over rows."""
        predicted = predictions.from_columns(self.tested, self.classes)
        return sizes.of(
            metric, self.bins.predicted, self.tested["actual"], predicted, self.tested.get(predictions.WEIGHT)
        )

    @property
    def baseline_at_test(self) -> Array:
        """The probabilities of several classes that the constant gives the test rows: the kept ones say one class."""
        fitted = self.manifest["model"]["baseline"]
        return baselines.repeat(fitted, len(self.tested["actual"]))

    def segments(self, request: Mapping[str, Array]) -> dict[str, Array]:
        """Return the segments of n requests by column: the use case's, and each text that the model reads."""
        return windows.segments(self.predictor.scoring, request, self.bins.texts)

    def weigh(self, actual: Array, request: Mapping[str, Array]) -> Array | None:
        """Return how much each of n labelled requests counts; None if the package was measured without weights."""
        return weights.each(self.predictor.scoring, actual, request) if predictions.WEIGHT in self.tested else None

    @cached_property
    def predictor(self) -> Predictor:
        """What answers requests."""
        return Predictor(self.manifest, self.contents)


def find(folders: Iterable[Path]) -> dict[str, Packaged]:
    """Return the packages in some folders, each one itself or a folder of packages, by digest.

    A folder that is not there, or holds nothing that is whole, has none.
    """
    found = {}
    for folder in chain.from_iterable((folder, *sorted(folder.glob("*/"))) for folder in folders):
        if (folder / manifests.NAME).is_file():
            try:
                read = Packaged(*manifests.read(folder))
            except PackageError:
                continue
            found[read.digest] = read
    return found
