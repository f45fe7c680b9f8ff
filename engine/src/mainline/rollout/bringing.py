"""How a follower brings the package that git wants: once, and after a failure again, later each time."""

import random
import time
from dataclasses import replace

from mainline.backoff import BackOff
from mainline.rollout.source import Found, Source

MOST_SECONDS = 300.0
"""The longest wait that back-off comes to."""


class Bringing:
    """Brings packages from a source, and remembers why the last one could not be had."""

    def __init__(self, source: Source) -> None:
        self.back_off = BackOff(MOST_SECONDS)
        self._moment = 0.0
        """When the package is to be brought at first, by `time.monotonic`."""
        self._source = source
        self._digest, self._problem = "", ""

    @property
    def wait(self) -> float:
        """Seconds until the package that is wanted is brought, if its moment was drawn; else without end."""
        left = self._moment - time.monotonic()
        return left if left > 0 else float("inf")

    @property
    def is_another_try(self) -> bool:
        """Whether the package could not be had, and it is time to try again."""
        return bool(self._problem) and time.monotonic() >= self.back_off.until

    def bring(self, found: Found, usual: float, spread: float = 0.0) -> Found:
        """Bring the wanted package, which must be named; if that failed a moment ago, say again why.

        Args:
            found: the last look at git.
            usual: seconds to wait after the first failure.
            spread: seconds within which another package is brought, at a moment that is drawn once, so that many
                servers do not fetch at once; until then nothing is wrong.
        """
        assert found.wanted is not None
        if found.wanted.digest != self._digest:
            self._digest, self._problem = found.wanted.digest, ""
            self.back_off.reset()
            self._moment = time.monotonic() + spread * random.random()  # noqa: S311 - no secret
        if time.monotonic() < self._moment:
            return found
        if time.monotonic() < self.back_off.until:
            return replace(found, problem=found.problem or self._problem)
        brought = self._source.bring(replace(found, problem=""))
        self._problem = brought.problem
        if brought.verified:
            self.back_off.reset()
        else:
            self.back_off.fail(usual, time.monotonic())
        return replace(brought, problem=found.problem or brought.problem)
