"""What a model has seen of each feature: the limits that its package carries, or else its profile of the training rows.

A package of before, or one of data without time, carries none. Its profile says what was missing in training, between
which numbers a feature lay, and which values a text had if there were few.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mainline.limits import document as limits
from mainline.limits.document import Earned
from mainline.limits.sketches import Bins, Sketch, edges

PROFILE = "profile.json"


@dataclass(frozen=True)
class Seen:
    """The profile of the training rows by column (`data.profile`), and what the window earned, if anything."""

    profile: Mapping[str, Any]
    earned: Earned | None

    def missing(self, name: str) -> float | None:
        """Return the largest share of rows without a value on any day, or that of training; of a number or a text."""
        if self.earned is not None:
            return self.earned.columns[name].missing if name in self.earned.columns else None
        return float(self.profile[name]["missing"]) if name in self.profile else None

    def values(self, name: str) -> frozenset[str] | None:
        """Return the values of a text that the model may have seen; None if nobody can say."""
        if self.earned is not None:
            counted = self.earned.whole.texts.get(name)
            return None if counted is None or counted.others else frozenset(counted.counts)
        profile = self.profile[name]
        return frozenset(profile["shares"]) if profile["distinct"] <= len(profile["shares"]) else None

    def unseen(self, sketch: Sketch, name: str) -> tuple[float, list[str]] | None:
        """Return the share of rows of a sketch whose text was never seen, and the texts, frequent ones first."""
        known = self.values(name)
        if known is None:
            return None
        counted = sketch.texts[name]
        strange = Counter({value: rows for value, rows in counted.counts.items() if value not in known})
        return (strange.total() + counted.others) / sketch.rows, [value for value, _ in strange.most_common()]

    def ends(self, name: str) -> tuple[float, float] | None:
        """Return the smallest and the largest number that a feature had; None if it had none."""
        if self.earned is not None:
            found = self.earned.whole.numbers.get(name)
            return None if found is None or found.low is None or found.high is None else (found.low, found.high)
        deciles = self.profile[name].get("deciles")
        return (deciles[0], deciles[-1]) if deciles else None

    def fractional(self, name: str) -> float | None:
        """Return the largest share of rows on any day whose number is not whole; None if nobody can say."""
        return self.earned.columns[name].fractional if self.earned and name in self.earned.columns else None

    def outside(self, name: str) -> float | None:
        """Return the largest share of rows on any day that were out of the range; None if nobody can say."""
        return self.earned.columns[name].outside if self.earned and name in self.earned.columns else None

    def varies(self, name: str) -> bool:
        """Say whether a number took several values on every day; a weekday, or rain, does not."""
        return self.earned is not None and name in self.earned.columns and self.earned.columns[name].varies


def profile(contents: Mapping[str, bytes]) -> Mapping[str, Any]:
    """Return what the training rows looked like, by column, from the files of a package."""
    return dict(json.loads(contents[PROFILE])["columns"])


def bins(manifest: Mapping[str, Any], profile: Mapping[str, Any]) -> Bins:
    """Return how rows of a package are counted: numbers by deciles of training; no personal feature, no prediction."""
    model, personal = manifest["model"], manifest.get("personal", {})
    known = [name for name in model["numeric"] if name in profile and name not in personal]
    numbers = {name: edges(profile[name].get("deciles", ())) for name in known}
    return Bins(numbers, tuple(name for name in model["categorical"] if name not in personal), ())


def earned(contents: Mapping[str, bytes]) -> Earned | None:
    """Return what playing the window back allows; None of data without time, and of packages of before."""
    return Earned.model_validate_json(contents[limits.NAME]) if limits.NAME in contents else None
