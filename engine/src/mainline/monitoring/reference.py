"""What a version's rows are held to: the limits that its package carries, or else its profile of the training rows.

A package of before, or one of data without time, carries none. Its profile says what was missing in training, and
which values a text had if there were few.
"""

from collections import Counter
from dataclasses import dataclass

from mainline.limits.earned import Earned
from mainline.limits.sketches import Sketch
from mainline.monitoring.packages import Packaged


@dataclass(frozen=True)
class Reference:
    """A package, and what its window earned; None if it carries nothing of this."""

    package: Packaged
    earned: Earned | None

    def missing(self, name: str) -> float:
        """Return the largest share of rows without a value on any day, or that of training; of a number or a text."""
        if self.earned is not None:
            return self.earned.columns[name].missing
        return float(self.package.profile[name]["missing"])

    def values(self, name: str) -> frozenset[str] | None:
        """Return the values of a text that the model may have seen; None if nobody can say."""
        if self.earned is not None:
            counted = self.earned.whole.texts[name]
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
        """Return the largest share of rows on any day whose number is not whole; None if nobody can say."""
        return self.earned.columns[name].fractional if self.earned and name in self.earned.columns else None

    def varies(self, name: str) -> bool:
        """Say whether a number took several values on every day; a weekday, or rain, does not."""
        return self.earned is not None and name in self.earned.columns and self.earned.columns[name].varies


def load(package: Packaged) -> Reference:
    """Return the reference of a package."""
    return Reference(package, package.earned)
