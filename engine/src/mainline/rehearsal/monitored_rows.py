"""Monitoring tried on a rehearsal: the labelled test rows are asked, and `./mainline monitor` looks at the log."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from mainline.data import columns, dataset
from mainline.data.dataset import Prepared
from mainline.declared import environments, params
from mainline.exchange.report import NAME
from mainline.labels import classes
from mainline.monitoring import packages
from mainline.monitoring.result import Monitored
from mainline.rehearsal import traffic
from mainline.rehearsal.copy_server import Service
from mainline.rehearsal.fork import Fork, RehearsalError
from mainline.repository import lock
from mainline.text import utc

MOST, TOGETHER = 50_000, 200
"""Rows that are asked, spread evenly over the test rows; and of these in one request."""
FAULTY = 25
"""Requests that the copy of the log with a fault in it has."""
LABELS, LOG = "labels.csv", "log"
LOOKED = (0, 1, 2)
"""The exit statuses of `./mainline monitor`: quiet, an alarm, and that nobody can tell."""


def rows(fork: Fork, most: int = MOST) -> tuple[Prepared, list[dict[str, Any]]]:
    """Return n labelled rows of the test periods, and each as clients send it, in the order of their data.

    Raises:
        RehearsalError: when there are none.
    """
    (packaged,) = packages.find([fork.path / lock.PACKAGE]).values()
    parts = params.load(fork.path / "params.yaml").parts.test
    found = dataset.read(fork.path / dataset.FOLDER, parts, [field.name for field in packaged.request], [])
    if not len(found):
        raise RehearsalError(
            "the test periods have no labelled rows to ask for. Widen split.test, or name a later data.through."
        )
    chosen = found.take(np.unique(np.linspace(0, len(found) - 1, min(most, len(found))).astype(int)))
    return chosen, columns.to_rows(chosen.request, packaged.request)


def ask(fork: Fork, server: Service, interface: Any, known: float) -> int:
    """Ask for the labelled test rows, some in each request, and write their labels; return how many there are.

    Args:
        fork: where labels are written, if the use case names what an event is found by.
        server: who answers.
        interface: of the use case.
        known: when the labels are said to have become known, in seconds since 1970; at least a minute ago.
    """
    prepared, asked = rows(fork)
    file = environments.FOLDER / f"{fork.environment}.yaml"
    together = min(TOGETHER, environments.load(fork.path / file).service.limits.rows)
    for start in range(0, len(asked), together):
        traffic.ask(server.address, server.key, asked[start : start + together])
    if interface.KEY:
        names = classes(interface)
        label = [names[int(value)] for value in prepared.label] if names else prepared.label
        table = pd.DataFrame([{name: row.get(name) for name in interface.KEY} for row in asked])
        table[interface.LABEL], table["known_at"] = label, utc(int(known))
        table.to_csv(fork.folder / LABELS, index=False)
    return len(asked)


def look(fork: Fork, digest: str) -> Mapping[str, str]:
    """Let monitoring look at the log of a server that has ended; return what each check of a package said, by name."""
    labels = {"--labels": LABELS} if (fork.folder / LABELS).is_file() else {}
    return _checks(fork, digest, {"--logs": LOG, "--state": "follower", "--output": "monitoring", **labels})


def plant(fork: Fork, digest: str) -> str:
    """Let monitoring look at a copy of the log with a fault in it; return what the check of that fault said.

    A feature that is text has a value that training never had, in every row of the copy; without one, a number is
    missing. A check cannot tell anything of few rows, so the lack of an alarm is not an error.
    """
    files = sorted((fork.folder / LOG).glob("*.jsonl"))
    lines = [json.loads(line) for file in files for line in file.open("rb")]
    batches = [line for line in lines if line["digest"] == digest and len(line["stale"]) > 1][:FAULTY]
    if not batches:
        return "no request had several rows"
    features = batches[0]["features"]
    texts = [name for name, values in features.items() if any(isinstance(value, str) for value in values)]
    name, value, check = (
        (texts[0], "never seen", "unseen values") if texts else (next(iter(features)), None, "missing values")
    )
    (fork.folder / "faulty").mkdir()
    with (fork.folder / "faulty" / files[0].name).open("w", encoding="utf-8") as file:
        for line in batches:
            line["features"][name] = [value] * len(line["stale"])
            file.write(json.dumps(line) + "\n")
    places = {"--logs": "faulty", "--state": "follower", "--store": "faulty-store", "--output": "faulty-report"}
    return f"{check}: {_checks(fork, digest, places).get(check, 'not looked at')}"


def _checks(fork: Fork, digest: str, places: Mapping[str, str]) -> dict[str, str]:
    """Run monitoring on folders of the rehearsal; return what each check of a package said, by name."""
    words = [word for option, name in places.items() for word in (option, str(fork.folder / name))]
    fork.run("monitor", "--environment", fork.environment, *words, ends=LOOKED)
    told = Monitored.model_validate_json((fork.folder / places["--output"] / f"{NAME}.json").read_bytes())
    checks = [check for version in told.versions if version.digest == digest for check in version.checks]
    if not checks:
        raise RehearsalError(f"monitoring saw no answer of the package: {told.headline}")
    return {check.name: f"{check.verdict}: {check.observed}"[:500] for check in checks}
