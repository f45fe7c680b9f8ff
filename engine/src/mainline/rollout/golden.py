"""The golden requests of a package: what candidate and stable answer to them, where traffic was too little."""

import json
from pathlib import Path
from typing import Any

from mainline.declared.rollout import Metric
from mainline.package.responses import Prediction
from mainline.rollout import analysis
from mainline.rollout.records import Measurement
from mainline.serving.answering.model import Model


def compare_golden(candidate: Path, stable: Path, metrics: list[Metric]) -> Measurement:
    """Compare the answers of two packages to the candidate's golden requests; a candidate without answers fails."""
    try:
        sealed = json.loads((candidate / "golden.json").read_bytes())
        found, tolerance = _predict(candidate, sealed["requests"])
    except Exception as error:  # the package's own code runs here
        return Measurement("fail", f"the golden requests cannot be answered: {' '.join(repr(error).split())[:200]}")
    try:
        other, _ = _predict(stable, sealed["requests"])
    except Exception:  # stable may read other requests
        other = None
    return analysis.golden(metrics, found, sealed["predictions"], other, tolerance)


def _predict(package: Path, requests: list[dict[str, Any]]) -> tuple[list[Prediction], float]:
    """Return a package's predictions, and how far it lets them move with their batch."""
    model = Model.load(package)
    return model.answer(model.reader.read(requests)).predictions, model.predictor.tolerance
