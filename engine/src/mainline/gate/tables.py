"""The tables in `metrics/` that people measure, and whose they are: each row begins with the name of its model."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mainline.repository import lock

WORTH, STALENESS, RANKS, TUNING, EXPERIMENTS = (
    Path("metrics", f"{name}.csv") for name in ("worth", "staleness", "ranks", "tuning", "experiments")
)
TRAIN, TRAINED_MODEL = "train", "models/model"
MODEL, TRAINED, PRIMARY = "model", "trained", "primary"


def named(model: str, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Put the name of the model that they are about before each of the rows."""
    return [{MODEL: model, **row} for row in rows]


def measured(model: str, primary: str, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Name the model before each of the rows as `named` does, which trained one was measured, and by which metric."""
    trained = trained_hash()
    return [{MODEL: row[MODEL], TRAINED: trained, PRIMARY: primary, **row} for row in named(model, rows)]


def trained_hash() -> str:
    """Return the hash of the trained model that `dvc.lock` names; '' if its parameters are others by now."""
    try:
        outs = lock.entries(lock.LOCK.read_text(encoding="utf-8"))[TRAIN]["outs"]
        return "" if lock.edited().get(TRAIN) else next(out["md5"][:12] for out in outs if out["path"] == TRAINED_MODEL)
    except (OSError, lock.LockError, KeyError, StopIteration):
        return ""  # nothing was trained yet, and whoever needs the lock says what is wrong with it


def packaged_hash(manifest: Mapping[str, Any]) -> str:
    """Return the hash of the trained model that a package was made from, as `trained_hash` does; '' if it has none."""
    return str(manifest["made_from"].get(TRAINED_MODEL, "")).removeprefix("md5:")[:12]


def is_of(model: str, row: Mapping[str, Any]) -> bool:
    """Whether a row is about a model; one without a name was measured when rows had none, and counts as its own."""
    return row.get(MODEL, model) == model


def remove_foreign(model: str) -> list[str]:
    """Remove the tables that are about another model, such as another use case's; say in a line each what went."""
    removed = []
    for path in (WORTH, STALENESS, RANKS, TUNING, EXPERIMENTS):
        other = _foreign(path, model)
        if other:
            path.unlink()
            removed.append(f"{path} was measured for {other}, not for {model}, and is removed; git has it.")
    return removed


def _foreign(path: Path, model: str) -> str:
    """Name another model that a table is about; '' where there is none, or no table."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return next((str(row[MODEL]) for row in csv.DictReader(file) if not is_of(model, row)), "")
    except (OSError, UnicodeDecodeError, csv.Error):
        return ""  # whoever reads the table says that it is damaged
