"""MLflow's REST interface (2.0), as far as runs of versions need it: found by their tags, made, and brought up to date.

Files of its own store are not written: MLflow 3 refuses to open them unless it is told to. Every server speaks REST.
"""

import base64
import http.client
import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mainline import progress, redirects
from mainline.errors import MainlineError
from mainline.export.runs import COMMIT, RAW, VERSION, Run

SECONDS = 60.0  # until a request counts as lost
MAX_BYTES = 20_000_000  # of an answer
BATCH = 100  # parameters or tags, the most that MLflow takes at once
ABSENT, UNKNOWN = "RESOURCE_DOES_NOT_EXIST", "ENDPOINT_NOT_FOUND"
AS_TRAININGS = "workflowType=machine_learning"
"""Without this an MLflow 3 that nobody has opened yet looks for traces of a language model."""
TOKEN, USER, PASSWORD = "MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"
"""MLflow's own variables."""


class TrackingError(MainlineError):
    """The server refused, or did not answer; `code` is MLflow's name for why."""

    def __init__(self, asked: str, found: str, code: str = "") -> None:
        super().__init__(f"MLflow: {asked}: {found}")
        self.code = code


@dataclass(frozen=True)
class Sent:
    """How many runs were made, brought up to date, and the same already; `page` is where MLflow shows them."""

    made: int
    updated: int
    same: int
    page: str = field(default="", compare=False)


@dataclass(frozen=True)
class Server:
    """A tracking server; `authorization` is the header's value, '' without credentials."""

    url: str
    authorization: str = field(default="", repr=False)

    def ask(self, method: str, path: str, content: Mapping[str, Any]) -> dict[str, Any]:
        """Send a request; what is given travels in the address of a GET, and as JSON otherwise.

        Raises:
            TrackingError: when the server refuses, or does not answer as MLflow does.
        """
        address = f"{self.url}/api/2.0/mlflow/{path}"
        is_get = method == "GET"
        address += f"?{urllib.parse.urlencode(content)}" if is_get else ""
        body = None if is_get else json.dumps(content).encode()
        request = urllib.request.Request(address, body, {"Content-Type": "application/json"}, method=method)  # noqa: S310
        if self.authorization:
            request.add_header("Authorization", self.authorization)
        try:
            with redirects.opened(request, SECONDS) as answer:
                found = json.loads(answer.read(MAX_BYTES))
        except urllib.error.HTTPError as error:
            with error:
                raise TrackingError(path, *_explain(error)) from error
        except (OSError, http.client.HTTPException) as error:
            raise TrackingError(path, f"no answer from {self.url} ({error})") from error
        except ValueError as error:
            raise TrackingError(path, f"{self.url} does not answer as an MLflow server does") from error
        if not isinstance(found, dict):
            raise TrackingError(path, f"{self.url} does not answer as an MLflow server does")
        return found


def connect(url: str) -> Server:
    """Name a server; its credentials are MLflow's own variables.

    Raises:
        MainlineError: when the address is not one of http or https, or holds a password.
    """
    try:
        parts = urllib.parse.urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.query
    except ValueError:
        is_address = False
    if not is_address:
        raise MainlineError(
            f"'{url}' is not the address of an MLflow server, such as http://127.0.0.1:5000. For runs in files of your "
            "own, start one on them: `mlflow server --backend-store-uri sqlite:///mlflow.db`."
        )
    if parts.username or parts.password:
        raise MainlineError(f"the address holds credentials; take them out, and set {USER} and {PASSWORD}, or {TOKEN}.")
    token, user = os.environ.get(TOKEN), os.environ.get(USER)
    said = ""
    if token:
        said = f"Bearer {token}"
    elif user:
        said = "Basic " + base64.b64encode(f"{user}:{os.environ.get(PASSWORD, '')}".encode()).decode()
    return Server(url.rstrip("/"), said)


def send(server: Server, experiment: str, runs: Sequence[Run]) -> Sent:
    """Bring an experiment in line with the runs: each is there once, however often and wherever this is killed.

    A run is known by its version and commit. One that was not finished is written again, from one that was only the
    tags that are others now are written, and one that somebody deleted stays so.

    Raises:
        TrackingError: when the server refuses or does not answer, or the experiment was deleted.
    """
    counts = {"made": 0, "updated": 0, "same": 0}
    try:
        into = _experiment(server, experiment)
        with progress.counted(len(runs), "run") as show:
            for run in runs:
                counts[_bring(server, into, run)] += 1
                show(run.name)
    except (LookupError, TypeError, AttributeError) as error:
        raise TrackingError(experiment, f"{server.url} does not answer as an MLflow server does") from error
    return Sent(**counts, page=f"{server.url}/#/experiments/{into}/runs?{AS_TRAININGS}")


