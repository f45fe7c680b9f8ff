"""The process that starts the workers of a server, keeps them at work and speaks for all of them.

It serves nothing and loads no package. It holds the sockets, so that connections of a worker that was killed while they
waited are taken by the next one; it adds up what workers count, and tells the follower what all of them serve.
"""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Callable, Sequence
from dataclasses import replace
from time import monotonic
from types import FrameType
from typing import Any

from mainline import backoff
from mainline.errors import WorkerError
from mainline.exchange import server_report
from mainline.exchange.place import Place
from mainline.serving.answering.metrics import Family, Page
from mainline.serving.common.messages import Message, Ready
from mainline.serving.logs import say, warn
from mainline.serving.task import Task
from mainline.serving.workers.member import Member, ending
from mainline.serving.workers.totals import Pages, Reports

MOST = 5
"""Ends in a row, each soon after the start, after which a worker is given up, and the server with it."""
SOUND = 30.0
"""A worker that ran for so many seconds was well."""
SHORTEST, LONGEST = 0.5, 8.0
"""Seconds between two starts of a worker; the first one is started again at once."""
SILENT = 30.0
"""Seconds without an answer after which a worker is taken for stuck, and killed."""
STALE = 5.0
"""Seconds without a word from one of the workers after which the follower is told nothing."""
LOOK_SECONDS, REPORT_SECONDS = 1.0, 0.2
ENDING = 10.0
"""Seconds that workers have to write their logs, beyond those for requests under way."""


