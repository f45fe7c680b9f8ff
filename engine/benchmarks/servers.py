"""Start the service and its peers, each with its defaults, and say how to ask them."""

import json
import os
import pickle
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml

from benchmarks.measure import say
from mainline import children
from mainline.data import columns, dataset
from mainline.declared import params
from mainline.package.predictor import Predictor
from mainline.serving.answering import keys
from mainline.stages import fitting
from usecase import interface

ROOT = Path(__file__).resolve().parent.parent.parent
PEERS = Path(__file__).parent / "peers"
PACKAGE = ROOT / "models/package"
NUMBERS = ("scikit-learn==1.9.1", "pandas==3.1.1", "numpy==2.4.6")
INSTALLED = {
    "granian": ("granian==2.8.9", "uvloop==0.23.0"),
    "mlflow": ("mlflow==3.17.2", *NUMBERS),
    "bentoml": ("bentoml==1.4.39", "onnxruntime==1.31.1", *NUMBERS),
    "mlem": ("mlem==0.4.14", "typer==0.23.1", "isort==7.0.0", "fastapi==0.115.14", "uvicorn==0.35.0", *NUMBERS),
}
"""What each peer's environment holds, beside what that needs."""
LIMIT = 120  # seconds until a server must answer


@dataclass(frozen=True)
class Server:
    """A server that answers, what it took to get there, and how to ask it for one row or many."""

    name: str
    process: psutil.Process
    port: int
    first_answer: float
    requests: Mapping[int, str]

    def cpu(self) -> float:
        """CPU seconds of the server's processes so far."""
        return sum(sum(process.cpu_times()[:2]) for process in self._all())

    def memory(self) -> float:
        """Resident MiB of the server's processes."""
        return sum(process.memory_info().rss for process in self._all()) / 2**20

    def _all(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]


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


@contextmanager
def started(
    name: str, command: Sequence[str], bodies: Mapping[int, tuple[str, str]], variables: Mapping[str, str]
) -> Iterator[Server]:
    """Run a server on a free port (in place of PORT) until it answers; end it and its children afterwards.

    Args:
        name: what the tables call it.
        command: what runs it.
        bodies: path and JSON body by number of rows.
        variables: more of its environment, `KEY` being the API key.
    """
    port = _free_port()
    key = variables.get("KEY", "")
    requests = {rows: request(path, body, key) for rows, (path, body) in bodies.items()}
    begun = time.perf_counter()
    process = subprocess.Popen(
        [part.replace("PORT", str(port)) for part in command], env={**_clean(), **variables}, cwd=PEERS,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    server = psutil.Process(process.pid)
    try:
        while not _answers(port, requests[1]):
            if process.poll() is not None or time.perf_counter() > begun + LIMIT:
                sys.exit(f"{name} does not answer")
            time.sleep(0.01)
        yield Server(name, server, port, time.perf_counter() - begun, requests)
    finally:
        for child in [*server.children(recursive=True), server]:
            child.terminate()
        psutil.wait_procs([server], timeout=20)


def service(
    directory: Path, rows: Mapping[int, Any], workers: int = 1, package: Path = PACKAGE, **more: Any
) -> tuple[list[str], dict[int, tuple[str, str]], str]:
    """Return the service's command, its requests, and a key that is not throttled; everything else is on.

    `more` are further keys of the section `service`.
    """
    key = keys.make(directory / "keys.yaml", "benchmark", "predict")
    section = {
        "port": 0, "workers": workers,
        "keys": str(directory / "keys.yaml"), "log": {"directory": str(directory / "log")},
        "throttle": {"requests_per_second": 1e6, "burst": 10**6},
        **more,
    }  # fmt: skip
    settings = directory / "production.yaml"
    code = (
        "import sys, yaml; from pathlib import Path; file = Path(sys.argv[1]);"
        "declared = yaml.safe_load(file.read_text());"
        "declared['service']['port'] = int(sys.argv[2]); file.write_text(yaml.safe_dump(declared));"
        "from mainline.__main__ import main; sys.exit(main(['serve', sys.argv[3], '--settings', sys.argv[1]]))"
    )
    settings.write_text(yaml.safe_dump({"service": section}))
    command = [sys.executable, "-c", code, str(settings), "PORT", str(package)]
    return command, {count: ("/predict", json.dumps(part)) for count, part in rows.items()}, key


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
    subprocess.run(saved, env=_clean(), check=True, capture_output=True, cwd=directory)
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
    subprocess.run(saved, env={**_clean(), **settings}, check=True, capture_output=True, cwd=directory)
    serve = ["serve", "fastapi", "--model", str(model), "--host", "127.0.0.1", "--port", "PORT"]
    bodies = {count: ("/predict", json.dumps({"data": {"values": part}})) for count, part in features.items()}
    return [str(python.with_name("mlem")), *serve], bodies, settings


def prepare(directory: Path, counts: Sequence[int]) -> tuple[dict[int, Any], dict[int, list[dict[str, Any]]]]:
    """Fit the declared pipeline on the data here, and return the same rows as requests and as features, by count."""
    declared = params.load(ROOT / "params.yaml")
    names = [field.name for field in interface.REQUEST]
    pipeline = fitting.fit(declared, dataset.read(dataset.FOLDER, declared.parts.train, names, declared.features))
    (directory / "pipeline.pickle").write_bytes(pickle.dumps(pipeline))
    predictor = Predictor.load(PACKAGE)
    requests = golden(counts)
    features = {}
    for count, part in requests.items():
        listed = part if isinstance(part, list) else [part]
        computed = predictor.compute(columns.from_rows(listed, predictor.request))
        values = zip(*[computed[name].tolist() for name in declared.features], strict=True)
        features[count] = [dict(zip(declared.features, map(_plain, row), strict=True)) for row in values]
    return requests, features


def golden(counts: Sequence[int], package: Path = PACKAGE) -> dict[int, Any]:
    """Return the package's golden requests by count, as a client sends them: one object, or a list."""
    rows = json.loads((package / "golden.json").read_text())["requests"]
    return {count: rows[0] if count == 1 else (rows * (count // len(rows) + 1))[:count] for count in counts}


def _plain(value: Any) -> Any:
    return None if value != value else value


def request(path: str, body: str, key: str) -> str:
    """Write a whole HTTP request."""
    authorization = f"authorization: Bearer {key}\r\n" if key else ""
    head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n{authorization}"
    return f"{head}content-length: {len(body.encode())}\r\n\r\n{body}"


def _answers(port: int, request: str) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            client.sendall(request.encode())
            return re.match(rb"HTTP/1.1 200", client.recv(64)) is not None
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _clean() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "OMP_"))}
    return {**kept, "PYTHONPATH": children.search_path(ROOT)}
