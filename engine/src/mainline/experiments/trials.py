"""Finished trials of a search, as `metrics/tuning.csv` keeps them."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mainline.data.storage import write_csv
from mainline.errors import MainlineError
from mainline.experiments.candidates import Planned
from mainline.gate.tables import TUNING, named
from usecase import interface

TABLE = TUNING
_MEASURED = ("metric", "difference", "low", "high", "seconds")
_OURS = {"model", "trial", "candidate", *_MEASURED, "share", "search"}
"""Columns of the table; a hyperparameter of such a name, as the `metric` of neighbors, stands as `params.metric`."""


@dataclass(frozen=True)
class Trial:
    """A finished trial: the primary metric, and its relative difference to trial 0 with an interval.

    NaN where the estimator refused the combination or predicted no number. One that was hopeless was fitted on a
    `share` of the training rows, and so was the declared model that it is compared with.
    """

    number: int
    metric: float
    difference: float
    low: float
    high: float
    seconds: float
    share: float = 1.0

    @property
    def stopped(self) -> bool:
        """Whether it was hopeless, and was not fitted on all rows."""
        return self.share < 1

    @property
    def refused(self) -> bool:
        """Whether there is no metric."""
        return not np.isfinite(self.metric)


def read(table: Path, search: str, count: int) -> dict[int, Trial]:
    """Read the finished ones of the first `count` trials of a search, by number; none if the table is another's.

    Raises:
        MainlineError: when the table is not as it was written.
    """
    if not table.is_file():
        return {}
    try:
        with table.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row.get("search") == search]
        found = [
            replace(
                Trial(int(row["trial"]), *(_float(row[name]) for name in _MEASURED)),
                share=_float(row.get("share", "1")),
            )
            for row in rows
        ]
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise MainlineError(f"{table} is damaged. Remove it, or restore it with `git checkout {table}`.") from error
    return {trial.number: trial for trial in sorted(found, key=lambda trial: trial.number) if trial.number < count}


def write(finished: Mapping[int, Trial], trials: Sequence[Planned], search: str, table: Path, with_share: bool) -> None:
    """Replace the table by one with all finished trials; a killed process leaves the old one whole."""
    several = len({one.candidate for one in trials}) > 1
    tried = dict.fromkeys(name for one in trials for name in one.tried)
    rows = [
        {
            "trial": number,
            **({"candidate": trials[number].candidate} if several else {}),
            **{f"params.{name}" if name in _OURS else name: trials[number].tried.get(name, "") for name in tried},
            **{name: getattr(trial, name) for name in (*_MEASURED, *(("share",) if with_share else ()))},
            "search": search,
        }
        for number, trial in sorted(finished.items())
    ]
    write_csv(named(interface.NAME, rows), table)


def _float(text: str) -> float:
    return float(text) if text else float("nan")
