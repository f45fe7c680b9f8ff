"""Answer requests from a model package. Needs numpy and the package's runtime, neither scikit-learn nor pandas."""

import io
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from mainline.clocks import read_field
from mainline.contract import Array, FeatureTable
from mainline.data import columns as typed
from mainline.data.lookup import Table, from_arrays, look_up_all
from mainline.data.moments import prediction_time
from mainline.errors import PackageError
from mainline.model import runtime
from mainline.package import manifest as manifests
from mainline.package.responses import Prediction, Response
from mainline.package.sealed_files import private


class Predictor:
    """A loaded, verified package: requests in, predictions out.

    The served model answers. If it was fitted again on all rows (`split.refit`), the package also holds the measured
    model, which was fitted on the training rows alone; its files and its key in the manifest are called `judged`.
    """

    def __init__(self, manifest: Mapping[str, Any], contents: Mapping[str, bytes], measured: bool = False) -> None:
        """Build from what `manifest.read` or `manifest.opened` verified; `measured` asks for the measured model."""
        self.manifest = manifest
        self.digest: str = manifest["digest"]
        self.response = Response(manifest)
        self.request = tuple(read_field(field, manifest.get("clocks", {})) for field in manifest["request"])
        self.features = _module("features", contents["code/features.py"], self.digest)
        self.scoring = _module("scoring", contents["code/scoring.py"], self.digest)
        self.tables = {table["name"]: _table(table, contents) for table in manifest["tables"]}
        name = "judged" if measured and "judged" in manifest else "model"
        model = manifest[name]
        with private(contents, f"{name}.{model['format']}") as source:
            self.runtime = runtime.load(source, model)

    @property
    def tolerance(self) -> float:
        """How far a prediction may move with the rows beside it, as the package states; 0: not by one bit."""
        return float(self.manifest.get("parity", {}).get("batch", 0.0))

    @classmethod
    def load(cls, directory: Path | str, measured: bool = False) -> "Predictor":
        """Load a package directory; `measured` asks for the measured model, if another one is served.

        Raises:
            PackageError: when a file is changed, missing or extra, or holds what cannot be loaded.
        """
        manifest, contents = manifests.opened(Path(directory))
        try:
            return cls(manifest, contents, measured)
        except Exception as error:  # a sealed package that another machinery made may fail in any way
            reason = " ".join(str(error).split())[:200]
            raise PackageError(directory, f"it cannot be loaded here ({type(error).__name__}: {reason})") from error

    def predict(self, rows: Sequence[Mapping[str, Any]]) -> list[Prediction]:
        """Predict n requests, given as parsed JSON objects: a number each, or a class with the probability of each.

        Raises:
            RequestError: naming the first row and field that does not fit.
        """
        if not rows:
            return []
        return self.response.predictions(self.predict_columns(typed.from_rows(rows, self.request)))

    def predict_columns(self, columns: Mapping[str, Array]) -> Array:
        """Predict n requests, given as typed columns; returns float64 of shape (n,), or (n, k) for k classes."""
        return np.asarray(self.scoring.respond(self.runtime.predict(self.compute(columns)), columns), np.float64)

    def compute(self, columns: Mapping[str, Array]) -> dict[str, Array]:
        """Compute the features of n requests, looking up what the client does not know."""
        moment = prediction_time(self.features, columns)
        return self.features.compute(columns, look_up_all(self.tables, columns, moment))


def _module(name: str, source: bytes, digest: str) -> ModuleType:
    """Run the package's own code under a name of its own, so that several versions live in one process.

    From memory, not by import: importing would write a cache beside the verified files.
    """
    module = ModuleType(f"mainline_package_{digest[:16]}_{name}")
    sys.modules[module.__name__] = module  # dataclasses and pickling look modules up by name
    exec(compile(source, f"<package {digest[:16]}>/code/{name}.py", "exec"), module.__dict__)  # noqa: S102 - verified above
    return module


def _table(declared: Mapping[str, Any], contents: Mapping[str, bytes]) -> Table:
    table = FeatureTable(**{**declared, "columns": tuple(declared["columns"])})
    with private(contents, f"tables/{table.name}.npz") as source:
        file = io.BytesIO(source) if isinstance(source, bytes) else source
        with np.load(file, allow_pickle=False) as arrays:
            return from_arrays(table, dict(arrays))
