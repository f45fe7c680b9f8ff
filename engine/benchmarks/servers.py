"""Start a server, which is the service or a peer, and say how to ask it."""

import json
import os
import pickle
import re
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


@contextmanager
def started(
    name: str, command: Sequence[str], bodies: Mapping[int, tuple[str, str]], variables: Mapping[str, str]
) -> Iterator[Server]:
    """Run a server on a free port until it answers; end it and its children afterwards.

    Args:
        name: what the tables call it.
        command: what runs it; PORT in a word of it is the port, as is a variable that is PORT.
        bodies: path and JSON body by number of rows.
        variables: more of its environment, `KEY` being the API key.
    """
    port = free_port()
    key = variables.get("KEY", "")
    requests = {rows: request(path, body, key) for rows, (path, body) in bodies.items()}
    told = {name: str(port) if value == "PORT" else value for name, value in variables.items()}
    begun = time.perf_counter()
    process = subprocess.Popen(
        [part.replace("PORT", str(port)) for part in command], env={**clean(), **told}, cwd=PEERS,
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


def prepare(directory: Path, counts: Sequence[int]) -> tuple[dict[int, Any], dict[int, list[dict[str, Any]]]]:
    """Fit the declared pipeline on the data here, and return the same rows as requests and as features, by count."""
    fit(directory)
    requests = golden(counts)
    return requests, {count: features(part if isinstance(part, list) else [part]) for count, part in requests.items()}


def fit(directory: Path) -> None:
    """Fit the declared pipeline on the data here, and pickle it."""
    declared = params.load(ROOT / "params.yaml")
    names = [field.name for field in interface.REQUEST]
    pipeline = fitting.fit(declared, dataset.read(dataset.FOLDER, declared.parts.train, names, declared.features))
    (directory / "pipeline.pickle").write_bytes(pickle.dumps(pipeline))


def features(requests: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what the package computes of requests, as the pipeline takes it."""
    predictor, names = Predictor.load(PACKAGE), params.load(ROOT / "params.yaml").features
    computed = predictor.compute(columns.from_rows(requests, predictor.request))
    values = zip(*[computed[name].tolist() for name in names], strict=True)
    return [dict(zip(names, map(_plain, row), strict=True)) for row in values]


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


def named(request: str, number: int) -> list[str]:
    """Return one request many times, each with a length, an id and a place in a trace of its own."""
    head, _, body = request.partition("\r\n\r\n")
    lines = [line for line in head.split("\r\n") if not line.startswith("content-length:")]
    made = []
    for name in range(1, number + 1):
        padded = body + " " * (name % 7)
        own = [
            f"content-length: {len(padded.encode())}", f"x-request-id: client-{name:06d}",
            f"traceparent: 00-{name:032x}-{name:016x}-00",
        ]  # fmt: skip
        made.append("\r\n".join([*lines, *own, "", padded]))
    return made


def _answers(port: int, request: str) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            client.sendall(request.encode())
            return re.match(rb"HTTP/1.1 200", client.recv(64)) is not None
    except OSError:
        return False


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def clean() -> dict[str, str]:
    """Return the environment of a server: this one without what Python and its tools were told."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "OMP_"))}
    return {**kept, "PYTHONPATH": children.search_path(ROOT)}
