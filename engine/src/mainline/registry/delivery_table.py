"""The figures of delivery by name and in words: one table for terminal and site; the guide defines each name."""

from collections.abc import Callable

from mainline.registry.delivery import Figures
from mainline.text import span

ROWS: dict[str, Callable[[Figures], str | None]] = {
    "deployments": lambda it: str(it.deployments),
    "of these reported as served": lambda it: str(it.served),
    "deployment frequency, a week": lambda it: None if it.per_week is None else f"{it.per_week:.2g}",
    "time between, median": lambda it: _span(it.seconds_between),
    "lead time for changes, median": lambda it: _span(it.lead_seconds),
    "change failure rate": lambda it: _share(it.change_failure_rate, it.failed, it.deployments),
    "recovery time, median": lambda it: _span(it.recovery_seconds),
    "rollback rate": lambda it: _share(it.rollback_rate, it.rollbacks, it.models),
    "rework rate": lambda it: _share(it.rework_rate, it.fixes, it.deployments),
}
"""How each figure is written, in the order of the table; None if it cannot be told."""


def _span(seconds: float | None) -> str | None:
    return None if seconds is None else span(seconds)


def _share(share: float | None, part: int, whole: int) -> str | None:
    return None if share is None else f"{share:.0%} ({part} of {whole})"
