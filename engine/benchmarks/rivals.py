"""The servers that the service is measured beside: what their environments hold, and how each is started and asked."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks import servers, tensors
from benchmarks.measure import say
from benchmarks.servers import PACKAGE, PEERS, ROOT
from mainline import children

NUMBERS = ("scikit-learn==1.9.1", "pandas==3.1.1", "numpy==2.4.6")
INSTALLED = {
    "granian": ("granian==2.8.9", "uvloop==0.23.0"),
    "mlserver": (
        "mlserver==1.7.1",
        "mlserver-sklearn==1.7.1",
        "uvloop==0.21.0",
        "onnxruntime==1.31.1",
        *NUMBERS,
    ),  # its worker asks for an event loop that uvloop makes no more since 0.22
    "mlflow": ("mlflow==3.17.2", *NUMBERS),
    "bentoml": ("bentoml==1.4.39", "onnxruntime==1.31.1", *NUMBERS),
    "mlem": ("mlem==0.4.14", "typer==0.23.1", "isort==7.0.0", "fastapi==0.115.14", "uvicorn==0.35.0", *NUMBERS),
}
"""What each peer's environment holds, beside what that needs."""
SKLEARN, SAME = "mlserver_sklearn.SKLearnModel", "mlserver_package.Package"
"""What MLServer serves: the pickled pipeline, or the package by its own predictor."""
MODEL = "model"
"""What a peer calls the model, where it has a name."""


def environment(name: str) -> Path:
    """Return the Python of a peer's environment, made when it is not there."""
    folder = ROOT / f".venv-bench-{name}"
    python, ready = folder / "bin/python", folder / ".ready"
    if not ready.exists() or ready.read_text() != " ".join(INSTALLED[name]):
        say(f"installing {name}; this happens once and takes minutes")
        shutil.rmtree(folder, ignore_errors=True)
        uv = shutil.which("uv")
        if uv:
            subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
            install = [uv, "pip", "install", "--quiet", "--python", str(python)]
        else:
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
            install = [str(python), "-m", "pip", "install", "--quiet"]
        subprocess.run([*install, *INSTALLED[name]], check=True)
        ready.write_text(" ".join(INSTALLED[name]))
    return python


def bento(
    service: str, rows: Mapping[int, Any], directory: Path
) -> tuple[list[str], dict[int, tuple[str, str]], dict[str, str]]:
    """Return BentoML's command, requests and settings for one of the services in `peers/bento.py`."""
    python = environment("bentoml")
    command = [str(python.with_name("bentoml")), "serve", f"bento:{service}", "--port", "PORT", "--host", "127.0.0.1"]
    bodies = {count: ("/predict", json.dumps({"rows": part})) for count, part in rows.items()}
    variables = {
        "PIPELINE": str(directory / "pipeline.pickle"),
        "PACKAGE": str(PACKAGE),
        "BENTOML_HOME": str(directory / "bentoml"),
        "BENTOML_DO_NOT_TRACK": "true",
    }
    return command, bodies, variables


def mlflow(
    features: Mapping[int, list[dict[str, Any]]], directory: Path
) -> tuple[list[str], dict[int, tuple[str, str]], dict[str, str]]:
    """Return MLflow's command, requests and settings."""
    python = environment("mlflow")
    model = directory / "mlflow"
    saved = [str(python), str(PEERS / "mlflow_model.py"), str(directory / "pipeline.pickle"), str(model)]
    subprocess.run(saved, env=servers.clean(), check=True, capture_output=True, cwd=directory)
    command = [
        str(python.with_name("mlflow")),
        "models",
        "serve",
        "-m",
        str(model),
        "--env-manager",
        "local",
        "-p",
        "PORT",
    ]
    bodies = {count: ("/invocations", json.dumps({"dataframe_records": part})) for count, part in features.items()}
    return command, bodies, {"PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}", "DO_NOT_TRACK": "1"}


def mlem(
    features: Mapping[int, list[dict[str, Any]]], directory: Path
) -> tuple[list[str], dict[int, tuple[str, str]], dict[str, str]]:
    """Return MLEM's command, requests and settings."""
    python = environment("mlem")
    rows, model, settings = directory / "rows.json", directory / "mlem", {"MLEM_NO_ANALYTICS": "true"}
    rows.write_text(json.dumps(features[max(features)]))
    saved = [str(python), str(PEERS / "mlem_model.py"), str(directory / "pipeline.pickle"), str(rows), str(model)]
    subprocess.run(saved, env={**servers.clean(), **settings}, check=True, capture_output=True, cwd=directory)
    serve = ["serve", "fastapi", "--model", str(model), "--host", "127.0.0.1", "--port", "PORT"]
    bodies = {count: ("/predict", json.dumps({"data": {"values": part}})) for count, part in features.items()}
    return [str(python.with_name("mlem")), *serve], bodies, settings


def mlserver(
    implementation: str, asked: Mapping[int, tensors.Tensors], directory: Path, grpc: int = 0, processes: int = 1
) -> tuple[list[str], dict[int, tuple[str, str]], dict[str, str]]:
    """Return MLServer's command, requests and settings.

    Args:
        implementation: SKLEARN, which takes features, or SAME, which takes requests.
        asked: what is sent, by the number of rows.
        directory: where the pickled pipeline is, and its settings are written.
        grpc: the port of gRPC; 0: any free one.
        processes: those that predict; 0: the one that listens predicts, too.
    """
    python = environment("mlserver")
    folder = directory / f"mlserver-{implementation.rpartition('.')[2]}-{processes}"
    folder.mkdir()
    inputs = [
        {name: tensor[name] for name in ("name", "datatype")}
        | {"shape": [-1], "parameters": {"content_type": "str" if tensor["datatype"] == "BYTES" else "np"}}
        for tensor in asked[min(asked)]
    ]
    model: dict[str, Any] = {"name": MODEL, "implementation": implementation, "inputs": inputs}
    model["parameters"] = {"uri": str(directory / "pipeline.pickle"), "content_type": "pd"}
    (folder / "model-settings.json").write_text(json.dumps(model))
    command = [str(python.with_name("mlserver")), "start", str(folder)]
    variables = {
        "MLSERVER_HOST": "127.0.0.1",
        "MLSERVER_HTTP_PORT": "PORT",
        "MLSERVER_GRPC_PORT": str(grpc or servers.free_port()),
        "MLSERVER_METRICS_PORT": str(servers.free_port()),
        "MLSERVER_PARALLEL_WORKERS": str(processes),
        "MLSERVER_DEBUG": "false",  # else it logs each request
        "MLSERVER_METRICS_DIR": str(folder / "metrics"),
        "MLSERVER_ENVIRONMENTS_DIR": str(folder / "environments"),
        "PACKAGE": str(PACKAGE),
        "PYTHONPATH": os.pathsep.join((children.search_path(ROOT), str(PEERS))),
    }
    return command, {count: tensors.asked(MODEL, part) for count, part in asked.items()}, variables
