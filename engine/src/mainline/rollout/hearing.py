"""What the server of this machine said last, for as long as it says something."""

from mainline.exchange import server_report
from mainline.exchange.place import Place
from mainline.rollout.clock import Clock
from mainline.rollout.records import Live
from mainline.serving.watching import Signature, signature

STALE_SECONDS = 5.0
"""A server that has said nothing for so long is not there."""


class Hearing:
    """Listens to the server of a folder."""

    def __init__(self, place: Place, clock: Clock) -> None:
        self._place, self._clock = place, clock
        self._heard: tuple[Signature, float] | None = None
        """The server's last word, and when it came."""

    def listen(self) -> Live | None:
        """Return what the server said last; None if it has said nothing for a while."""
        seen, now = signature(self._place.served), self._clock.steady()
        if seen is None:
            return None
        if self._heard is None:  # from before the follower's start: only the clock on the wall knows how long ago
            self._heard = seen, now - abs(self._clock.wall() - seen[1] / 1e9)
        elif self._heard[0] != seen:
            self._heard = seen, now
        if now - self._heard[1] > STALE_SECONDS:
            return None
        try:
            found = server_report.parse(self._place.served.read_bytes())
        except OSError:
            return None
        return Live(found["process"], found["revision"], found["versions"]) if found else None
