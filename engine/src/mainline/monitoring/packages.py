"""What a package says about the rows that it answers: their columns, and the bins that its sketches count in."""

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow.parquet as pq

from mainline.contract import Array, Field
from mainline.errors import PackageError
from mainline.package import manifest as manifests
from mainline.package.predictor import Predictor

PREDICTION = "prediction"
_BINS = 20


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
        return tuple(Field(**field) for field in self.manifest["request"])

    @property
    def numbers(self) -> tuple[str, ...]:
        """The features that are numbers, as the model reads them."""
        return tuple(self.manifest["model"]["numeric"])

    @property
    def texts(self) -> tuple[str, ...]:
        """The features that are text."""
        return tuple(self.manifest["model"]["categorical"])

    @cached_property
    def profile(self) -> Mapping[str, Any]:
        """What the training rows looked like, by column; see `data.profile`."""
        return dict(orjson.loads(self.contents["profile.json"])["columns"])

    @cached_property
    def tested(self) -> dict[str, Array]:
        """The test predictions that travel with the package, a row per event."""
        table = pq.read_table(io.BytesIO(self.contents["test_predictions.parquet"]))
        return {name: table[name].to_numpy(zero_copy_only=False) for name in table.column_names}

    @cached_property
    def edges(self) -> dict[str, tuple[float, ...]]:
        """The upper ends of the bins of each number: deciles of training, of the prediction twentieths of the test."""
        known = {name: _edges(self.profile[name].get("deciles", ())) for name in self.numbers if name in self.profile}
        return known | {PREDICTION: _edges(np.quantile(self.tested["predicted"], np.linspace(0, 1, _BINS + 1)))}

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


def _edges(values: Iterable[float]) -> tuple[float, ...]:
    return tuple(float(value) for value in np.unique(np.asarray(list(values), np.float64)))
