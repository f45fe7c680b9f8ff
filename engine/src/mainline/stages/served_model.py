"""The served model if `split.refit` is declared: the declared model, fitted again on all rows.

The measured model is that of `models/model`, which was fitted on the training rows alone. The served model has seen the
validation and test rows, so that nothing in the repository can measure it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mainline import progress
from mainline.contract import Array
from mainline.data.dataset import Prepared
from mainline.declared.params import Params
from mainline.model import export, runtime
from mainline.stages import fitting
from usecase import interface, scoring

KEPT = ("baseline", "threshold", "threshold_source")
"""What stays as it was measured: rows that were fitted on can choose no threshold, and limits refer to a baseline."""


@dataclass(frozen=True)
class Served:
    """A model fitted on all `rows`: its description as in `model.json`, its bytes, and what it predicts of test rows.

    `predicted` has the shape (n,), of K classes (n, K).
    """

    model: Mapping[str, Any]
    content: bytes
    rows: int
    predicted: Array


def fit(params: Params, measured: Mapping[str, Any], test: Prepared) -> Served:
    """Fit the declared model on the rows of training, validation and test, and export it.

    Args:
        params: the declared parameters.
        measured: the description of the measured model.
        test: the test rows; the export is held to scikit-learn on them.

    Raises:
        ParamsError: when the estimator refuses the rows, or predicts a row otherwise in a batch.
    """
    parts = (*params.parts.train, *params.parts.validation, *params.parts.test)
    rows = fitting.read(params, parts)
    pipeline = fitting.fit(params, rows)
    content, exported = export.export(
        pipeline, params.model.type, interface.TASK, *fitting.names(params, rows), test.features, params.limits.parity
    )
    model = exported.describe() | {name: measured[name] for name in KEPT if name in measured}
    raw = runtime.load(content, model).predict(test.features)
    progress.say(f"fitted again on all {len(rows):,} rows, to be served; the figures are of the measured model")
    return Served(model, content, len(rows), np.asarray(scoring.respond(raw, test.request), np.float64))
