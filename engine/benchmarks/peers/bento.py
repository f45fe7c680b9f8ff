"""BentoML with its defaults: the scikit-learn pipeline on a DataFrame, or the package's own predictor."""

import os
import pickle
from typing import Any

import bentoml


@bentoml.service
class Pipeline:
    """scikit-learn on features that the client has computed."""

    def __init__(self) -> None:
        with open(os.environ["PIPELINE"], "rb") as file:
            self._pipeline = pickle.load(file)  # noqa: S301 - written by the benchmark

    @bentoml.api
    def predict(self, rows: list[dict[str, Any]]) -> list[float]:
        """Predict rows of features."""
        import pandas as pd

        return self._pipeline.predict(pd.DataFrame(rows)).tolist()


@bentoml.service
class Package:
    """The model package on the same runtime as the service, from requests."""

    def __init__(self) -> None:
        from mainline.package.predictor import Predictor

        self._predictor = Predictor.load(os.environ["PACKAGE"])

    @bentoml.api
    def predict(self, rows: list[dict[str, Any]]) -> list[float]:
        """Predict requests."""
        return self._predictor.predict(rows)
