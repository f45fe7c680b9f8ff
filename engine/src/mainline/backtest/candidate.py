"""A model fitted, measured and packaged by the pipeline's own stages, from what was known when its window ended."""

import os
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from mainline import files
from mainline.backtest import rows
from mainline.declared import params

STAGES = ("train", "evaluate", "package")
PACKAGE = Path("models/package")
_NO_LOCK = "stages: {}\n"


def link(source: Path, target: Path, window: Sequence[str]) -> None:
    """Lay the files of a window's periods into a folder, and none of later ones: nothing can look ahead."""
    wanted = {file for period in window for file in rows.of_period(source, period)}
    for file in sorted({*wanted, source / rows.BATCHES}):
        place = target / file.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(os.path.relpath(file, place.parent))


def make() -> None:
    """Fit, measure and package what the `params.yaml` in the current folder declares."""
    declared = params.load()
    files.replace(Path("dvc.lock"), _NO_LOCK)  # a package names the lock's hashes of its data; here are none
    for stage in STAGES:
        getattr(import_module(f"mainline.stages.{stage}"), stage)(declared)
