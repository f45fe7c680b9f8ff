"""`metrics/runs.csv`: when each stage of the lock was run, by whom, where, and what it took.

A row belongs to a stage's entry in `dvc.lock` and stays as long as that entry does, so running the pipeline again with
the same result changes nothing in git. A stage whose result came from DVC's cache has no row until it is run.
"""

import csv
import io
import json
import os
import platform
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from mainline import files
from mainline.repository import lock
from mainline.repository.git import ask
from mainline.stages.timing import RUNS

TABLE = Path("metrics/runs.csv")
_LONGEST = 1e9
"""Seconds that no run takes: 32 years."""


@dataclass(frozen=True)
class Run:
    """One run of a stage. `lock` names the stage's entry in `dvc.lock`; `started` is UTC; memory is the peak."""

    stage: str
    lock: str
    started: str
    seconds: float
    cpu_seconds: float
    peak_memory_mib: int
    by: str
    machine: str


def parse(text: str) -> list[Run]:
    """Read the table; a row that does not fit is left out, since nothing but a person's look depends on it."""
    found = []
    for row in csv.DictReader(io.StringIO(text)):
        try:
            numbers = {name: float(row[name]) for name in ("seconds", "cpu_seconds")}
            if not all(0 <= number < _LONGEST for number in numbers.values()):
                continue
            found.append(Run(**{**row, **numbers, "peak_memory_mib": int(row["peak_memory_mib"])}))  # type: ignore[arg-type]
        except (KeyError, TypeError, ValueError):
            continue
    return found


def of_lock(table: str, locked: str) -> dict[str, Run]:
    """Return the run of each stage that this lock's results come from, as far as it is known."""
    names = {stage: lock.name(entry) for stage, entry in lock.entries(locked).items()}
    return {run.stage: run for run in parse(table) if names.get(run.stage) == run.lock}


def update() -> None:
    """Keep the newest run of each stage whose entry in the lock has changed."""
    if not any(RUNS.glob("*.json")):
        return
    locked = lock.LOCK.read_text(encoding="utf-8")
    known = of_lock(TABLE.read_text(encoding="utf-8"), locked) if TABLE.exists() else {}
    runs = []
    for stage, entry in lock.entries(locked).items():
        measured = _take(stage)
        if stage in known:
            runs.append(known[stage])
        elif measured is not None:
            runs.append(Run(lock=lock.name(entry), by=_person(), machine=_machine(), **measured))
    _write(runs)


def seconds() -> dict[str, float]:
    """Return how long each stage ran that was not kept yet."""
    measured = (json.loads(file.read_text(encoding="utf-8")) for file in RUNS.glob("*.json"))
    return {found["stage"]: found["seconds"] for found in measured}


def render(runs: list[Run]) -> str:
    """Write the table."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=[field.name for field in fields(Run)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(run) for run in runs)
    return text.getvalue()


def _take(stage: str) -> dict[str, Any] | None:
    """Return what a stage measured of its last run, once."""
    file = RUNS / f"{stage}.json"
    if not file.exists():
        return None
    measured = dict(json.loads(file.read_text(encoding="utf-8")))
    file.unlink()
    return measured


def _write(runs: list[Run]) -> None:
    text = render(runs)
    if not TABLE.exists() or TABLE.read_text(encoding="utf-8") != text:
        files.replace(TABLE, text)


def _person() -> str:
    """Name who runs the pipeline: the account of the CI run, or git's user."""
    return os.environ.get("GITHUB_ACTOR") or ask("config", "user.name") or "unknown"


def _machine() -> str:
    """Describe the kind of machine: times are comparable on the same kind only."""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
