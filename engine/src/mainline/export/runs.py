"""What MLflow is told of a released version: a run with its parameters, metrics and tags."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mainline.errors import MainlineError
from mainline.registry import artifact, clone, history, tags
from mainline.registry.changes import flat
from mainline.registry.lineage import Lineage, describe
from mainline.text import clip

VERSION, COMMIT = "mainline.version", "mlflow.source.git.commit"
"""The tags that a run is known by: what was released, and of which history."""
LONGEST_PARAM, LONGEST_TAG, LONGEST_NAME, LONGEST_DIGEST = 6000, 5000, 250, 36
"""Characters that MLflow takes."""
RAW = "data/raw"


@dataclass(frozen=True)
class Run:
    """A run as MLflow has it; `when` is its start and its end, in milliseconds since 1970.

    `data` is DVC's hash of the raw data, '' if nobody wrote it.
    """

    name: str
    when: int
    params: dict[str, str]
    metrics: dict[str, float]
    tags: dict[str, str]
    data: str = ""


def read(repository: Path = Path()) -> list[Run]:
    """Return a run for each released version, oldest first.

    Raises:
        MainlineError: when this clone does not have what the registry is in, or nothing was released.
    """
    registry = tags.read(repository)
    clone.check(registry, repository)
    if not registry.versions:
        raise MainlineError("no version was released yet. `./mainline promote` on main releases the first one.")
    given, line = history.read(None, repository).assignments, artifact.name(repository)
    return [_run(describe(version, given, repository), line) for version in reversed(registry.versions)]


def _run(found: Lineage, line: str) -> Run:
    """Tell a version as a run that began and ended when it was released."""
    return Run(
        f"{line}@{found.version}",
        found.registered * 1000,
        {clip(name, LONGEST_NAME): clip(_text(value), LONGEST_PARAM) for name, value in flat(found.parameters or {})},
        dict(_metrics(found)),
        {name: clip(value, LONGEST_TAG) for name, value in _tags(found, line).items() if value is not None},
        (_raw(found) or "")[:LONGEST_DIGEST],
    )


def _raw(found: Lineage) -> str | None:
    """Return DVC's hash of the raw data."""
    return next((item.hash for item in found.outputs or [] if item.path == RAW), None)


def _metrics(found: Lineage) -> Iterator[tuple[str, float]]:
    """Yield the figures of each set of rows, and what each stage took."""
    for rows, values in found.metrics.items():
        for name, value in values.items():
            if value is not None and math.isfinite(value):
                yield f"{rows}.{name}", value
    for run in found.runs:
        for name in ("seconds", "peak_memory_mib"):
            value = run.get(name)
            if isinstance(value, int | float) and math.isfinite(value):
                yield f"{run.get('stage', 'stage')}.{name}", value


def _tags(found: Lineage, line: str) -> dict[str, str | None]:
    """Name what a version is; None is left out. Where it serves is said even if that is nowhere."""
    now = [item.environment for item in found.assignments if item.until is None]
    return {
        VERSION: found.version,
        COMMIT: found.commit.commit,
        "mlflow.source.name": line,
        "mlflow.source.type": "PROJECT",
        "mlflow.user": found.by,
        "mlflow.note.content": found.headline,
        "mainline.package": found.digest,
        "mainline.data": _raw(found),
        "mainline.libraries": found.environment_sha256,
        "mainline.subject": found.commit.subject,
        "mainline.bump": found.bump,
        "mainline.reason": found.reason,
        "mainline.replaced": found.replaced,
        "mainline.verdict": found.verdict,
        "mainline.environments": ", ".join(sorted(now)) or "none",
        "mainline.archived": "yes" if found.archived else "no",
    }


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
