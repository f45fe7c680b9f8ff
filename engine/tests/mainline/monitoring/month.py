"""The test month of the flights as production answered it, and what may go wrong with it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mainline.data import columns, dataset
from mainline.data.columns import DAY
from mainline.declared.monitoring import Monitoring
from mainline.limits import sketches
from mainline.limits.sketches import Sketch
from mainline.model import metrics
from mainline.monitoring import reference
from mainline.monitoring.events import Events
from mainline.monitoring.packages import Packaged
from mainline.monitoring.production import Production
from mainline.monitoring.reference import Reference
from tests.mainline.monitoring import logs

Columns = Mapping[str, Any]


@dataclass(frozen=True)
class Month:
    """n flights: request, features and label by column, and the package that answers them."""

    packaged: Packaged
    reference: Reference
    request: Columns
    features: Columns
    label: Any

    @property
    def moment(self) -> Any:
        """When each was predicted, minutes UTC."""
        return self.packaged.predictor.features.prediction_time(self.request)

    def choose(self, rows: Any) -> "Month":
        """Return the flights that a mask of shape (n,) names."""
        request, features = ({name: values[rows] for name, values in columns.items()}
                             for columns in (self.request, self.features))  # fmt: skip
        return replace(self, request=request, features=features, label=self.label[rows])

    def change(self, **changes: Callable[[Any], Any]) -> "Month":
        """Return the month with other features, by what changes a column."""
        return replace(
            self, features={**self.features, **{name: do(self.features[name]) for name, do in changes.items()}}
        )

    def predict(self) -> Any:
        """Answer every flight from its features."""
        raw = self.packaged.predictor.runtime.predict(self.features)
        return np.asarray(self.packaged.predictor.scoring.respond(raw, self.request), np.float64)

    def production(self, days: slice = slice(None), **policy: Any) -> Production:
        """Let production answer some of its days, with labels for all."""
        moment, predicted = self.moment, self.predict()
        chosen = np.isin(moment // DAY, np.unique(moment // DAY)[days])
        known = ~np.isnan(self.label)
        events = Events(self.request, moment, predicted, self.label, known, 0, self.features).choose(chosen)
        return Production(
            "v1.0.0", self.reference, self._sketches(chosen, predicted), events, "",
            Monitoring.model_validate(policy), metrics.scorer("regression"), 5.0, 500,
        )  # fmt: skip

    def _sketches(self, chosen: Any, predicted: Any) -> dict[str, Sketch]:
        day = self.moment // DAY
        found = {}
        for one in np.unique(day[chosen]):
            rows = day == one
            part = {name: values[rows] for name, values in self.features.items()}
            sketch = sketches.of_columns(part, predicted[rows], self.packaged.bins, self.packaged.digest)
            found[str(np.datetime64(int(one), "D"))] = sketch
        return found


def read(packaged: Packaged, root: Path) -> Month:
    """Read the test month of a project."""
    request = [field.name for field in packaged.request]
    months = packaged.manifest["window"]["test"]
    rows = dataset.read(root / dataset.FOLDER, months, request, [*packaged.numbers, *packaged.texts])
    return Month(packaged, reference.load(packaged), rows.request, rows.features, rows.label)


def write_log(month: Month, folder: Path, *, by_hour: bool = False, writer: str = "abcdef01") -> Path:
    """Write the log of a server that was asked for every flight at its own moment, a request for each day or hour."""
    predicted, asked_at = month.predict(), month.moment // (60 if by_hour else DAY)
    lines = []
    for one in np.unique(asked_at):
        rows = np.flatnonzero(asked_at == one)
        time = np.datetime64(int(one), "h") if by_hour else f"{np.datetime64(int(one), 'D')}T12"
        asked = {name: values[rows] for name, values in month.request.items()}
        requests = columns.to_rows(asked, month.packaged.request)
        seen = {name: [logs.plain(value) for value in values[rows]] for name, values in month.features.items()}
        lines.append(
            {
                "time": f"{time}:00:00.000+00:00",
                "request_id": str(one),
                "trace_id": str(one),
                "key": "client",
                "model": month.packaged.manifest["name"],
                "version": "v1.0.0",
                "digest": month.packaged.digest,
                "seconds": 0.01,
                "inputs": {name: [row.get(name) for row in requests] for name in month.request},
                "features": seen,
                **_answers(predicted[rows], month.packaged.classes),
                "stale": [[] for _ in rows],
            }
        )
    return logs.write(folder, logs.encode(*lines), writer=writer)


def _answers(predicted: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """Return the members of a line for n predictions: numbers, or classes and the probabilities of each."""
    if not names:
        return {"prediction": predicted.tolist()}
    said = [names[code] for code in predicted.argmax(axis=1)]
    return {"prediction": said, "probabilities": dict(zip(names, predicted.T.tolist(), strict=True))}
