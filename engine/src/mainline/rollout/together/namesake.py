"""Another process that writes the report of this server: two servers of one environment were given one name."""

import secrets
from collections.abc import Callable

from mainline.rollout.together.notices import Report


class Namesake:
    """Notices what this process did not write itself."""

    def __init__(self, steady: Callable[[], float]) -> None:
        self.own = secrets.token_hex(8)
        """Tells the reports of this process from those of another."""
        self._steady = steady
        self._earlier: str | None = None
        """The report of this name that hung there before this process wrote one: that of the process before it."""
        self._seen, self._until = "", float("-inf")

    def heed(self, found: tuple[str, Report] | None, silent: float) -> bool:
        """Take in the id and the report of this name; say whether another process wrote one lately.

        It is over once no other one came for `silent` seconds, within which a server that goes on writes.
        """
        made, report = found or ("", None)
        if self._earlier is None:
            self._earlier = made
        if report and report.process != self.own and made not in (self._earlier, self._seen):
            self._seen, self._until = made, self._steady() + silent
        return self._steady() < self._until
