"""Fetch or rebuild the results that dvc.lock names."""

import argparse
import shutil
from collections.abc import Iterator
from pathlib import Path

import yaml

from mainline import progress
from mainline.errors import MainlineError
from mainline.pipeline.reproduction import reproduce
from mainline.registry import runs
from mainline.remote import objects, transfer
from mainline.repository import lock as locks
from mainline.repository.git import ask, git
from mainline.text import few

OFFERED = Path("metrics/report/lock")
"""Where the right lock is put, with the metrics that belong to it."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--check",
        action="store_true",
        help="run and fetch nothing; say whether the lock fits code, parameters and data",
    )


class StaleError(MainlineError):
    """The lock is not what code, parameters and data make."""

    def __init__(self, changed: list[str]) -> None:
        super().__init__(
            f"dvc.lock is not true: {few(changed, 4)} came out otherwise. Run `make repro`, then "
            "`git add dvc.lock metrics && git commit`; or take the right files: they are in "
            f"{OFFERED}, and in the artifact 'lock' of the run on GitHub."
        )


def run(arguments: argparse.Namespace) -> str:
    """Bring what the committed lock names into the workspace, and see whether it is what this commit makes.

    Raises:
        StaleError: naming what differs; the right files are in `metrics/report/lock`.
        MainlineError: when the pipeline stops, or a look finds the lock stale.
    """
    return _look() if arguments.check else _reproduce()


def _look() -> str:
    """Say that the lock fits; results may be absent here, as in a clone that never fetched them."""
    from mainline.gate import workspace  # libraries that `--help` need not wait for

    stale, absent = workspace.compare_with_lock()
    if stale:
        raise MainlineError(f"dvc.lock does not fit: {stale}. Run `make repro`, then commit dvc.lock and metrics/.")
    others = f"; {few(absent, 2)} here: absent, or of another commit (`./mainline restore`)" if absent else ""
    return f"dvc.lock fits code, parameters and data{others}."


def _reproduce() -> str:
    shutil.rmtree(OFFERED, ignore_errors=True)
    committed = git("show", f"HEAD:{locks.LOCK}")
    progress.say(transfer.take(objects.of_workspace()))
    reproduce()
    record = str(runs.TABLE)  # who ran a stage and when is not a result
    moved = {*filter(None, ask("diff", "-z", "--name-only", "HEAD", "--", "metrics").split("\0"))}
    changed = sorted({*_different(committed, locks.LOCK.read_text(encoding="utf-8")), *(moved - {record})})
    if changed:
        _offer()
        raise StaleError(changed)
    if record in moved:
        # The commit's record stays, also of a run that the cache spared: this checkout is the commit, and not a change.
        git("restore", "--source=HEAD", "--", record)
    return f"The lock is true: {len(locks.entries(committed))} stages make what it names."


def _different(before: str, after: str) -> Iterator[str]:
    """Name outputs, dependencies and parameters that one lock has otherwise than the other."""
    old, new = (dict(_flat(text)) for text in (before, after))
    for key in old.keys() | new.keys():
        if old.get(key) != new.get(key):
            yield key[1]


def _flat(text: str) -> Iterator[tuple[tuple[str, str], str]]:
    for stage, entry in locks.entries(text).items():
        yield (stage, f"the command of {stage}"), str(entry["cmd"])
        for item in (*(entry.get("deps") or []), *(entry.get("outs") or [])):
            yield (stage, str(item["path"])), str(item["md5"])
        for file, values in (entry.get("params") or {}).items():
            yield (stage, str(file)), repr(values)


def _offer() -> None:
    """Put the right lock, and what the pipeline leaves to git, where a person or a run on GitHub takes them from."""
    pipeline = yaml.safe_load(Path(objects.PIPELINE).read_text(encoding="utf-8"))
    for name in (str(locks.LOCK), str(runs.TABLE), *objects.kept_by_git(pipeline)):
        if Path(name).is_file():
            (OFFERED / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(name, OFFERED / name)
