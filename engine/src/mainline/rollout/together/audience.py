"""When the leader heard each server last, by its own clock."""

from collections.abc import Callable, Mapping

from mainline.rollout.together.notices import Report


class Audience:
    """Tells servers that go on from those that fell silent."""

    def __init__(self, steady: Callable[[], float]) -> None:
        self._steady = steady
        self._heard: dict[str, tuple[str, float]] = {}

    def hear(
        self, reports: Mapping[str, tuple[str, Report]], silent: float
    ) -> tuple[dict[str, Report], frozenset[str]]:
        """Return the reports, and the names of those that said nothing for so many seconds."""
        now = self._steady()
        for name, (made, _) in reports.items():
            if name not in self._heard or self._heard[name][0] != made:
                self._heard[name] = made, now
        self._heard = {name: heard for name, heard in self._heard.items() if name in reports}
        return {name: report for name, (_, report) in reports.items()}, frozenset(self.gone(silent))

    def gone(self, seconds: float) -> list[str]:
        """Name those that said nothing for so many seconds."""
        now = self._steady()
        return sorted(name for name, (_, when) in self._heard.items() if now - when > seconds)
