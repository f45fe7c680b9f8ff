"""What the pipeline left here beside the model: a lock that is true or not, and what it noted of the data."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mainline.data import dataset
from mainline.data.storage import read_json
from mainline.errors import MainlineError
from mainline.limits.composition import Noted
from mainline.repository import dvc, lock, recovery

PACKAGE, COUNTS, IDENTIFIED = Path(lock.PACKAGE), Path("metrics/data.json"), Path("metrics/personal.json")


def compare_with_lock() -> tuple[str, tuple[str, ...]]:
    """Name the stages that dvc.lock is not true of, or the outputs that are others here than a true one names.

    A stage is stale if its command, its parameters, its code or data changed. If only outputs did, such as after
    another commit was checked out, the lock is true and what it names is somewhere else.
    """
    recovery.mend_readers()
    shown = dvc.run("status", "--json")
    if shown.returncode != 0:
        return f"dvc status failed: {dvc.said(shown)}", ()
    changed = json.loads(shown.stdout)
    outputs = {path for entries in changed.values() for path in _paths(entries, "changed outs")}
    for entries in changed.values():
        reread = set(_paths(entries, "changed deps")) - outputs
        if reread or any(not isinstance(entry, dict) for entry in entries):
            return ", ".join(f"{stage} is stale" for stage in changed), ()
    return "", tuple(sorted(outputs))


def support() -> Noted:
    """Return which periods are unlike those before; nothing of data without time.

    A month without a holiday is not a feed that stands still: of a number that is one of two values, or that mostly is,
    it says nothing that it did not vary.
    """
    path = COUNTS.with_name("profile.json")
    noted: Noted = read_json(path).get("support", {}) if path.is_file() else {}
    flags = _flags() if noted else set()
    return {
        period: {
            question: {
                name: (at, of)
                for name, (at, of) in columns.items()
                if question != "constant" or _profiled(name) not in flags
            }
            for question, columns in questions.items()
        }
        for period, questions in noted.items()
    }


def identified() -> dict[str, dict[str, float]] | None:
    """Return the share of rows by kind of each column that seems to say who somebody is; None if nobody looked."""
    try:
        return dict(json.loads(IDENTIFIED.read_text(encoding="utf-8"))["found"])
    except (OSError, ValueError, KeyError):
        return None


def quarantined() -> tuple[int, int]:
    """Return how many rows are quarantined, of how many.

    Raises:
        MainlineError: when the pipeline has not counted them.
    """
    try:
        counts = json.loads(COUNTS.read_text(encoding="utf-8"))
        return counts["quarantined"], counts["quarantined"] + counts["accepted"]
    except (OSError, ValueError, KeyError) as error:
        raise MainlineError(f"{COUNTS} is missing or unreadable. Run `make repro` first.") from error


def _paths(entries: Sequence[Any], kind: str) -> list[str]:
    """Return the paths that `dvc status` lists under a kind of change of one stage."""
    return [path for entry in entries if isinstance(entry, dict) for path in entry.get(kind, ())]


def _flags() -> set[str]:
    """Name the numbers of which at most two values are among the deciles of the training rows."""
    profile = PACKAGE / "profile.json"
    described = read_json(profile)["columns"] if profile.is_file() else {}
    return {name for name, column in described.items() if len(set(column.get("deciles", range(3)))) <= 2}


def _profiled(name: str) -> str:
    """Return what a profile calls a column that `prepare` notes: the label is noted with its own name behind it."""
    return dataset.LABEL if name.startswith(f"{dataset.LABEL} ") else name
