"""Months as `YYYY-MM`: the partitions of all data, and the split by time."""

from dataclasses import dataclass


def count(month: str) -> int:
    """Number a month so that neighbours differ by one."""
    year, number = month.split("-")
    return int(year) * 12 + int(number) - 1


def name(number: int) -> str:
    """Name the month of a number; inverse of `count`."""
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


def between(first: str, last: str) -> tuple[str, ...]:
    """List the months from first through last."""
    return tuple(name(number) for number in range(count(first), count(last) + 1))


def before(month: str) -> str:
    """Name the month before."""
    return name(count(month) - 1)


@dataclass(frozen=True)
class Split:
    """Months by purpose, in the order of time: fit on train, choose by validation, judge on test."""

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]


def split(months: tuple[str, ...], validation: int, test: int) -> Split:
    """Cut a window so that validation and test come after everything the model is fitted on."""
    fitted = len(months) - validation - test
    return Split(months[:fitted], months[fitted : fitted + validation], months[fitted + validation :])
