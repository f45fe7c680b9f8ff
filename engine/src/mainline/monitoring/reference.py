"""What a version's rows are held to: the rows that its package was made from, day by day, or else its profile.

The prepared periods belong to a package if the lock here names the hash that the package was made from. Without them
the package's own profile says what was missing in training, and which values a text had if there were few.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mainline.contract import Array
from mainline.data import prepared
from mainline.data.columns import DAY
from mainline.limits import sketches
from mainline.limits.sketches import Numbers, Sketch, Texts
from mainline.monitoring.packages import PREDICTION, Packaged
from mainline.repository import lock

_LEAST = 0.25
"""A day with a smaller share of the median day's rows, as at the ends of a window, is no day to compare with."""


@dataclass(frozen=True)
class Reference:
    """A package, and the sketches of the days that it was made from, in order; none if its periods are not here."""

    package: Packaged
    days: tuple[Sketch, ...]

    @cached_property
    def whole(self) -> Sketch:
        """The sketch of all days."""
        return sketches.add(self.days)

    def missing(self, name: str) -> float:
        """Return the largest share of rows without a value on any day, or that of training; of a number or a text."""
        if self.days:
            return max(_column(day, name).missing / day.rows for day in self.days)
        return float(self.package.profile[name]["missing"])

    def values(self, name: str) -> frozenset[str] | None:
        """Return the values of a text that the model may have seen; None if nobody can say."""
        if self.days:
            counted = self.whole.texts[name]
            return None if counted.others else frozenset(counted.counts)
        profile = self.package.profile[name]
        return frozenset(profile["shares"]) if profile["distinct"] <= len(profile["shares"]) else None

    def unseen(self, sketch: Sketch, name: str) -> tuple[float, list[str]] | None:
        """Return the share of rows of a sketch whose text was never seen, and the texts, frequent ones first."""
        known = self.values(name)
        if known is None:
            return None
        counted = sketch.texts[name]
        strange = Counter({value: rows for value, rows in counted.counts.items() if value not in known})
        return (strange.total() + counted.others) / sketch.rows, [value for value, _ in strange.most_common()]

    def fractional(self, name: str) -> float | None:
        """Return the largest share of rows on any day whose number is not whole; None without days."""
        return max((day.numbers[name].fractional / day.rows for day in self.days), default=None)

    def varies(self, name: str) -> bool:
        """Say whether a number took several values on every day; a weekday, or rain, does not."""
        columns = [day.numbers[name] for day in self.days if name in day.numbers]
        return bool(columns) and all(column.low != column.high for column in columns if sum(column.counts))


def load(package: Packaged, root: Path = Path()) -> Reference:
    """Return the reference of a package; with its days if a checkout has the periods that it was made from."""
    if not _belongs(package, root):
        return Reference(package, ())
    request = [field.name for field in package.request]
    features = [*package.numbers, *package.texts]
    found: list[tuple[int, Sketch]] = []
    for period in _periods(package):
        rows = prepared.read(root / prepared.FOLDER, [period], request, features)
        found += _by_day(package, rows.features, package.predictor.features.prediction_time(rows.request) // DAY)
    days = [sketch for _, sketch in sorted(_joined(found), key=lambda pair: pair[0])]
    usual = float(np.median([day.rows for day in days]))
    return Reference(package, tuple(day for day in days if day.rows >= usual * _LEAST))


def tested(package: Packaged) -> tuple[Sketch, ...]:
    """Return sketches of the predictions of the test, by day; none for data without time."""
    if "prediction_time" not in package.tested:
        return ()
    day = package.tested["prediction_time"] // DAY
    return tuple(
        sketch(package, {PREDICTION: package.tested["predicted"][day == one]}, (PREDICTION,), ())
        for one in np.unique(day)
    )


def _belongs(package: Packaged, root: Path) -> bool:
    folder, locked = prepared.FOLDER.as_posix(), root / lock.LOCK
    made_from = package.manifest["made_from"].get(folder)
    if made_from is None or not locked.is_file() or not hasattr(package.predictor.features, "prediction_time"):
        return False
    entries = lock.entries(locked.read_text("utf-8")).values()
    outputs = {made["path"]: f"{made['hash']}:{made['md5']}" for entry in entries for made in entry.get("outs") or []}
    files = [root / folder / f"{name}.parquet" for name in _periods(package)]
    return outputs.get(folder) == made_from and all(file.is_file() for file in files)


def _periods(package: Packaged) -> list[str]:
    """Name the prepared files that a package was made from."""
    return [name for part in ("train", "validation", "test") for name in package.manifest["window"][part]]


def _by_day(package: Packaged, features: Any, day: Array) -> Iterator[tuple[int, Sketch]]:
    order = np.argsort(day, kind="stable")
    days, starts = np.unique(day[order], return_index=True)
    for one, rows in zip(days.tolist(), np.split(order, starts[1:]), strict=True):
        part = {name: values[rows] for name, values in features.items()}
        yield one, sketch(package, part, package.numbers, package.texts)


def _joined(found: Sequence[tuple[int, Sketch]]) -> Iterator[tuple[int, Sketch]]:
    """Add up sketches of one day: two periods may share it, where their rows are a night apart."""
    for day in {day for day, _ in found}:
        yield day, sketches.add([sketch for other, sketch in found if other == day])


def sketch(package: Packaged, columns: Any, numbers: Sequence[str], texts: Sequence[str]) -> Sketch:
    """Sketch columns of n rows of a package: the named numbers as far as it has bins for them, and texts."""
    counted = {
        name: sketches.count_numbers(columns[name].astype(np.float64), package.edges[name])
        for name in numbers if name in package.edges
    }  # fmt: skip
    rows = len(next(iter(columns.values())))
    return Sketch(
        digest=package.digest, rows=rows, requests=rows, numbers=counted,
        texts={name: _texts(columns[name]) for name in texts},
    )  # fmt: skip


def _texts(values: Array) -> Texts:
    counted = Counter(values.tolist())
    missing = counted.pop("", 0)
    return sketches.count_texts(counted, missing)


def _column(sketch: Sketch, name: str) -> Numbers | Texts:
    return sketch.numbers[name] if name in sketch.numbers else sketch.texts[name]
