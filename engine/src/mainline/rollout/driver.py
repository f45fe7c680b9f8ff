"""Drives the rollout: sees, decides, writes down, acts. Nothing here waits for a network."""

import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mainline.exchange import outcomes, routes, server_report
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
from mainline.rollout.measurement import due, wants_golden
from mainline.rollout.outbox import delivered
from mainline.rollout.records import Finding, Live, Measurement, Progress, Ref, Seen, State
from mainline.rollout.source import Found
from mainline.serving.logs import say, warn
from mainline.serving.watching import Signature, signature

STALE_SECONDS = 5.0
"""A server that has said nothing for so long is not there."""


@dataclass
class Driver:
    """The rollout of one environment on this machine."""

    place: Place
    environment: str
    clock: Clock = field(default_factory=Clock)
    judgement: Judgement | None = None
    delivered: frozenset[int] = frozenset()
    """Events that others were told since the last tick."""
    _behind: bool = False
    """Whether the server was not yet asked for what the state says, since a file could not be written."""
    _golden: tuple[str, Measurement] | None = None
    _heard: tuple[Signature, float] | None = None
    """The server's last word, and when it came."""
    _wanted: Ref | None = None
    _told: dict[str, Any] = field(default_factory=dict)
    _outcome: documents.Outcome | None = None
    """What people are shown of the last experiment."""
    _counted: tuple[Signature, Outcomes | None] = (None, None)

    def __post_init__(self) -> None:
        self.state = _usable(state.read(self.place))
        self._outcome = status.last_outcome(self.place)
        self._resume()
        self._act()

    def tick(self, found: Found, source: Source) -> None:
        """Bring the rollout up to date with what is seen; `source` is what the status says of git."""
        self._wanted = found.wanted
        self._keep_time()
        self._keep_files()
        if self._behind:
            self._act()
        if self.delivered:
            self._take(delivered(self.state, self.delivered))
            self.delivered = frozenset()
        live = self._live()
        while (after := machine.advance(self.state, self._see(found, live))) is not None:
            self._take(after)
            self._behind = True
            self._act()
        self._show(found, live, source)

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

    def _live(self) -> Live | None:
        """Read what the server said last; None where it has said nothing for a while."""
        seen, now = signature(self.place.served), self.clock.steady()
        if seen is None:
            return None
        if self._heard is None:  # from before the follower's start: only the clock on the wall knows how long ago
            self._heard = seen, now - abs(self.clock.wall() - seen[1] / 1e9)
        elif self._heard[0] != seen:
            self._heard = seen, now
        if now - self._heard[1] > STALE_SECONDS:
            return None
        try:
            found = server_report.parse(self.place.served.read_bytes())
        except OSError:
            return None
        return Live(found["process"], found["revision"], found["versions"]) if found else None

    def _see(self, found: Found, live: Live | None) -> Seen:
        now = self.clock.now()
        progress = self.state.progress
        measurement = golden = None
        self.judgement = self._judge(progress, live) if progress and live else None
        if self.judgement and due(self.state, now):
            measurement = self.judgement.measurement
        if progress and wants_golden(self.state, now):
            golden = self._ask_golden(progress)
        return Seen(
            now, found.wanted, found.verified, found.policy, live, measurement, golden, found.approved,
            found.beginning, found.withdrawn, found.model,
        )  # fmt: skip

    def _judge(self, progress: Progress, live: Live) -> Judgement | None:
        """Compare what the server counted since the step went live."""
        assert self.state.stable is not None
        names = (progress.candidate.version, self.state.stable.version)
        missing = any(name not in live.counters for name in names)
        if progress.live is None or live.revision != self.state.revision or missing:
            return None
        candidate, stable = (live.counters[name] for name in names)
        declared = progress.policy.declared.analysis
        recent = analysis.since(candidate, progress.baseline.get(names[0], {}))
        if progress.weight < 100:  # otherwise stable answers nobody now: what it did before is the measure
            stable = analysis.since(stable, progress.baseline.get(names[1], {}))
        if not (server_report.grew(recent) and server_report.grew(stable)):
            return None
        return analysis.judge(declared, recent, stable, self._judge_outcome(progress, progress.live))

    def _judge_outcome(self, progress: Progress, live: float) -> Finding | None:
        """Say what came of the answers of this step; None if that is not compared in it."""
        name, declared = outcome.name_of(self.state, self.place), progress.policy.declared.analysis.outcome
        if not name or declared is None or self.state.stable is None:
            return None
        counted = self._read_outcomes(self.place.labelled if declared.metric else self.place.outcomes)
        counted = counted if counted and counted["experiment"] == name else None
        pair = progress.candidate, self.state.stable
        finding = outcome.judge(declared, counted, *pair, self.clock.now() - live)
        self._outcome = outcome.report(declared, counted, finding, *pair)
        return finding

    def _read_outcomes(self, file: Path) -> Outcomes | None:
        """Read what the server, or monitoring, counted, if that changed."""
        seen = signature(file)
        if seen != self._counted[0]:
            self._counted = seen, outcomes.read(file)
        return self._counted[1]

    def _ask_golden(self, progress: Progress) -> Measurement:
        """Let candidate and stable answer the candidate's golden requests, once."""
        if self._golden is None or self._golden[0] != progress.candidate.digest + progress.hash:
            assert self.state.stable is not None
            folders = [self.place.package(ref.digest) for ref in (progress.candidate, self.state.stable)]
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
        documents.write(self.place.status, shown)


def _sticky(progress: Progress) -> Sticky | None:
    """Return what clients keep their version by; None if every request is dealt anew."""
    declared = progress.policy.declared.sticky
    if declared.by == "none":
        return None
    return Sticky(by=declared.by, header=declared.header, salt=progress.candidate.digest[:12] + progress.hash)


def _mirror(progress: Progress) -> Mirror | None:
    share = progress.mirror / 100
    return Mirror(version=progress.candidate.version, share=share) if progress.mirror else None


def _usable(found: State) -> State:
    """Leave out a rollout that is at no step of its policy, or that began with no counters; it begins again."""
    progress = found.progress
    if progress is None:
        return found
    sound = found.stable is not None and 0 <= progress.step <= len(progress.policy.steps)
    sound = (
        sound
        and 0 <= progress.weight <= 100
        and 0 <= progress.mirror <= 100
        and server_report.are_counters(progress.baseline)
    )
    return found if sound else replace(found, progress=None, revision=found.revision + 1)
