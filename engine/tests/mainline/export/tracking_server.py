"""A stand-in for MLflow's server in memory: its REST interface as far as runs of versions need it, and its refusals."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


class RefusalError(Exception):
    """What the server answers with a status that is not 200."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


@dataclass
class Tracking:
    """What was logged, and how the server is to fail: at the n-th request from now, or with every answer."""

    url: str = ""
    experiments: dict[str, str] = field(default_factory=dict)
    runs: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    authorization: set[str | None] = field(default_factory=set)
    fail_at: int = 0
    answer: tuple[int, bytes] | None = None
    deleted: bool = False
    knows_datasets: bool = True
    location: str = ""

    def get_by_name(self, asked: dict[str, Any]) -> Any:
        """Return an experiment."""
        name = asked["experiment_name"]
        if name not in self.experiments:
            raise RefusalError(404, "RESOURCE_DOES_NOT_EXIST")
        stage = "deleted" if self.deleted else "active"
        return {"experiment": {"experiment_id": self.experiments[name], "lifecycle_stage": stage}}

    def create_experiment(self, asked: dict[str, Any]) -> Any:
        """Make an experiment."""
        self.experiments[asked["name"]] = str(len(self.experiments) + 1)
        return {"experiment_id": self.experiments[asked["name"]]}

    def create_run(self, asked: dict[str, Any]) -> Any:
        """Make a run, which is going on."""
        info = {"run_id": str(len(self.runs)), "status": "RUNNING", "lifecycle_stage": "active", **asked}
        tags = {tag["key"]: tag["value"] for tag in info.pop("tags")}
        self.runs.append({"info": info, "params": {}, "metrics": {}, "tags": tags, "data": []})
        return {"run": {"info": info}}

    def search(self, asked: dict[str, Any]) -> Any:
        """Return the runs of an experiment whose tags are as the filter says."""
        wanted = dict(part.removeprefix("tags.").split(" = ") for part in asked["filter"].split(" and "))
        found = [
            {
                "info": run["info"],
                "inputs": {"dataset_inputs": run["data"]} if run["data"] else {},
                "data": {"tags": [{"key": k, "value": v} for k, v in run["tags"].items()]},
            }
            for run in self.runs
            if run["info"]["experiment_id"] in asked["experiment_ids"]
            and (asked.get("run_view_type") == "ALL" or run["info"]["lifecycle_stage"] == "active")
            and all(run["tags"].get(name.strip("`")) == value.strip("'") for name, value in wanted.items())
        ]
        return {"runs": found} if found else {}

    def log(self, asked: dict[str, Any]) -> Any:
        """Log metrics, parameters and tags; a parameter never changes, and not too many come at once."""
        run = self.runs[int(asked["run_id"])]
        for kind in ("params", "tags", "metrics"):
            given = {item["key"]: item["value"] for item in asked.get(kind, [])}
            changed = kind == "params" and any(run["params"].get(name, value) != value for name, value in given.items())
            if changed or (kind != "metrics" and len(given) > 100):
                raise RefusalError(400, "INVALID_PARAMETER_VALUE")
            run[kind].update(given)
        return {}

    def log_inputs(self, asked: dict[str, Any]) -> Any:
        """Log datasets, each once by its name and digest."""
        if not self.knows_datasets:
            raise RefusalError(404, "")
        known = self.runs[int(asked["run_id"])]["data"]
        names = [(one["dataset"]["name"], one["dataset"]["digest"]) for one in known]
        for used in asked["datasets"]:
            dataset = used["dataset"]
            if len(dataset["digest"]) > 36:
                raise RefusalError(400, "INVALID_PARAMETER_VALUE")
            if (dataset["name"], dataset["digest"]) not in names:
                known.append(used)
        return {}

    def update(self, asked: dict[str, Any]) -> Any:
        """End a run."""
        self.runs[int(asked["run_id"])]["info"].update(asked)
        return {}


_PATHS = {
    "experiments/get-by-name": "get_by_name",
    "experiments/create": "create_experiment",
    "runs/create": "create_run",
    "runs/search": "search",
    "runs/log-batch": "log",
    "runs/log-inputs": "log_inputs",
    "runs/update": "update",
}


@contextmanager
def serve() -> Iterator[Tracking]:
    """Answer on a free port of this machine."""
    tracking = Tracking()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(dict(parse_qsl(urlsplit(self.path).query)))

        def do_POST(self) -> None:
            self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def _answer(self, asked: dict[str, Any]) -> None:
            path = urlsplit(self.path).path.removeprefix("/api/2.0/mlflow/")
            tracking.asked.append(path)
            tracking.authorization.add(self.headers["Authorization"])
            tracking.fail_at -= 1
            status, content = tracking.answer or self._made(path, asked)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Location", f"{tracking.location}{self.path}")
            self.end_headers()
            self.wfile.write(content)

        def _made(self, path: str, asked: dict[str, Any]) -> tuple[int, bytes]:
            if tracking.fail_at == 0:
                return 500, b"<html>out of order</html>"
            try:
                return 200, json.dumps(getattr(tracking, _PATHS[path])(asked)).encode()
            except RefusalError as refusal:
                if not refusal.code:
                    return refusal.status, b"<h1>Not Found</h1>"
                return refusal.status, json.dumps({"error_code": refusal.code, "message": "no"}).encode()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    tracking.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield tracking
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
