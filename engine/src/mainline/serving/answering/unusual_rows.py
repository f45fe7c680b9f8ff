"""Which rows are outside of what a model has seen, by the same facts that `monitor` holds a day's rows to.

A model answers such rows all the same, since it answers anything; here it is said which feature, and why:

- `unseen`: a text that no row of the model's window had.
- `below`, `above`: a number beyond the smallest or the largest one, and beyond the slack.
- `missing`: no value, where no row was without one.
- `not_whole`: a number that is not whole, where all numbers were.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from mainline.contract import Array
from mainline.limits.experience import Seen
from mainline.model.runtime import Inputs

Reason = Literal["below", "above", "missing", "not_whole", "unseen"]
REASONS: tuple[Reason, ...] = get_args(Reason)


class Mark(NamedTuple):
    """What is unusual of a row."""

    feature: str
    reason: Reason


class Unusual:
    """Finds the marks of rows; built once per model, in the order in which the model reads its features."""

    def __init__(self, seen: Seen, model: Mapping[str, Any], slack: float) -> None:
        """Take the features of a manifest's `model`; `slack` is a share of the distance from smallest to largest."""
        self.slack = slack
        numbers: Sequence[str] = model["numeric"]
        texts: Sequence[str] = model["categorical"]
        ends = [_widened(seen.ends(name), slack) for name in numbers]
        # As the model reads numbers: rounded, the largest one of training is still not above itself.
        self._low, self._high = np.array(ends, np.float32).reshape(-1, 2).T[:, :, np.newaxis]
        self._filled = np.array([[seen.missing(name) == 0] for name in numbers], bool)
        self._whole = np.array([[seen.fractional(name) == 0] for name in numbers], bool)
        known = [(place, seen.values(name)) for place, name in enumerate(texts)]
        self._known = [(place, values | {""}) for place, values in known if values is not None]
        self._written = [place for place, name in enumerate(texts) if seen.missing(name) == 0]
        self.marks = [
            *(Mark(name, reason) for reason in REASONS[:4] for name in numbers),
            *(Mark(texts[place], "unseen") for place, _ in self._known),
            *(Mark(texts[place], "missing") for place in self._written),
        ]
        self._texts = [f"{mark.feature}: {mark.reason}" for mark in self.marks]

    def find(self, inputs: Inputs) -> Array | None:
        """Return which mark each of n rows has, bool of shape (m, n); None if no row has any."""
        parts = []
        if len(self._low):
            numbers = inputs.numeric.T
            absent, broken = np.isnan(numbers) & self._filled, (numbers > np.floor(numbers)) & self._whole
            parts += [numbers < self._low, numbers > self._high, absent, broken]
        parts += [
            np.array([[value not in known for value in inputs.categorical[:, place]]]) for place, known in self._known
        ]
        parts += [np.array([[value == "" for value in inputs.categorical[:, place]]]) for place in self._written]
        found = np.concatenate(parts) if parts else np.zeros((0, 0), bool)
        return found if found.any() else None

    def count(self, found: Array) -> dict[tuple[str, str], int]:
        """Return in how many rows each mark was found."""
        return {mark: rows for mark, rows in zip(self.marks, found.sum(axis=1).tolist(), strict=True) if rows}

    def grouped(self, found: Array | None, start: int, stop: int) -> list[dict[str, Any]]:
        """Return the marks of rows `start` to `stop`, which are counted from 0 on, each with its rows."""
        if found is None:
            return []
        part = found[:, start:stop]
        return [
            {"rows": np.flatnonzero(part[place]).tolist(), **self.marks[place]._asdict()}
            for place in np.flatnonzero(part.any(axis=1)).tolist()
        ]

    def by_row(self, found: Array | None, start: int, stop: int) -> list[list[str]]:
        """Return the marks of rows `start` to `stop` as texts, a list per row."""
        listed: list[list[str]] = [[] for _ in range(start, stop)]
        if found is not None:
            for row, place in np.argwhere(found[:, start:stop].T).tolist():
                listed[row].append(self._texts[place])
        return listed


def _widened(ends: tuple[float, float] | None, slack: float) -> tuple[float, float]:
    """Return the ends with the slack; if there are none, any number is between."""
    if ends is None:
        return -np.inf, np.inf
    more = slack * (ends[1] - ends[0])
    return ends[0] - more, ends[1] + more