def _experiment(server: Server, name: str) -> str:
    """Return the number of an experiment, which is made if there is none."""
    try:
        found = server.ask("GET", "experiments/get-by-name", {"experiment_name": name})["experiment"]
    except TrackingError as error:
        if error.code != ABSENT:
            raise
        return str(server.ask("POST", "experiments/create", {"name": name})["experiment_id"])
    if found.get("lifecycle_stage") == "deleted":
        raise TrackingError(name, "this experiment was deleted; restore it, or name another one by --experiment.")
    return str(found["experiment_id"])


def _bring(server: Server, experiment: str, run: Run) -> str:
    """Bring one run in line; return what that took."""
    known = _find(server, experiment, run)
    if known is None:
        tags = [{"key": name, "value": run.tags[name]} for name in (VERSION, COMMIT)]
        asked = {"experiment_id": experiment, "run_name": run.name, "start_time": run.when, "tags": tags}
        _write(server, server.ask("POST", "runs/create", asked)["run"]["info"]["run_id"], run)
        return "made"
    info = known["info"]
    if info["lifecycle_stage"] == "deleted":
        return "same"
    if info["status"] != "FINISHED":
        _write(server, info["run_id"], run)
        return "updated"
    has = {tag["key"]: tag["value"] for tag in known["data"].get("tags", [])}
    others = {name: value for name, value in run.tags.items() if has.get(name) != value}
    _log(server, info["run_id"], tags=others)
    lacks_data = not known.get("inputs", {}).get("dataset_inputs") and _log_data(server, info["run_id"], run)
    return "updated" if others or lacks_data else "same"


def _find(server: Server, experiment: str, run: Run) -> dict[str, Any] | None:
    """Return a run by its version and commit, deleted ones too; None if there is none."""
    wanted = " and ".join(f"tags.`{name}` = '{run.tags[name]}'" for name in (VERSION, COMMIT))
    asked = {"experiment_ids": [experiment], "filter": wanted, "run_view_type": "ALL", "max_results": 1}
    found = server.ask("POST", "runs/search", asked).get("runs") or []
    return dict(found[0]) if found else None


def _write(server: Server, number: str, run: Run) -> None:
    """Write all of a run, and only then call it finished; what is there already is the same."""
    metrics = [
        {"key": name, "value": value, "timestamp": run.when, "step": 0} for name, value in run.metrics.items()
    ]  # fmt: skip
    server.ask("POST", "runs/log-batch", {"run_id": number, "metrics": metrics})
    _log(server, number, params=run.params)
    _log(server, number, tags=run.tags)
    _log_data(server, number, run)
    server.ask("POST", "runs/update", {"run_id": number, "status": "FINISHED", "end_time": run.when})


def _log(server: Server, number: str, **given: Mapping[str, str]) -> None:
    """Write parameters or tags, as many at once as MLflow takes."""
    for kind, values in given.items():
        items = [{"key": name, "value": value} for name, value in values.items()]
        for first in range(0, len(items), BATCH):
            server.ask("POST", "runs/log-batch", {"run_id": number, kind: items[first : first + BATCH]})


def _log_data(server: Server, number: str, run: Run) -> bool:
    """Write what the run read; return whether it is there now. Servers that know no datasets go without."""
    if not run.data:
        return False
    # MLflow keeps a dataset once for all runs that read it, so it says nothing of a single run.
    source = json.dumps({"path": RAW, "md5": run.data})
    dataset = {"name": RAW, "digest": run.data, "source_type": "dvc", "source": source}
    used = {"dataset": dataset, "tags": [{"key": "mlflow.data.context", "value": "training"}]}
    try:
        server.ask("POST", "runs/log-inputs", {"run_id": number, "datasets": [used]})
    except TrackingError as error:
        if error.code != UNKNOWN:
            raise
        return False
    return True


def _explain(error: urllib.error.HTTPError) -> tuple[str, str]:
    """Return what the server said in a line, and MLflow's name for it."""
    try:
        said = json.loads(error.read(MAX_BYTES))
        code, message = str(said["error_code"]), " ".join(str(said.get("message", "")).split())[:300]
    except (OSError, ValueError, KeyError, TypeError):
        code, message = UNKNOWN if error.code == 404 else "", ""
    if error.code in (401, 403):
        return f"it answered {error.code}; set {TOKEN}, or {USER} and {PASSWORD}", code
    return f"it answered {error.code} {message}".rstrip(), code
