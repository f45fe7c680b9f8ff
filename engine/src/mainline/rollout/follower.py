"""The process that follows git: one thread looks and fetches, the other drives the rollout and never waits for it."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from mainline import backoff, tether
from mainline.backoff import BackOff
from mainline.declared.rollout import Follow
from mainline.errors import MainlineError
from mainline.exchange import status
from mainline.exchange.place import Place
from mainline.package.soundness import is_sound
from mainline.registry import addresses
from mainline.rollout import machine, prospect, reports
from mainline.rollout.bringing import MOST_SECONDS, Bringing
from mainline.rollout.driver import Driver
from mainline.rollout.records import Ref, State
from mainline.rollout.source import Found, Source
from mainline.rollout.together.membership import Membership
from mainline.rollout.together.reasons import NotAllowedError
from mainline.rounds import Rounds
from mainline.serving import logs
from mainline.serving.watching import signature
from mainline.text import utc

OVERDUE = 60.0
"""Seconds after which a look that is still under way is a problem."""


@dataclass
class Follower:
    """Follows one environment until told to stop."""

    source: Source
    place: Place
    follow: Follow = field(default_factory=Follow)
    """How often, until the policy on main says it."""
    found: Found = field(default_factory=lambda: Found(0.0, problem="git was not looked at yet"))
    alone: Callable[[], bool] = lambda: True
    """Whether its lock still keeps other followers out."""

    def __post_init__(self) -> None:
        self.driver = Driver(self.place, self.source.environment)
        self._rounds = Rounds(self._look_safely, self._drive)
        self._bringing, self._fetching = Bringing(self.source), Bringing(self.source)
        self._telling = BackOff(MOST_SECONDS)
        self.membership = Membership(self.driver, self)
        self._refused: NotAllowedError | None = None
        self._failures, self._told_problem, self._unwritten = 0, "", ""
        self._began: tuple[float, float] | None = None
        """When the look that is under way began: by the clock on the wall, and by one that nobody sets."""
        self._looked, self._said_overdue, self._unlocked = 0.0, "", False
        self._touched = signature(self.place.look)

    def run(self) -> None:
        """Follow until SIGTERM or SIGINT; SIGHUP makes it look at once."""
        self._rounds.run(begin=self._recall)
        if self._refused:
            self._drive()  # the status has the reason
            raise self._refused

    def _recall(self) -> None:
        """Begin with what is known of the last look."""
        self.found = self.source.recall()
        self._heed(self.found)

    def _drive(self) -> None:
        """Drive the rollout once; where nothing can be written, such as on a full disk, it is tried again."""
        try:
            self.tick()
            self._unwritten = ""
        except OSError as error:
            if str(error) != self._unwritten:
                logs.warn("the rollout waits; what serves stays", error=str(error))
            self._unwritten = str(error)

    def tick(self) -> None:
        """Drive the rollout once."""
        self._check_alone()
        touched = signature(self.place.look)
        if touched != self._touched:
            self._touched = touched
            self._rounds.woken.set()
        overdue = self._overdue()
        if overdue != self._said_overdue:
            self._said_overdue = overdue
            if overdue:
                logs.warn("looking at git lasts long; what serves stays", reason=overdue)
        if self.membership.hear():
            self._rounds.woken.set()
        self.driver.together = self.membership.shown()
        self.driver.tick(self.found, self._describe(overdue), self.membership.is_alone)

    def _check_alone(self) -> None:
        """Say once that the lock's file was removed, as with the whole folder; this one works on without it."""
        if not self._unlocked and not self.alone():
            self._unlocked = True
            logs.warn(
                "the lock was removed, so another follower may start here; restart this one", folder=self.place.folder
            )

    def look(self) -> None:
        """Look at git once, bring what it names, and tell others what happened."""
        self._began = time.time(), time.monotonic()
        try:
            if self.membership.is_alone or not self.source.enter():
                self.look_whole()
                if self.membership.is_alone:
                    self.tell(self.driver.state)
            self._failures += not self.membership.turn(self.follow.interval)
        finally:
            self._began = None

    def look_whole(self, begins: bool = True) -> bool:
        """Look at git, bring what it assigns (and what to begin with); say whether main wants one rollout for all."""
        found = prospect.unmoved(self.source.look(), self.driver.state)
        if not found.away:
            self._looked = time.time()
        self._failures = self._failures + 1 if found.away else 0
        self._heed(found)
        is_new = self.driver.state.stable is None or machine.is_another(self.driver.state, found.model)
        if is_new and begins and self.membership.decides:
            found = prospect.begin(found, self.driver.state, self.source, self._bringing, self.follow.interval)
        if found.wanted and not found.verified and not found.beginning:
            found = self._bringing.bring(found, self.follow.interval, found.places.spread)
        self.found = found
        self._repair()
        return not self.membership.is_alone

    def go_on(self) -> None:
        """Bring what the last look found; git is looked at again only for another try after a failure."""
        if self._bringing.is_another_try:
            self.look_whole(begins=False)
        else:
            self.found = self._bringing.bring(self.found, self.follow.interval, self.found.places.spread)

    def _heed(self, found: Found) -> None:
        """Follow as main declares: how often, and alone or together with other servers."""
        if found.policy:
            self.follow = found.policy.declared.follow
        self.membership.heed(found)

    def bring(self, ref: Ref) -> str:
        """Bring the package of a version that was decided on; return '' or why not."""
        asked = replace(self.found, wanted=ref, verified=False, problem="")
        return self._fetching.bring(asked, self.follow.interval).problem

    def _repair(self) -> None:
        """Bring the stable version's package again where it was damaged on this machine."""
        stable: Ref | None = self.driver.state.stable
        if stable and not is_sound(self.place.package(stable.digest), stable.digest):
            repaired = self.source.bring(
                Found(time.time(), wanted=stable, signed=self.found.signed, evidence=self.found.evidence)
            )
            if not repaired.verified:
                said = f"the package of {stable.version} is damaged here: {repaired.problem}"
                self.found = replace(self.found, problem=said)

    def tell(self, told: State) -> None:
        """Tell others what happened, if this machine may."""
        outbox = told.outbox
        if not outbox or time.monotonic() < self._telling.until or not self.source.enter():
            return  # without a clone git would turn to a repository around it
        try:
            self.driver.delivered |= reports.deliver(outbox, self.source.environment)
            self._telling.reset()
            self._told_problem = ""
        except MainlineError as error:
            self._telling.fail(self.follow.interval, time.monotonic())
            self._told_problem = f"events wait: {error}"

    def _look_safely(self) -> float:
        """Look once, whatever comes of it; return the seconds until the next look."""
        try:
            self.look()
        except NotAllowedError as error:
            self._refused = error
            self._rounds.stopped.set()
        except Exception as error:  # whatever it is, stable serves on and it is tried again
            self._failures += 1
            logs.warn("looking at git failed", error=repr(error))
            self.found = replace(self.found, problem=f"looking at git failed: {' '.join(repr(error).split())[:300]}")
        return self._pause()

    def _pause(self) -> float:
        """Return the seconds until the next look."""
        usual = backoff.wait(self._failures, self.follow.interval, 8 * self.follow.interval)
        spread = self.follow.jitter * (2 * random.random() - 1)  # noqa: S311 - no secret
        return max(min(usual * (1 + spread), self._bringing.wait), 0.05)

    def _overdue(self) -> str:
        """Say since when a look waits for an answer; '' where that is not long."""
        began = self._began
        if began is None or time.monotonic() - began[1] < OVERDUE:
            return ""
        return f"git or storage has not answered since {utc(began[0])}; the look is ended at its limit, and tried again"

    def _describe(self, overdue: str) -> status.Source:
        return {
            "url": addresses.without_password(self.source.url),
            "commit": self.found.commit,
            "looked": self._looked,
            "wanted": self.found.wanted.version if self.found.wanted else None,
            "problem": overdue or self.membership.problem or self.found.said,
            "unreleased": self.found.unreleased,
            "events": self._told_problem,
            "interval": self.follow.interval,
        }


def run(url: str, environment: str, folder: Path, attached: bool) -> None:
    """Follow a repository; `attached` ends with whoever holds the other end of standard input.

    Raises:
        MainlineError: when another follower works in the folder, or what it kept cannot be used.
    """
    logs.set_up()
    place = Place(folder.absolute())
    with place.owned() as alone:
        place.sweep()
        follower = Follower(Source(_absolute(url), environment, place), place, alone=alone)
        if attached:
            tether.watch()
        follower.run()


def _absolute(url: str) -> str:
    """Return the path of a repository on this machine as it is from anywhere."""
    return str(Path(url).absolute()) if Path(url).is_dir() else url
