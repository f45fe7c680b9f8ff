"""Monitoring tried on a rehearsal: the labelled test rows are asked, and `./mainline monitor` looks at the log."""

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
from mainline.rehearsal.copy_server import Service
from mainline.rehearsal.fork import Fork, RehearsalError
from mainline.repository import lock
from mainline.text import utc

MOST, TOGETHER = 50_000, 200
"""Rows that are asked, spread evenly over the test rows; and of these in one request."""
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
        server.ask(asked[start : start + together])
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
    return checks(fork, digest, {"--logs": LOG, "--state": "follower", "--output": "monitoring", **labels})


def checks(fork: Fork, digest: str, places: Mapping[str, str]) -> dict[str, str]:
    """Run monitoring on folders of the rehearsal; return what each check of a package said, by name."""
    told = monitor(fork, places)
    found = [check for version in told.versions if version.digest == digest for check in version.checks]
    if not found:
        raise RehearsalError(f"monitoring saw no answer of the package: {told.headline}")
    return {check.name: f"{check.verdict}: {check.observed}"[:500] for check in found}


def monitor(fork: Fork, places: Mapping[str, str], *more: str) -> Monitored:
    """Run monitoring on folders of the rehearsal, by option, with more options; return its report."""
    words = [word for option, name in places.items() for word in (option, str(fork.folder / name))]
    fork.run("monitor", "--environment", fork.environment, *words, *more, ends=LOOKED)
    return Monitored.model_validate_json((fork.folder / places["--output"] / f"{NAME}.json").read_bytes())
