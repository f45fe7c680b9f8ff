"""Drives the rollout: sees, decides, writes down, acts. Nothing here waits for a network."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mainline.exchange import outcomes, routes
from mainline.exchange import status as documents
from mainline.exchange.outcomes import Outcomes
from mainline.exchange.place import Place
from mainline.exchange.routes import Mirror, Route, Routes, Sticky
from mainline.exchange.status import Source
from mainline.package.soundness import is_sound
from mainline.rollout import analysis, machine, outcome, state, status
from mainline.rollout.analysis import Judgement
from mainline.rollout.clock import Clock
from mainline.rollout.golden import compare_golden
from mainline.rollout.hearing import Hearing
from mainline.rollout.measurement import due, wants_golden
from mainline.rollout.outbox import delivered
from mainline.rollout.records import Finding, Live, Measurement, Progress, Ref, Seen, State
from mainline.rollout.source import Found
from mainline.serving.logs import say, warn
from mainline.serving.watching import Signature, signature


@dataclass
class Driver:
    """The rollout of one environment on this machine."""

    place: Place
    environment: str
    clock: Clock = field(default_factory=Clock)
    judgement: Judgement | None = None
    delivered: frozenset[int] = frozenset()
    """Events that others were told since the last tick."""
    decided: State | None = None
    """What the servers of the environment decided together since the last tick."""
    together: documents.Together | None = None
    """Who decides for all servers, for people."""
    _behind: bool = False
    """Whether the server was not yet asked for what the state says, since a file could not be written."""
    _golden: tuple[str, Measurement] | None = None
    _wanted: Ref | None = None
    _told: dict[str, Any] = field(default_factory=dict)
    _outcome: documents.Outcome | None = None
    """What people are shown of the last experiment."""
    _counted: tuple[Signature, Outcomes | None] = (None, None)

    def __post_init__(self) -> None:
        self.hearing = Hearing(self.place, self.clock)
        self.state = state.usable(state.read(self.place))
        self._outcome = status.last_outcome(self.place)
        self._resume()
        self._act()

    def tick(self, found: Found, source: Source, alone: bool = True) -> None:
        """Bring the rollout up to date with what is seen.

        Args:
            found: the last look at git.
            source: what the status says of git.
            alone: whether this server decides for itself; otherwise what was decided together is taken.
        """
        self._wanted = found.wanted
        if alone:
            self._keep_time()
        self._keep_files()
        if self._behind:
            self._act()
        if alone:
            self._take_delivered()
        self._take_decided()
        live = self.hearing.listen()
        while alone and (after := machine.advance(self.state, self._see(self.state, found, live))) is not None:
            self._do(after)
        self._show(found, live, source)

    def propose(self, before: State, found: Found, live: Live | None, unfit: str) -> State:
        """Return what a state comes to by what is seen; nothing is written or done.

        Args:
            before: the state that all servers have.
            found: the last look at git.
            live: what all servers said together; None if none of them serves.
            unfit: why servers cannot go on with the candidate; '' if they can.
        """
        proposed = machine.shift(before, self.clock.jump())
        while (after := machine.advance(proposed, self._see(proposed, found, live, unfit))) is not None:
            proposed = after
        return proposed

    def _take_delivered(self) -> None:
        if self.delivered:
            self._take(delivered(self.state, self.delivered))
            self.delivered = frozenset()

    def _take_decided(self) -> None:
        decided, self.decided = self.decided, None
        if decided is not None and decided != self.state:
            self._do(decided)

    def _do(self, after: State) -> None:
        """Write a state down, and act on it."""
        self._take(after)
        self._behind = True
        self._act()

    def _resume(self) -> None:
        """Go on where the follower ended: time in which it did not look does not count, whatever the clock says."""
        progress = self.state.progress
        if progress is None:
            return
        known = max(progress.entered, progress.live or 0.0, progress.last, status.heard(self.place.status))
        self._take(machine.shift(self.state, self.clock.now() - known))

    def _keep_time(self) -> None:
        """Let a rollout's times follow a clock that was set, so that its waits neither end nor grow."""
        jump = self.clock.jump()
        if jump:
            warn("the system's clock was set", environment=self.environment, seconds=round(jump, 1))
            if self.state.progress:
                self._take(machine.shift(self.state, jump))

    def _keep_files(self) -> None:
        """Write what is known once more where somebody removed it."""
        if self.state.revision and not self.place.state.exists():
            state.write(self.place, self.state)
        if self.state.stable and not self.place.routing.exists():
            self._behind = True

    def _take(self, after: State) -> None:
        """Write a state down before anything is done about it."""
        state.write(self.place, after)
        for entry in after.history[-3:]:
            if entry not in self.state.history[-10:]:
                say("rollout", environment=self.environment, what=entry.what, version=entry.version, why=entry.detail)
        self.state = after

    def _act(self) -> None:
        """Ask the server for what the state says."""
        if self.state.stable is None:
            return
        routes.write(self.place.routing, self._routes())
        refs = [*(ref for ref, _ in machine.weights(self.state)), *self.state.window, self._wanted]
        kept = {ref.digest for ref in refs if ref}
        for package in self.place.packages.iterdir() if self.place.packages.is_dir() else ():
            old = package.stat().st_mtime < self.clock.now() - 3600
            if package.name not in kept and old:
                shutil.rmtree(package, ignore_errors=True)
        self._behind = False

    def _routes(self) -> Routes:
        weights = [(self._sound(ref), weight) for ref, weight in machine.weights(self.state)]
        chosen = [
            Route(version=ref.version, package=self.place.package(ref.digest).absolute(), weight=weight)
            for ref, weight in weights
        ]
        progress = self.state.progress
        if progress is None:
            return Routes(revision=self.state.revision, routes=chosen)
        return Routes(
            revision=self.state.revision, routes=chosen, sticky=_sticky(progress), mirror=_mirror(progress),
            experiment=outcome.name_of(self.state, self.place) or None, metric=outcome.metric_of(self.state),
        )  # fmt: skip

    def _sound(self, ref: Ref) -> Ref:
        """Return a version, or where its package was damaged on this machine the newest former one that was not."""
        if is_sound(self.place.package(ref.digest), ref.digest) or ref != self.state.stable:
            return ref
        sound = (one for one in self.state.window if is_sound(self.place.package(one.digest), one.digest))
        return next(sound, ref)

    def _see(self, before: State, found: Found, live: Live | None, unfit: str = "") -> Seen:
        now = self.clock.now()
        progress = before.progress
        measurement = golden = None
        self.judgement = self._judge(before, progress, live) if progress and live else None
        if self.judgement and due(before, now):
            measurement = self.judgement.measurement
        if progress and wants_golden(before, now):
            golden = self._ask_golden(before, progress)
        return Seen(
            now, found.wanted, found.verified, found.policy, live, measurement, golden, found.approved,
            found.beginning, found.withdrawn, found.model, unfit, found.assignment,
        )  # fmt: skip

    def _judge(self, before: State, progress: Progress, live: Live) -> Judgement | None:
        """Compare what was counted since the step went live."""
        assert before.stable is not None
        if progress.live is None or live.revision != before.revision:
            return None
        pair = analysis.pair(progress, live, before.stable.version)
        if pair is None:
            return None
        declared = progress.policy.declared.analysis
        return analysis.judge(declared, *pair, self._judge_outcome(before, progress, progress.live))

    def _judge_outcome(self, before: State, progress: Progress, live: float) -> Finding | None:
        """Say what came of the answers of this step; None if that is not compared in it."""
        name, declared = outcome.name_of(before, self.place), progress.policy.declared.analysis.outcome
        if not name or declared is None or before.stable is None:
            return None
        counted = self._read_outcomes(self.place.labelled if declared.metric else self.place.outcomes)
        counted = counted if counted and counted["experiment"] == name else None
        pair = progress.candidate, before.stable
        finding = outcome.judge(declared, counted, *pair, self.clock.now() - live)
        self._outcome = outcome.report(declared, counted, finding, *pair)
        return finding

    def _read_outcomes(self, file: Path) -> Outcomes | None:
        """Read what the server, or monitoring, counted, if that changed."""
        seen = signature(file)
        if seen != self._counted[0]:
            self._counted = seen, outcomes.read(file)
        return self._counted[1]

    def _ask_golden(self, before: State, progress: Progress) -> Measurement:
        """Let candidate and stable answer the candidate's golden requests, once."""
        if self._golden is None or self._golden[0] != progress.candidate.digest + progress.hash:
            assert before.stable is not None
            folders = [self.place.package(ref.digest) for ref in (progress.candidate, before.stable)]
            metrics = progress.policy.declared.analysis.metrics
            self._golden = progress.candidate.digest + progress.hash, compare_golden(folders[0], folders[1], metrics)
        return self._golden[1]

    def _show(self, found: Found, live: Live | None, source: Source) -> None:
        shown = status.describe(
            self.environment, self.state, self.judgement, live, self.clock.now(), source, self._outcome
        )
        problem = found.said
        if problem and problem != self._told.get("problem"):
            warn("following git fails; what serves stays", environment=self.environment, reason=problem)
        self._told["problem"] = problem
        documents.write(self.place.status, shown | ({"together": self.together} if self.together else {}))


def _sticky(progress: Progress) -> Sticky | None:
    """Return what clients keep their version by; None if every request is dealt anew."""
    declared = progress.policy.declared.sticky
    if declared.by == "none":
        return None
    return Sticky(by=declared.by, header=declared.header, salt=progress.candidate.digest[:12] + progress.hash)


def _mirror(progress: Progress) -> Mirror | None:
    share = progress.mirror / 100
    return Mirror(version=progress.candidate.version, share=share) if progress.mirror else None
