"""The rows of all periods, prepared by the pipeline's own stages; a period's rows know none that are newer."""

import shutil
from importlib import import_module
from pathlib import Path

from mainline.data import dataset
from mainline.declared import params
from mainline.package.sealing import FOLDER as TABLES

STAGES = ("ingest", "validate", "prepare")
BATCHES = Path("metrics/data.json")


def prepare() -> None:
    """Take, check and prepare the window of the `params.yaml` in the current folder, which is empty else."""
    declared = params.load()
    for stage in STAGES:
        getattr(import_module(f"mainline.stages.{stage}"), stage)(declared)
    for folder in ("data/raw", "data/validated", "data/quarantine"):
        shutil.rmtree(folder, ignore_errors=True)  # of which nothing is read again


def of_period(folder: Path, period: str) -> list[Path]:
    """List the files of a period, and those of tables that do not go by periods."""
    tables = folder / TABLES
    moving = sorted(tables.glob(f"*/{period}.parquet"))
    return [folder / dataset.FOLDER / f"{period}.parquet", *moving, *sorted(tables.glob("*.parquet"))]
