"""Tasks side by side in processes of this machine.

Each process has a stretch of neighbouring tasks, since work on one may save time on the next, and takes half of the
longest other stretch when its own is done. One that is killed loses nothing but its task, which is tried again.
"""

import math
import multiprocessing
import os
import signal
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing import connection
from typing import Any

from mainline import display, parents
from mainline.data import local_files
from mainline.declared.compute import FILE, Compute
from mainline.errors import WorkerError
from mainline.stages import purity
from mainline.stages.failures import Failure, attempt, raised
from mainline.stages.stretches import Stretches
from mainline.stages.tasks import Job, Outcome, Task, Watch, Work
from mainline.text import count

METHOD = "fork" if sys.platform == "linux" else "spawn"
"""A fork begins with all libraries loaded; elsewhere libraries of the system do not stand it."""

PATIENCE = 5.0
"""Seconds that a process whose pipe is closed has to end, so that its own status is told."""


class Worker:
    """A process, and the task that it works on."""

    def __init__(self) -> None:
        self.job: Job | None = None
        self.pipe: Any = None
        self._process: Any = None

    def give(self, job: Job, work: Work, watch: Watch | None) -> None:
        """Hand a job to the process, which is started if there is none."""
        if self._process is None:
            self._start(work, watch)
        self.job = job
        with suppress(OSError):  # it has died, which is seen when its answer is asked for
            self.pipe.send((job[1], job[1].inputs()))

    def answer(self) -> Outcome | Failure | None:
        """Return what came of the job; None if the process died at it."""
        try:
            return self.pipe.recv()
        except (EOFError, OSError):
            return None

    def end(self, patience: float = 0) -> int:
        """End the process, which gets so many seconds to end by itself, and return its status."""
        if self._process is None:
            return 0
        self._process.join(patience)
        self._process.kill()
        self._process.join()
        status = self._process.exitcode
        self.pipe.close()
        self._process.close()
        self._process = None
        return status

    def _start(self, work: Work, watch: Watch | None) -> None:
        context: Any = multiprocessing.get_context(METHOD)
        self.pipe, theirs = context.Pipe()
        blocked = signal.pthread_sigmask(
            signal.SIG_BLOCK, {signal.SIGINT}
        )  # in the process too: Ctrl-C is the driver's
        try:
            with warnings.catch_warnings():  # Python warns of a fork beside threads; ours only sleeps
                warnings.simplefilter("ignore", DeprecationWarning)
                self._process = context.Process(target=_serve, args=(theirs, work, watch, os.getpid()))
                self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
            theirs.close()


class _Pool:
    """Workers with all jobs among them."""

    def __init__(self, jobs: Sequence[Job], number: int, retries: int) -> None:
        self.workers = [Worker() for _ in range(number)]
        self._waiting = Stretches(jobs, self.workers)
        self.failures: dict[int, Exception] = {}
        self._died: Counter[int] = Counter()
        self._retries = retries

    def hand_out(self, work: Work, watch: Watch | None, begun: Callable[[Task], None]) -> list[Worker]:
        """Give each idle worker a job, if one is left, and return those whose answer matters."""
        for worker in self.workers:
            if worker.job is None and (job := self._waiting.next(worker)):
                if not self._died[job[0]]:
                    begun(job[1])
                worker.give(job, work, watch)
        end = min(self.failures, default=math.inf)
        return [worker for worker in self.workers if worker.job and worker.job[0] < end]

    def take(self, worker: Worker) -> Iterator[tuple[int, Outcome]]:
        """Yield what a worker made of its job, if it made anything; note how it failed, or have it tried again."""
        if worker.job is None:
            return
        place, task = worker.job
        answer = worker.answer()
        worker.job = None
        if isinstance(answer, Outcome):
            yield place, answer
        elif isinstance(answer, Failure):
            self._fail(place, raised(answer))
        else:
            status = worker.end(PATIENCE)
            self._died[place] += 1
            if self._died[place] > self._retries:
                self._fail(place, lost(task, self._died[place], status))
            else:
                self._waiting.put_back(worker, (place, task))

    def _fail(self, place: int, error: Exception) -> None:
        """Note a failure; what comes after it need not be done, what comes before may fail as well."""
        self.failures[place] = error
        self._waiting.end_at(place)


def run(
    work: Work, jobs: Sequence[Job], watch: Watch | None, begun: Callable[[Task], None], declared: Compute
) -> Iterator[tuple[int, Outcome]]:
    """Do the jobs as `computing.run` says.

    Raises:
        WorkerError: when one process after another died at the same task.
    """
    pool = _Pool(jobs, min(declared.processes, len(jobs)), declared.retries)
    try:
        while waited := pool.hand_out(work, watch, begun):
            ready = connection.wait([worker.pipe for worker in waited])
            for worker in waited:
                if worker.pipe in ready:
                    yield from pool.take(worker)
    finally:
        for worker in pool.workers:
            worker.end()
    if pool.failures:
        raise pool.failures[min(pool.failures)]


def _serve(pipe: Any, work: Work, watch: Watch | None, driver: int) -> None:
    """Answer tasks until the driver ends this process, or is gone."""
    parents.end_with(driver)
    local_files.so_far()  # ends the watches that modules begin when they are imported
    purity.so_far()
    with suppress(EOFError, OSError):  # the driver is gone
        while True:
            task, inputs = pipe.recv()
            answer = attempt(work, task, inputs, watch)
            with suppress(display.ReaderLeft):  # the driver finds out by itself that nobody reads
                sys.stdout.flush()
            pipe.send(answer)


def lost(task: Task, times: int, status: int) -> WorkerError:
    """Say that a process died at a task, after so many of them."""
    cause = f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
    last = f", one after another, the last {cause}" if times > 1 else f" {cause}"
    return WorkerError(
        f"{task}: {count(times, 'process')} died at it{last}. If memory is too small "
        f"for so many at once, declare fewer `processes` in {FILE}, or shorter periods."
    )
