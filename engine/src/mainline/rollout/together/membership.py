"""Whether this server rolls out alone or together with the others, as main declares at the moment."""

from mainline.declared.together import Together
from mainline.exchange import status
from mainline.repository.git import GitError
from mainline.rollout.driver import Driver
from mainline.rollout.source import Found
from mainline.rollout.together import reasons
from mainline.rollout.together.board import RefusedError
from mainline.rollout.together.circle import Circle
from mainline.rollout.together.following import Following, Pace
from mainline.serving.logs import warn


class Membership:
    """This server alone, or in a circle of servers."""

    def __init__(self, driver: Driver, following: Following) -> None:
        self._driver, self._following = driver, following
        self._circle: Circle | None = None
        self._silent, self._woken = Together().silent, 0
        self._answered = True
        """Whether git did at the last turn."""
        self.problem = ""
        """Why nobody decides at the moment, as far as this server knows."""

    @property
    def is_alone(self) -> bool:
        """Whether this server decides for itself."""
        return self._circle is None

    @property
    def decides(self) -> bool:
        """Whether this server decides: for itself, or for all."""
        return self._circle is None or self._circle.lease.leads

    def heed(self, found: Found) -> None:
        """Follow as main declares; as before if that cannot be read."""
        if found.policy is None:
            together = not self.is_alone or self._driver.place.together.exists()
        else:
            declared = found.policy.declared.together
            together, self._silent = declared is not None, declared.silent if declared else self._silent
        if together and self._circle is None:
            self._circle = Circle(self._driver, self._following)
        elif self._circle is not None and not together:
            self._circle.leave()
            self._circle = None
            self._driver.place.together.unlink(missing_ok=True)

    def turn(self, interval: float) -> bool:
        """Do this server's part in the rollout of all, if there is one; say whether git answered.

        Raises:
            NotAllowedError: when this server may not write, at the first try.
        """
        if self._circle is None:
            self.problem = ""
            return True
        answered = self._answered
        try:
            problem = self._circle.turn(Pace(interval, self._silent))
            self._answered = True
        except reasons.NotAllowedError as error:
            self.problem = str(error)
            raise
        except RefusedError as error:
            problem, self._answered = reasons.refused(error), False
        except GitError as error:
            problem = f"git is away, so nobody decides, and what serves stays: {error}"
            self._answered = False
        is_said = not self._answered and not answered  # git may word it another way at each try
        if problem and problem != self.problem and not is_said:
            warn("this server cannot decide", environment=self._driver.environment, reason=problem)
        self.problem = problem
        return self._answered

    def hear(self) -> bool:
        """Take in what the server here says; say whether the leader waits for it: the server took other routes."""
        if self._circle is None:
            return False
        self._circle.hear()
        said = self._circle.tally.said().revision
        before, self._woken = self._woken, said
        return said != before and self._circle.is_behind()

    def shown(self) -> status.Together | None:
        """Say for people who decides, and what each server does; None if this one is alone."""
        return self._circle.shown() if self._circle else None