class Crew:
    """The workers of one server."""

    def __init__(
        self, sockets: Sequence[socket.socket], task: Task, drain_seconds: float, place: Place | None = None
    ) -> None:
        """Serve a task at these sockets, one for each worker; `place` is where a follower is told what is served."""
        self._sockets, self._task, self._drain, self._place = sockets, task, drain_seconds, place
        self._members: dict[int, Member] = {}
        self._pages, self._reports = Pages(), Reports(f"{os.getpid()}-{task.started:.6f}")
        self._restarts = [0] * len(sockets)
        self._unwritten = ""
        self._answering: set[asyncio.Task[None]] = set()

    def run(self, started: Callable[[Ready], None]) -> None:
        """Serve until told to stop; requests under way are answered first.

        Args:
            started: called once all workers are ready, with what they serve.

        Raises:
            WorkerError: when a worker cannot start, or ends again and again.
        """
        stopped: list[int] = []
        before = {}
        with asyncio.Runner() as runner:
            loop, stop = runner.get_loop(), asyncio.Event()

            def handle(number: int, _frame: FrameType | None) -> None:
                stopped.append(signal.SIGTERM if number == signal.SIGHUP else number)
                loop.call_soon_threadsafe(stop.set)

            for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                if one != signal.SIGHUP or signal.getsignal(one) is signal.SIG_DFL:  # `nohup` has it ignored
                    before[one] = signal.signal(one, handle)
            try:
                runner.run(self._serve(started, stop))
            finally:
                for one, handler in before.items():
                    signal.signal(one, handler)
        for number in stopped[:1]:
            signal.raise_signal(number)  # whoever waits for this process learns what ended it

    async def _serve(self, started: Callable[[Ready], None], stop: asyncio.Event) -> None:
        ready: asyncio.Future[Ready] = asyncio.get_running_loop().create_future()
        keeping = [asyncio.create_task(self._keep(number, ready)) for number in range(len(self._sockets))]
        stopping = asyncio.create_task(stop.wait())
        beside = [asyncio.create_task(self._look()), asyncio.create_task(self._report())]
        waiting: list[asyncio.Task[Any]] = [*keeping, stopping]
        try:
            await asyncio.wait([*waiting, ready], return_when=asyncio.FIRST_COMPLETED)
            if ready.done():
                started(ready.result())
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for kept in keeping:
                if kept.done():
                    kept.result()
        finally:
            for task in [*waiting, ready, *beside, *self._answering]:
                task.cancel()
            await asyncio.gather(*keeping, *beside, return_exceptions=True)
            await self._end()

    async def _keep(self, number: int, ready: "asyncio.Future[Ready]") -> None:
        """Start a worker, and again whenever it ends.

        Raises:
            WorkerError: when it cannot start at first, or ends again and again.
        """
        failures = 0
        while True:
            member = await Member.start(replace(self._task, number=number), self._sockets[number])
            self._members[number] = member

            def said(member: Member, message: Message) -> None:
                self._hear(member, message, ready)

            code = await member.listen(said)
            self._retire(member)
            said_last = member.failed or f"{ending(code)}; the lines above may say why"
            if not ready.done():
                raise WorkerError(member.failed or f"worker {number} ended at its start ({said_last}).")
            well = member.ready is not None and monotonic() - member.began > SOUND
            failures = 1 if well else failures + 1
            if failures >= MOST:
                raise WorkerError(
                    f"worker {number} ended {failures} times in a row soon after its start, the last time: "
                    f"{said_last.rstrip('.')}. The server ends, since it would never be whole; start it again."
                )
            wait = 0.0 if failures == 1 else backoff.wait(failures - 1, SHORTEST, LONGEST)
            self._restarts[number] += 1
            warn("a worker ended and is started again", worker=number, pid=member.process.pid,
                 why=member.failed or ending(code), again_in_seconds=wait)  # fmt: skip
            await asyncio.sleep(wait)

    def _hear(self, member: Member, message: Message, ready: "asyncio.Future[Ready]") -> None:
        """Take in what a worker says to all."""
        if "ready" in message:
            self._greet(member, message["ready"], ready)
        elif "served" in message:
            self._reports.take(member.number, message["served"]["report"], message["served"]["digests"])
        elif "ask" in message:
            task = asyncio.create_task(self._answer(member, message["ask"]))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)

    def _greet(self, member: Member, said: Ready, ready: "asyncio.Future[Ready]") -> None:
        if self._task.digest not in ("", said["digest"]):  # replaced while the first workers loaded it
            member.failed = f"{self._task.package} was replaced while it was loaded. Start the server again."
            member.signal(signal.SIGTERM)
            return
        self._task = replace(self._task, digest=said["digest"])
        say("worker ready", worker=member.number, pid=member.process.pid)
        if len(self._ready()) == len(self._sockets) and not ready.done():
            ready.set_result(said)

    def _retire(self, member: Member) -> None:
        """Keep what a worker that ended had counted."""
        del self._members[member.number]
        self._pages.retire(member.page)
        self._reports.retire(member.number)

    def _ready(self) -> list[Member]:
        return [member for member in self._members.values() if member.ready]

    async def _answer(self, member: Member, number: int) -> None:
        """Tell a worker what all workers counted."""
        families = await self._page()
        member.say({"page": {"number": number, "families": families}})

    async def _page(self) -> list[Family]:
        """Return what all workers counted; one that ends meanwhile counts among those that ended, and only there."""
        asked = self._ready()
        answers = await asyncio.gather(*(one.ask() for one in asked))
        here = self._members.values()
        pages = [page for one, page in zip(asked, answers, strict=True) if one in here]
        own = Page()
        own.add("mainline_workers", "gauge", "Workers that answer.", [({}, len(self._ready()))])
        restarts = [({"worker": str(place)}, count) for place, count in enumerate(self._restarts)]
        own.add("mainline_worker_restarts_total", "counter", "Workers that ended and were started again.", restarts)
        return [*self._pages.total(pages), *own.families]

    async def _look(self) -> None:
        """Ask each worker from time to time, and end one that is stuck; what it said last counts if it is killed."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            members = self._ready()
            await asyncio.gather(*(member.ask() for member in members))
            for member in members:
                if monotonic() - member.heard > SILENT:
                    warn("a worker does not answer, and is killed", worker=member.number, pid=member.process.pid)
                    member.signal(signal.SIGKILL)

    async def _report(self) -> None:
        """Tell the follower what all workers serve, while none of them is silent, or has yet to say anything."""
        while self._place:
            await asyncio.sleep(REPORT_SECONDS)
            served = self._reports.total()
            ready = self._ready()
            silent = any(monotonic() - one.reported > STALE or not self._reports.has(one.number) for one in ready)
            if served is None or silent:
                continue
            try:
                server_report.write(self._place.served, served)
                self._unwritten = ""
            except OSError as error:
                if str(error) != self._unwritten:
                    warn("what is served was not written for the follower; its rollout waits", error=str(error))
                self._unwritten = str(error)

    async def _end(self) -> None:
        """Let workers answer what is under way, and end those that do not."""
        for listening in self._sockets:
            listening.close()
        members = list(self._members.values())
        for member in members:
            member.signal(signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(_gone(members), self._drain + ENDING)
        for member in members:
            member.signal(signal.SIGKILL)
        await _gone(members)
        await asyncio.gather(*(member.close() for member in members))


async def _gone(members: Sequence[Member]) -> None:
    await asyncio.gather(*(member.process.wait() for member in members))
