"""Rebuild everything from nothing; compare with dvc.lock."""

import argparse
import csv
import platform
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from mainline import children, processes
from mainline.data import predictions
from mainline.declared import params
from mainline.errors import MainlineError
from mainline.registry import changes
from mainline.repository import checkout, record
from mainline.repository.git import ask, blob, git, surroundings
from mainline.stages.harness import NO_REUSE

REFERENCE = Path("metrics/reference.csv")
DATA_STAGES = ("ingest", "validate", "prepare")
"""Stages that only copy, compare and add: their results are the same on every processor."""

OTHER_SEEDS = ("20481", "977")
"""Hash seeds of the calling shell; a result must not depend on them."""

Hashes = dict[tuple[str, str], str]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="rebuild in this new folder and keep it")
    parser.add_argument("--exact", action="store_true", help="accept no other last bits from another processor")


def run(arguments: argparse.Namespace) -> str:
    """Say whether the committed code, run from nothing, makes what the committed dvc.lock names; `score` reads it."""
    _require_new(arguments.keep)
    begun = record.begin(committed=True)
    record.keep(record.VERIFY, begun, {"result": "not finished, or it failed"})
    said = verify(arguments.keep, arguments.exact)
    record.keep(record.VERIFY, begun, {"result": record.REPRODUCED, "said": said.strip()[:600]})
    return said


def verify(keep: Path | None = None, exact: bool = False) -> str:
    """Rebuild the last commit in an empty folder with cold caches and compare every output.

    Where a model's last bits differ, a second rebuild shows whether this machine repeats itself. If it
    does, another processor made the lock, and the predictions may differ by `limits.reproduction`.

    Args:
        keep: rebuild in this new folder and leave it there.
        exact: accept no difference at all.

    Raises:
        MainlineError: naming the outputs that differ, and by how much predictions do.
    """
    _require_new(keep)
    checkout.require_bytes()
    scratch = Path(tempfile.mkdtemp(prefix="mainline-verify-")) if keep is None else keep.resolve()
    try:
        return _compare(scratch, exact)
    finally:
        if keep is None:
            shutil.rmtree(scratch, ignore_errors=True)


def _require_new(folder: Path | None) -> None:
    if folder is not None and folder.exists():
        raise MainlineError(f"{folder} exists; name a folder that does not.")


def _compare(scratch: Path, exact: bool) -> str:
    first = _rebuild(scratch / "first", OTHER_SEEDS[0])
    locks = [_committed("dvc.lock"), (first / "dvc.lock").read_text(encoding="utf-8")]
    outdated = sorted(_inputs(locks[0]) ^ _inputs(locks[1]))
    if outdated:
        raise MainlineError(
            f"dvc.lock is out of date: {outdated[0][0]} has another {outdated[0][1]} by now. "
            "Run `make repro` and commit dvc.lock."
        )
    committed, rebuilt = (_hashes(lock) for lock in locks)
    different = sorted(key for key in committed.keys() | rebuilt.keys() if committed.get(key) != rebuilt.get(key))
    if not different:
        return f"\nThe lock is true: {len(committed)} outputs, rebuilt from nothing, have the hashes it names.{_note()}"
    names = ", ".join(path for _, path in different)
    moved = [path for stage, path in different if stage in DATA_STAGES]
    if exact or moved:
        raise MainlineError(
            f"dvc.lock is not true: {names} came out otherwise. Run `make repro` and commit the result."
        )
    second = _rebuild(scratch / "second", OTHER_SEEDS[1])
    if _hashes((second / "dvc.lock").read_text(encoding="utf-8")) != rebuilt:
        raise MainlineError(
            f"training does not repeat itself: two rebuilds on this machine made different {names}. Look in "
            "src/usecase/ and model.params for random numbers that `seed` does not set, the clock, threads, and the "
            "order of a set."
        )
    difference = _largest_difference(_committed(str(REFERENCE)), (first / REFERENCE).read_text("utf-8"))
    return _tolerate(names, difference, params.load(first / "params.yaml"))


def _tolerate(names: str, difference: float, declared: params.Params) -> str:
    allowed = declared.limits.reproduction
    found = f"the largest difference of a reference prediction is {difference:.3g}, allowed is {allowed:g}"
    if difference > allowed:
        raise MainlineError(
            f"dvc.lock is not true here: {names} came out otherwise; {found}. Run `make repro` and commit the result."
        )
    return (
        f"\nThe lock was made on another kind of processor: this machine ({platform.machine()}) repeats itself, but "
        f"{names} have other last bits; {found}."
        f"{' The served model was fitted again, and no prediction of it was compared.' if declared.split.refit else ''}"
    )


def _rebuild(folder: Path, seed: str) -> Path:
    """Clone the last commit and run its pipeline with nothing to fall back on."""
    git("clone", "--quiet", "--no-hardlinks", ".", str(folder))
    pinned = ("OMP_NUM_THREADS", "PYTHONTZPATH")
    environment = {name: value for name, value in surroundings().items() if name not in pinned} | {
        "PYTHONHASHSEED": seed,
        "PYTHONPATH": children.search_path(folder),
        "DVC_SITE_CACHE_DIR": str(folder / ".dvc" / "site"),
        NO_REUSE: "1",
    }
    _run(children.command("dvc", "repro", "--force"), cwd=folder, env=environment)
    return folder


def _run(command: list[str], **options: Any) -> None:
    if processes.show(command, **options) != 0:
        raise MainlineError(f"the rebuild stopped at `{' '.join(command[-3:])}`; its message is above.")


def _note() -> str:
    """Remind of changes that the last commit does not have."""
    return " Uncommitted changes are not part of this." if ask("status", "--porcelain") else ""


def _committed(path: str) -> str:
    content = blob(f"HEAD:{path}")
    if content is None:
        raise MainlineError(f"the last commit has no {path}. Run `make repro` and commit its results first.")
    return content.decode()


def _inputs(lock: str) -> set[tuple[str, str, str]]:
    """Read what each stage was run on: (stage, command, dependency or parameter; its hash or value)."""
    found = set()
    for name, stage in yaml.safe_load(lock)["stages"].items():
        found.add((name, "cmd", stage.get("cmd", "")))
        own = [item for item in stage.get("deps", []) if item["path"].startswith(changes.CODE)]
        found |= {(name, item["path"], item["md5"]) for item in own}
        found |= {(name, file, repr(values)) for file, values in stage.get("params", {}).items()}
    return found


def _hashes(lock: str) -> Hashes:
    """Read the hash of each (stage, output) from a lock."""
    stages = yaml.safe_load(lock)["stages"]
    return {(name, output["path"]): output["md5"] for name, stage in stages.items() for output in stage["outs"]}


def _largest_difference(before: str, after: str) -> float:
    """Return the largest difference between two tables of reference predictions; infinite if rows differ."""
    old, new = (_predictions(text.splitlines()) for text in (before, after))
    if old.keys() != new.keys():
        return float("inf")
    return max(abs(one - other) for key in old for one, other in zip(old[key], new[key], strict=True))


def _predictions(lines: Iterable[str]) -> dict[tuple[str, ...], list[float]]:
    """Read what is predicted of each row, which is known by its other columns, or else by its place."""
    found = {}
    for number, row in enumerate(csv.DictReader(lines)):
        predicted = [name for name in row if predictions.is_one(name, row)]
        key = tuple(value for name, value in row.items() if name not in predicted)
        found[key or (str(number),)] = [float(row[name]) for name in predicted]
    return found
