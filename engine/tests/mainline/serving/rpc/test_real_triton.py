"""The Open Inference Protocol over gRPC by a client that is not ours: NVIDIA's, in an environment of its own."""

import json
from pathlib import Path
from typing import Any

import pytest

from mainline.serving.answering.model import Model
from mainline.serving.endpoints.tensors import DATATYPES
from tests.mainline.export import environments
from tests.mainline.serving.running import free_port, running

Rows = list[dict[str, Any]]
HERE = Path(__file__).parent


@pytest.mark.slow
def test_triton_client_has_the_answers_of_http(package_dir: Path, model: Model, rows: Rows, tmp_path: Path) -> None:
    """Health, metadata, predictions to the last bit, and refusals are what that client expects of a server."""
    python = environments.make(tmp_path / "environment", str(HERE / "triton.txt"))
    whole = [row for row in rows if None not in row.values() and len(row) == max(map(len, rows))]
    fields = [field for field in model.predictor.request if field.name in whole[0]]
    (tmp_path / "tensors.json").write_text(json.dumps([
        {"name": field.name, "datatype": DATATYPES[field.kind], "shape": [len(whole)],
         "data": [row[field.name] for row in whole]} for field in fields
    ]))  # fmt: skip
    port = free_port()
    with running(tmp_path / "server", package_dir, grpc={"port": port}) as server:
        words = (str(port), server.key, model.name, str(tmp_path / "tensors.json"))
        found = json.loads(environments.run(python, str(HERE / "call_triton.py"), *words, home=tmp_path))
        status, body = server.ask("/predict", whole)
    assert status == 200
    expected = [item[model.response.name] for item in json.loads(body)["predictions"]]
    assert found == {
        "health": [True, True, True], "server": "mainline", "id": "42",
        "inputs": [field.name for field in model.predictor.request], "outputs": {model.response.name: expected},
        "refusals": ["StatusCode.UNAUTHENTICATED", "StatusCode.NOT_FOUND"],
    }  # fmt: skip
