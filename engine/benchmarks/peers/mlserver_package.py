"""The model package on MLServer, from requests: the same predictor as the service's."""

import os

import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse

from mainline.package.predictor import Predictor


class Package(MLModel):
    """What `PACKAGE` names."""

    async def load(self) -> bool:
        """Load it."""
        self._predictor = Predictor.load(os.environ["PACKAGE"])
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Predict requests."""
        columns = {tensor.name: np.ravel(self.decode(tensor)).tolist() for tensor in payload.inputs}
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        predicted = np.asarray(self._predictor.predict(rows))
        return InferenceResponse(model_name=self.name, outputs=[NumpyCodec.encode_output("predict", predicted)])
