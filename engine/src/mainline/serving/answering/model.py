"""A package as it is served: columns in, predictions out, with what was looked up for each row."""

import json
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainline.contract import Array
from mainline.data.lookup import Table, look_up_all
from mainline.data.moments import prediction_time
from mainline.errors import PackageError
from mainline.exchange.server_report import CLASS
from mainline.limits import experience
from mainline.limits.experience import Seen
from mainline.package import manifest as manifests
from mainline.package.predictor import Predictor
from mainline.package.responses import Prediction
from mainline.serving.answering.answer import Answer, Pattern
from mainline.serving.answering.metrics import ModelMetrics, place
from mainline.serving.answering.reading import Reader, Requests
from mainline.serving.answering.stages import Stages
from mainline.serving.answering.unusual_rows import Unusual

_ALWAYS = np.iinfo(np.int64).max
_FALSE = bytes(1)
"""How NumPy holds that something is not so."""
_ROUNDING = 1e-3
"""How far the probabilities of a row may be from 1 in sum."""


class Model:
    """One verified package under the name of its version. Immutable but for its moving tables, which are swapped."""

    def __init__(
        self,
        version: str,
        predictor: Predictor,
        text_length: int = 1000,
        directory: Path = Path(),
        unusual: Unusual | None = None,
    ) -> None:
        self.version = version
        self.directory = directory
        self.predictor = predictor
        self.name: str = predictor.manifest["name"]
        self.digest = predictor.digest
        self.response = predictor.response.field
        self.personal: Mapping[str, str] = predictor.manifest.get("personal", {})
        """The columns that say something of a person, each with why it is needed."""
        self.classes = predictor.response.classes
        self.place: Callable[[Prediction], int] = self._code if self.classes else place
        """Returns the bin of a prediction, by which distributions are compared."""
        self.answer_opening = f'{{"model":{_text(self.name)},"version":{_text(version)},"request_id":'
        self.number_opening = f"{{{_text(self.response.name)}:"
        """How the JSON of an answer begins, and that of a prediction that is a number."""
        self.reader = Reader(predictor.request, text_length)
        self.metrics = ModelMetrics()
        self.instance = f"{time.time_ns():x}"
        """Tells this loading of the package from any other, in whichever process."""
        # A number that is not finite is between no two of these.
        low, high = (0.0, 1.0) if self.classes else (self.response.minimum, self.response.maximum)
        self._low = -sys.float_info.max if low is None else low
        self._high = sys.float_info.max if high is None else high
        self._numeric: list[str] = predictor.manifest["model"]["numeric"]
        self.unusual = unusual
        """Finds the rows that are outside of what the model has seen; None if nobody is told."""
        self.patterns: dict[bytes, Pattern] = {}
        self.replace_tables(predictor.tables)

    @classmethod
    def load(cls, directory: Path, version: str = "", text_length: int = 1000, slack: float | None = None) -> "Model":
        """Load and verify a package; without a version its digest is its name.

        Args:
            directory: the package.
            version: its name in answers.
            text_length: characters that a text of a request may have.
            slack: how far beyond what the model has seen a number is unusual (see `Unusual`); None marks no row.

        Raises:
            PackageError: when a file is changed, missing or extra, or does not say what the model has seen.
        """
        manifest, contents = manifests.opened(directory)
        predictor = Predictor(manifest, contents)
        unusual = None if slack is None else _unusual(directory, manifest, contents, slack)
        return cls(version or predictor.digest[:12], predictor, text_length, directory, unusual)

    def replace_tables(self, tables: Mapping[str, Table]) -> None:
        """Look up in other tables from the next batch on; a batch uses one set of tables throughout."""
        self.tables = dict(tables)
        self._names = [f"{name}.{column}" for name, table in tables.items() for column in table.declared.columns]
        self.fresh_until = {name: _fresh_until(table) for name, table in tables.items()}
        self._all_fresh_until = min(self.fresh_until.values(), default=_ALWAYS)

    def answer(self, requests: Requests, stages: Stages | None = None) -> Answer:
        """Predict n requests: the predictor's own steps, with what was looked up noted on the way, and `stages`."""
        predictor, columns = self.predictor, requests.columns
        moment = prediction_time(predictor.features, columns)
        looked = look_up_all(self.tables, columns, moment)
        features = predictor.features.compute(columns, looked)
        inputs = predictor.runtime.arrange(features)
        if stages:
            stages.end("features")
        raw = predictor.runtime.run(inputs)
        predictions = np.asarray(predictor.scoring.respond(raw, columns), np.float64)
        if stages:
            stages.end("predict")
        fits = self._fit(predictions)
        self._count_nonfinite(inputs.numeric)
        unusual = self.unusual.find(inputs) if self.unusual else None
        if unusual is not None:
            self._count_unusual(unusual)
        return Answer(
            predictions=predictor.response.predictions(predictions) if self.classes else predictions.tolist(),
            fits=None if all(fits) else fits,
            patterns=self._patterns(looked, moment),
            given=requests.given,
            features=features,
            time=datetime.now(UTC).isoformat(timespec="milliseconds"),
            unusual=unusual,
            stages=stages.done if stages else (),
        )

    def said(self, error: Exception) -> str:
        """Return what the service's own log may say of an error; its words may hold what a request did."""
        return type(error).__name__ if self.personal else repr(error)

    def _fit(self, predictions: Array) -> list[bool]:
        """Say of n predictions, of shape (n,) or by class (n, k), which are inside the response model."""
        if self.classes:
            within = ((self._low <= predictions) & (predictions <= self._high)).all(axis=1)
            fits: list[bool] = (within & (np.abs(predictions.sum(axis=1) - 1) <= _ROUNDING)).tolist()
            return fits
        return [self._low <= prediction <= self._high for prediction in predictions.tolist()]

    def _code(self, prediction: Prediction) -> int:
        return self.classes.index(prediction["class"])

    def bins(self) -> dict[str, int]:
        """Return the first predictions of requests, counted by bin; classes under their names, also those without."""
        counted = self.metrics.predictions.copy()
        if not self.classes:
            return {str(number): count for number, count in counted.items()}
        return {f"{CLASS}{name}": counted[code] for code, name in enumerate(self.classes)}

    def _count_unusual(self, found: Array) -> None:
        """Count rows by their marks, shape (m, n)."""
        assert self.unusual is not None
        self.metrics.unusual.update(self.unusual.count(found))
        self.metrics.unusual_rows += int(found.any(axis=0).sum())

    def _count_nonfinite(self, numeric: Array) -> None:
        """Count numbers that are NaN or infinite among what the model reads, shape (n, c)."""
        finite = np.isfinite(numeric)
        if _FALSE in finite.tobytes():
            for index, count in enumerate((~finite).sum(axis=0).tolist()):
                if count:
                    self.metrics.nonfinite[self._numeric[index]] += count

    def _patterns(self, looked: Mapping[str, Mapping[str, Array]], moment: NDArray[np.int64]) -> list[Pattern]:
        values = [column for table in looked.values() for column in table.values()]
        if not values:
            marks = np.zeros((len(moment), 0), bool)
        else:
            matrix = np.array(values).T
            marks = matrix == matrix
        if moment.item(moment.argmax()) > self._all_fresh_until:
            behind = [moment > until for until in self.fresh_until.values()]
            marks = np.column_stack([marks, *behind])
        width = marks.shape[1]
        keys: list[bytes] = np.frombuffer(marks.tobytes(), f"V{width}").tolist() if width else [b""] * len(moment)
        patterns = [self.patterns.get(key) or self._learn(key) for key in keys]
        for pattern in patterns:
            pattern.rows += 1
        return patterns

    def _learn(self, key: bytes) -> Pattern:
        known, behind = key[: len(self._names)], key[len(self._names) :]
        marked = list(zip(self._names, known, strict=True))
        stale = [name for name, late in zip(self.fresh_until, behind, strict=False) if late]
        pattern = Pattern([name for name, here in marked if here], [name for name, here in marked if not here], stale)
        return self.patterns.setdefault(key, pattern)

    def describe(self) -> dict[str, Any]:
        """Say what is served, for administrators and for clients of the Open Inference Protocol."""
        return {"name": self.name, "version": self.version, "digest": self.digest}


def _unusual(directory: Path, manifest: Mapping[str, Any], contents: Mapping[str, bytes], slack: float) -> Unusual:
    """Return what finds the unusual rows of a package.

    Raises:
        PackageError: when it does not say what its model has seen, in a form that is known here.
    """
    try:
        return Unusual(Seen(experience.profile(contents), experience.earned(contents)), manifest["model"], slack)
    except (KeyError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise PackageError(
            directory,
            f"what its model has seen cannot be read here ({type(error).__name__}: {reason}); release it again, or "
            "leave `unusual` out of the settings",
        ) from error


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _fresh_until(table: Table) -> int:
    """The last prediction time, minutes UTC, that the newest row of a table speaks for."""
    if table.declared.static or table.declared.keep is None or not len(table):
        return int(_ALWAYS)
    return int(table.arrays()["time"].max()) + table.declared.lag + table.declared.keep
