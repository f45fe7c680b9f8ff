"""What people measured and committed: the worth of features, quality by age, and experiments beside their base."""

import csv
import math
from pathlib import Path

from mainline.errors import MainlineError
from mainline.gate import history
from mainline.gate.findings import Experiment, Plot, Point, Series, Worth
from mainline.gate.tables import EXPERIMENTS, PRIMARY, STALENESS, TRAINED, WORTH, is_of, trained_hash

MOST, NAME, TEXT = 30, 120, 600
"""Experiments, and characters of a name and of a text, that the findings hold at most."""


def read_worth(model: str, primary: str) -> tuple[Worth, ...]:
    """Return a row per feature that could be measured for a model, stale if not by the primary metric of now.

    Raises:
        MainlineError: when the table is not as `./mainline explain` writes it.
    """
    return tuple(
        Worth(feature=row["feature"][:120], loss=loss, low=low, high=high, microseconds=time, stale=stale)
        for row, stale, (loss, low, high, time) in _rows(
            model, primary, None, WORTH, "loss", "low", "high", "microseconds"
        )
    )


def read_staleness(
    model: str,
    primary: str,
    trained: str | None = None,
    current: str = "candidate",
    other: str = "another model or metric",
) -> list[Plot]:
    """Return the plot of a model's relative loss by age; none where nothing was measured.

    Its line is called `current`, or `other` if another trained model than `trained` was measured, or by another
    metric. `trained` is a hash as `tables.trained_hash` returns it; None stands for what is trained here.

    Raises:
        MainlineError: when the table is not as `./mainline explain` writes it.
    """
    rows = _rows(model, primary, trained, STALENESS, "age", "relative")
    if not rows:
        return []
    points = [Point(x=age, y=loss) for _, _, (age, loss) in rows]
    line = Series(name=other if rows[0][1] else current, points=points)
    return [Plot(name="staleness", x=f"age in {rows[0][0]['unit']}s"[:120], y="relative loss", series=[line])]


def read_experiments(model: str, production: str) -> tuple[Experiment, ...]:
    """Return the experiments that came with a candidate and have a value, the commit that they began from first.

    Args:
        model: the name of the candidate's.
        production: the commit of production's version, '' if there is none; a table that it has too is of an earlier
            pull request, and nothing is returned.

    Raises:
        MainlineError: when the table is not as `./mainline experiments` writes it.
    """
    if not EXPERIMENTS.exists() or (production and history.show(production, str(EXPERIMENTS)) == _text(EXPERIMENTS)):
        return ()
    trained = trained_hash()
    try:
        rows = [row for row in csv.DictReader(_text(EXPERIMENTS).splitlines()) if is_of(model, row) and row["value"]]
        return tuple(_experiment(row, trained) for row in rows[:MOST])
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise MainlineError(
            f"{EXPERIMENTS} is damaged. Restore it with `git checkout {EXPERIMENTS}`, or `./mainline experiments "
            "--write`."
        ) from error


def _experiment(row: dict[str, str], trained: str) -> Experiment:
    numbers = {name: float(row[name]) if row[name] else None for name in ("value", "difference", "low", "high")}
    names = {"name": row["name"][:NAME], "base": row["base"][:NAME], "metric": row[PRIMARY][:NAME]}
    texts = {name: row[name][:TEXT] for name in ("changed", "note")}
    chosen = bool(trained) and row[TRAINED] == trained and row["name"] != row["base"]
    return Experiment.model_validate(
        {**numbers, **names, **texts, "verdict": row["verdict"] or None, "is_candidate": chosen}
    )


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _current(row: dict[str, str]) -> dict[str, str]:
    """Return a row as it is written now: ages in months were called so before other periods had any."""
    return row | {"unit": "month", "age": row["age_months"]} if "age_months" in row else row


def _rows(
    model: str, primary: str, trained: str | None, path: Path, *numbers: str
) -> list[tuple[dict[str, str], bool, list[float]]]:
    """Read a model's rows: each with whether it is stale, and the named columns as numbers.

    A row is stale if another trained model was measured, or by another metric, or if it does not say so.
    Rows in which one of the numbers is unknown are left out.
    """
    if not path.exists():
        return []
    trained = trained_hash() if trained is None else trained
    try:
        with path.open(encoding="utf-8", newline="") as file:
            found = [
                (
                    row,
                    not trained or (row.get(TRAINED), row.get(PRIMARY)) != (trained, primary),
                    [float("nan" if row[name] == "" else row[name]) for name in numbers],
                )
                for row in map(_current, csv.DictReader(file))
                if is_of(model, row)
            ]
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise MainlineError(
            f"{path} is damaged. Restore it with `git checkout {path}`, or `./mainline explain`."
        ) from error
    return [item for item in found if all(map(math.isfinite, item[-1]))]
