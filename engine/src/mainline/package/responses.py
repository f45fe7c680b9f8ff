"""What a prediction says: a number, or a class with the probability of each.

How far two predictions are apart is the difference of two numbers; of classes it is the total variation distance of the
probabilities, half the sum of their differences (Levin, Peres and Wilmer 2009, Markov Chains and Mixing Times, section
4.1). Of two classes that is the difference of the probability, so limits mean the same for two and for many.
"""

from collections.abc import Mapping, Sequence
from math import inf, nan
from typing import Any

from mainline.contract import Array, Field, Kind
from mainline.labels import PROBABILITY

Class = str | int
Prediction = Any
"""A number, or `{"class": CLASS, "probabilities": {CLASS: number, ...}}`, whose names are text as JSON wants it."""


class Response:
    """The answers of one package, as its manifest declares them."""

    def __init__(self, manifest: Mapping[str, Any]) -> None:
        self.field = Field(**manifest["response"])
        self.classes: tuple[Class, ...] = tuple(manifest["classes"]) if manifest["task"] == "multiclass" else ()
        """The classes in the order of their probabilities; none where a prediction is a number."""
        self.interval: dict[str, Any] | None = manifest.get("interval")
        """The level of the interval around a prediction, and what is added to it for its ends; None without one."""
        self._texts = [str(name) for name in self.classes]

    def predictions(self, found: Array) -> list[Prediction]:
        """Turn n predictions, of shape (n,) or by class (n, k), into plain values; of equals the first is the class."""
        if not self.classes:
            return found.tolist()
        chosen = found.argmax(axis=1).tolist()
        return [
            {"class": self.classes[code], "probabilities": dict(zip(self._texts, row, strict=True))}
            for code, row in zip(chosen, found.tolist(), strict=True)
        ]

    def members(self, prediction: Prediction) -> dict[str, Any]:
        """Return a prediction as the members of an object: the number under its name, or class and probabilities."""
        if self.classes:
            return dict(prediction)
        return dict(zip(self.columns, self.cells(prediction), strict=True))

    def cells(self, prediction: Prediction) -> list[Any]:
        """Return a prediction as the cells of a row, one for each of `columns`."""
        if self.classes:
            return [prediction["class"], *prediction["probabilities"].values()]
        return [prediction, *self._ends(prediction)]

    def _ends(self, prediction: float) -> list[float]:
        """Return the ends of the interval around a prediction, inside of what the response may be."""
        if self.interval is None:
            return []
        low, high = -inf if self.field.minimum is None else self.field.minimum, self.field.maximum
        high = inf if high is None else high
        return [min(max(prediction + added, low), high) for added in self.interval["ends"]]

    @property
    def columns(self) -> dict[str, Kind]:
        """The names of a table's columns for predictions, each with its kind."""
        ends = [] if self.interval is None else [f"{self.field.name}_low", f"{self.field.name}_high"]
        return {self.field.name: self.field.kind, **dict.fromkeys([*self.probabilities, *ends], "number")}

    @property
    def probabilities(self) -> list[str]:
        """The names of a table's columns for the probabilities of classes."""
        return [f"{PROBABILITY}{text}" for text in self._texts]


def distance(first: Sequence[Prediction], second: Sequence[Prediction]) -> float:
    """Return how far n predictions are from n others on average; NaN where these are numbers and those are classes."""
    kinds = {isinstance(prediction, dict) for prediction in (first[0], second[0])}
    if kinds == {False}:
        return float(sum(abs(one - other) for one, other in zip(first, second, strict=True)) / len(first))
    if len(kinds) > 1:
        return nan
    pairs = [_pairs(one, other) for one, other in zip(first, second, strict=True)]
    return sum(sum(abs(a - b) for a, b in pair) / 2 for pair in pairs) / len(pairs)


def differing(first: Sequence[Prediction], second: Sequence[Prediction], tolerance: float = 0.0) -> int:
    """Count the predictions of which a number is further than a tolerance from that of the other."""
    return sum(not _apart(one, other) <= tolerance for one, other in zip(first, second, strict=True))


def _apart(one: Prediction, other: Prediction) -> float:
    if isinstance(one, dict) and isinstance(other, dict):
        same = one["probabilities"].keys() == other["probabilities"].keys()
        return max(abs(a - b) for a, b in _pairs(one, other)) if same else inf
    return inf if isinstance(one, dict) or isinstance(other, dict) else abs(one - other)


def _pairs(one: Prediction, other: Prediction) -> list[tuple[float, float]]:
    """Return both probabilities of each class; a class that one of the two does not know has none."""
    first, second = one["probabilities"], other["probabilities"]
    return [(first.get(name, 0.0), second.get(name, 0.0)) for name in {**first, **second}]
