"""Sums of outcomes without rounding, so that neither an absurd value nor the order of values costs a digit.

A value is a whole number of 2^-200: one of 1e-45 still has all of its digits.
"""

from collections.abc import Iterable
from typing import NamedTuple

from mainline.exchange.outcomes import Tally

_PLACES = 200
NOTHING = (0, 0)
"""The outcomes of a unit before its first one: their number and their sum."""


class Sums(NamedTuple):
    """The outcomes of one version, as `Tally` has them, each a whole number."""

    units: int = 0
    number: int = 0
    sum: int = 0
    squares: int = 0
    products: int = 0
    counts: int = 0

    def add(self, value: int, before: tuple[int, int] = NOTHING) -> "Sums":
        """Return the sums with one more outcome of a unit that had so many, and such a sum, before."""
        number, total = before
        after, sums = number + 1, total + value
        return Sums(
            self.units + (number == 0),
            self.number + 1,
            self.sum + value,
            self.squares + sums * sums - total * total,
            self.products + sums * after - total * number,
            self.counts + after * after - number * number,
        )

    @property
    def mean(self) -> int:
        """The mean of the outcomes; 0 without any."""
        return self.sum // max(self.number, 1)

    @property
    def spread(self) -> int:
        """By how much units stray from the mean, squared, for each outcome."""
        return self._squares(self.mean) // max(self.number, 1)

    def tally(self, origin: float) -> Tally:
        """Return the sums of values less the origin, each rounded once."""
        less = fixed(origin)
        return {
            "units": self.units,
            "number": self.number,
            "sum": _float(self.sum - less * self.number),
            "squares": self._squares(less) / (1 << 2 * _PLACES),
            "products": _float(self.products - less * self.counts),
            "counts": self.counts,
        }

    def _squares(self, less: int) -> int:
        return self.squares - 2 * less * self.products + less * less * self.counts


def fixed(value: float) -> int:
    """Return a finite number as a whole one."""
    numerator, denominator = float(value).as_integer_ratio()
    return (numerator << _PLACES) // denominator


def origin(several: Iterable[Sums]) -> float:
    """Return the mean of the version that strays least; less it, sums lose the fewest digits. 0 without outcomes."""
    counted = [sums for sums in several if sums.number]
    return _float(min(counted, key=lambda sums: sums.spread).mean) if counted else 0.0


def _float(value: int) -> float:
    return value / (1 << _PLACES)
