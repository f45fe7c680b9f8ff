"""One server among those of an environment: it decides for all if it was elected, and else does what was decided."""

import json
from contextlib import suppress
from dataclasses import replace

from mainline.declared.together import INTERVALS
from mainline.exchange import status
from mainline.package.soundness import is_sound
from mainline.repository.git import GitError
from mainline.rollout import machine, outbox, state
from mainline.rollout.driver import Driver
from mainline.rollout.records import Ref, State
from mainline.rollout.source import Found
from mainline.rollout.together import naming, reasons
from mainline.rollout.together.assembly import Assembly
from mainline.rollout.together.audience import Audience
from mainline.rollout.together.board import Board, LostError, Notices, RefusedError
from mainline.rollout.together.errand import Errand
from mainline.rollout.together.following import Following, Pace
from mainline.rollout.together.lease import Lease
from mainline.rollout.together.namesake import Namesake
from mainline.rollout.together.notices import Record, Report
from mainline.rollout.together.reasons import NotAllowedError
from mainline.rollout.together.tally import Tally
from mainline.serving.logs import say


class Circle:
    """This server's part in the rollout of all."""

    def __init__(self, driver: Driver, following: Following) -> None:
        self.name = naming.name_here(driver.place)
        self.board = Board(driver.environment)
        self.lease = Lease(driver.clock.steady)
        self.tally = Tally(driver.place.together)
        self.record: Record | None = None
        self.errand = Errand()
        self._driver, self._following, self._place = driver, following, driver.place
        self._audience = Audience(driver.clock.steady)
        self._namesake = Namesake(driver.clock.steady)
        self._mark, self._problem, self._late = "", "", ""
        self._written: Report | None = None
        self._written_at = float("-inf")

    def turn(self, pace: Pace) -> str:
        """Look once at what was decided, and do this server's part; return '' or why this server cannot decide.

        Raises:
            GitError: when git does not answer; what serves stays.
            NotAllowedError: when this server may not write there, at the first try.
        """
        leads = self.lease.leads
        found = self.board.read(leads, self.name)
        self.lease.see(found.record_id, found.record.lease_within(pace.silent) if found.record else pace.silent)
        is_read = found.record is not None or not found.record_id
        if is_read:
            self.record = found.record
        if leads and not self.lease.leads:
            say("another server decides the rollout", environment=self._driver.environment, name=self._leader)
        is_shared = self._namesake.heed(found.reports.get(self.name), pace.silent)
        if is_shared:
            self.lease.lose()
        try:
            if self.lease.leads and self.record:
                self._lead(self.record, found, pace)
            elif self.lease.is_over and is_read and not is_shared:
                self._stand(found, pace)
            elif self.record:
                self._follow(self.record, pace)
        except LostError:
            self.lease.lose()
        if is_shared:
            return reasons.shared(self.board.server(self.name), self._driver.environment, self.name)
        return self._late if is_read else reasons.unread(self.board.record)

    @property
    def _leader(self) -> str:
        return self.record.leader if self.record else ""

    def hear(self) -> None:
        """Take in what the server of this machine says."""
        self.tally.hear(self._driver.hearing.listen())

    def is_behind(self) -> bool:
        """Whether the server took routes that others were not told of."""
        said = self.tally.said().revision
        return bool(said) and (self._written is None or self._written.revision != said)

    def shown(self) -> status.Together | None:
        """Say for people who decides, and what each server does."""
        if self.record is None:
            return None
        servers: list[status.Server] = [
            {"name": one.name, "revision": one.revision, "silent": one.silent, "problem": one.problem}
            for one in self.record.servers
        ]
        return {"name": self.name, "leader": self._leader, "term": self.record.term, "servers": servers}

    def leave(self) -> None:
        """Take the record down, since each server rolls out alone again: it would be old when it is read next."""
        self.lease.lose()
        if self.lease.seen:
            with suppress(GitError):  # another one did so
                self.board.remove_record(self.lease.seen)

    def _stand(self, found: Notices, pace: Pace) -> None:
        """Decide from now on, if no other server does so first, and main still says that one decides for all."""
        if not self._following.look_whole(begins=False):
            return
        before = found.record
        begun = before.decided if before else replace(self._driver.state, progress=None)
        if before:  # time without a leader counts for no step
            begun = machine.shift(begun, self._driver.clock.now() - before.time)
        else:
            begun = replace(begun, revision=begun.revision + bool(begun.revision))
        record = self._record(begun, pace, before.term + 1 if before else 1, 0, before)
        self._write(record, found.record_id)
        if self.lease.leads:
            say(
                "this server decides the rollout",
                environment=self._driver.environment,
                name=self.name,
                term=record.term,
            )

    def _lead(self, before: Record, found: Notices, pace: Pace) -> None:
        """Look at git, decide by what all servers say, and write it down; then do it, and tell others."""
        self.errand.run(lambda: self._following.look_whole(begins=True), pace.interval / 2)
        held = outbox.delivered(before.decided, self._driver.delivered)
        self._driver.delivered = frozenset()
        own = self._report(0)
        heard, silent = self._audience.hear(found.reports, pace.silent)
        servers = Assembly(heard | {self.name: own}, silent - {self.name})
        seen = self._held_back(self._following.found, held, servers)
        after = self._driver.propose(held, seen, servers.live(held.revision), servers.unfit(held))
        gone = () if after.progress else tuple(self._audience.gone(4 * pace.silent))
        record = self._record(after, pace, before.term, before.beat + 1, before, servers)
        if self.lease.leads:
            self._write(record, found.record_id, own, gone)
        if self.lease.leads:
            self._following.tell(after)

    def _held_back(self, found: Found, held: State, servers: Assembly) -> Found:
        """Let a version begin once every server has its package; a return to one that served before waits for none."""
        wanted = found.wanted
        returns = wanted is not None and any(wanted.digest == one.digest for one in held.window)
        if wanted is None or held.stable is None or held.progress or returns or wanted == held.stable:
            return found
        lacking = servers.lacking(wanted)
        return replace(found, verified=False, problem=found.problem or lacking) if lacking else found

    def _follow(self, record: Record, pace: Pace) -> None:
        """Bring what the leader names, serve as it decided, and say so."""
        decided = record.decided
        found = self._following.found
        if record.beat and record.leader != self.name:  # another one decides in time
            self._late = ""
        if record.mark and record.mark != self._mark:
            self.errand.run(self._look, pace.interval / 2)
        elif found.wanted and not found.verified:
            self.errand.run(self._following.go_on, pace.interval / 2)
        refs = [ref for ref, _ in machine.weights(decided)]
        missing = [ref for ref in refs if not is_sound(self._place.package(ref.digest), ref.digest)]
        if missing:
            self.errand.run(lambda: self._bring(missing[0]), pace.interval / 2)
            missing = [ref for ref in missing if not is_sound(self._place.package(ref.digest), ref.digest)]
        if not missing:
            self._problem = ""
            self._driver.decided = decided
        self._say(decided, pace)

    def _look(self) -> None:
        """Look at the whole of git, and remember which content of it that was."""
        self._following.look_whole(begins=False)
        self._mark = naming.mark(self._following.found)

    def _bring(self, ref: Ref) -> None:
        self._problem = self._following.bring(ref)

    def _say(self, decided: State, pace: Pace) -> None:
        """Tell the leader what changed here: counts only within a rollout, and a sign of life now and then."""
        report = self._report(self._written.beat + 1 if self._written else 0)
        now = self._driver.clock.steady()
        if self._written is not None and now - self._written_at < pace.silent / 3:
            counts = decided.progress is not None
            first, second = (one if counts else replace(one, recent={}, whole={}) for one in (self._written, report))
            if first == replace(second, beat=first.beat):
                return
        try:
            self.board.write_report(self.name, report)
        except RefusedError as error:
            self._refuse_first(error)
            raise
        self._written, self._written_at = report, now

    def _write(self, record: Record, before: str, report: Report | None = None, gone: tuple[str, ...] = ()) -> None:
        """Write the record down, and only then do what it says."""
        began = self.lease.now()
        report = report or self._report(0)
        try:
            written = self.board.write_record(record, before, report, gone)
        except RefusedError as error:
            self._refuse_first(error)
            raise
        self.lease.hold(written, began, record.lease)
        lasts_to_the_next_look = self.lease.left > record.lease / INTERVALS
        late = "" if lasts_to_the_next_look else reasons.late(self.lease.now() - began, record.lease)
        self._late = late and (self._late or late)
        self._written, self._written_at = report, began
        self.record, self._driver.decided = record, record.decided

    def _refuse_first(self, error: RefusedError) -> None:
        """Say that this server may not write, if git refused its first try and still answers.

        Raises:
            GitError: when git does not answer.
            NotAllowedError: when it does.
        """
        if self._written is None:
            self.board.read(with_reports=False)
            raise NotAllowedError(self.board.server(self.name), error) from error

    def _report(self, beat: int) -> Report:
        said = self.tally.said()
        ready = sorted(one.name for one in self._place.packages.iterdir()) if self._place.packages.is_dir() else []
        sound = tuple(digest for digest in ready if is_sound(self._place.package(digest), digest))
        found = self._following.found
        problem = self._problem or ("" if found.verified else found.problem)
        return Report(
            said.revision, said.restarts, sound, problem[:300], said.recent, said.whole, beat, self._namesake.own
        )

    def _record(
        self, after: State, pace: Pace, term: int, beat: int, before: Record | None, servers: Assembly | None = None
    ) -> Record:
        shown = servers.listed() if servers else before.servers if before else ()
        seen = naming.mark(self._following.found) if servers or before is None else before.mark
        document = json.loads(json.dumps(state.written(after)))
        lease = INTERVALS * pace.interval
        return Record(term, self.name, beat, lease, self._driver.clock.now(), seen, document, shown)
