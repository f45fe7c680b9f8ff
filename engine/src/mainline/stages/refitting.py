"""Fit the declared model again, on all rows, for what is served if `split.refit` is declared.

The model of `models/model`, which was fitted on the training rows alone, is the one that was measured. The model that
is fitted here has seen the validation and test rows, so that nothing in the repository can measure it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mainline import progress
from mainline.contract import Array
from mainline.data import prepared
from mainline.data.prepared import Prepared
from mainline.declared.params import Params
from mainline.model import export, runtime
from mainline.stages import fitting
from usecase import interface, scoring

KEPT = ("baseline", "threshold", "threshold_source")
"""What stays as it was measured: rows that were fitted on can choose no threshold, and limits refer to a baseline."""


@dataclass(frozen=True)
class Refitted:
    """A model fitted on all `rows`: its description as in `model.json`, its bytes, and what it predicts of test rows.

    `predicted` has the shape (n,), of K classes (n, K).
    """

    model: Mapping[str, Any]
    content: bytes
    rows: int
    predicted: Array


def refit(params: Params, judged: Mapping[str, Any], test: Prepared) -> Refitted:
    """Fit the declared model on the rows of training, validation and test, and export it.

    Args:
        params: the declared parameters.
        judged: the description of the model that was measured.
        test: the test rows; the export is held to scikit-learn on them.

    Raises:
        ParamsError: when the estimator refuses the rows, or predicts a row otherwise in a batch.
    """
    parts = (*params.parts.train, *params.parts.validation, *params.parts.test)
    rows = prepared.read(prepared.FOLDER, parts, [field.name for field in interface.REQUEST], params.features)
    pipeline = fitting.fit(params, rows)
    content, exported = export.export(
        pipeline, params.model.type, interface.TASK, *fitting.names(params, rows), test.features, params.limits.parity
    )
    model = exported.describe() | {name: judged[name] for name in KEPT if name in judged}
    raw = runtime.load(content, model).predict(test.features)
    progress.say(f"fitted again on all {len(rows):,} rows for what is served; the figures are of the model before")
    return Refitted(model, content, len(rows), np.asarray(scoring.respond(raw, test.request), np.float64))
