"""Tasks on a cluster of Dask, at the address that `compute.yaml` declares.

This process reads and writes, as it does if no other one works; a task travels as bytes, and so does what comes of it.
A worker has at most one task more than it has threads, so its memory does not grow with the work. Each task is for one
worker, since Dask would move it to another one that has its share; one that waits goes to a worker that is idle, and
what a worker had that is gone is sent to others.

The functions that the scheduler sees are nested: so they travel by value, since it has none of our code.
"""

import hashlib
import json
import math
import pickle
import queue
import signal
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from functools import partial
from typing import Any, NamedTuple

from mainline.declared.compute import Compute
from mainline.errors import WorkerError
from mainline.stages import dask_client, dask_worker, shipment
from mainline.stages.dask_client import Cluster
from mainline.stages.failures import Failure, raised
from mainline.stages.shipment import Shipment
from mainline.stages.stretches import Stretches
from mainline.stages.tasks import Job, Outcome, Task, Watch, Work
from mainline.text import count

_POLL = 0.2  # seconds
_MEMORY = "Give workers more, such as `./mainline worker --memory-limit 8GiB`, or declare shorter periods."


class _Given(NamedTuple):
    """A job that is on the cluster, and the worker that it was sent to."""

    job: Job
    worker: str
    future: Any


class _Run:
    """The jobs of a stage, those that wait and those that are on the cluster."""

    def __init__(self, cluster: Cluster, packed: Shipment, jobs: Sequence[Job], retries: int) -> None:
        self.failures: dict[int, Exception] = {}
        self._cluster = cluster
        self._retries = retries
        self._begun: set[int] = set()
        self._died: Counter[int] = Counter()
        self._waiting = Stretches(jobs, [*cluster.workers])
        self._given: dict[str, _Given] = {}
        self._answers: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        begun_with = packed.work + json.dumps(packed.settings, sort_keys=True).encode("utf-8", "surrogateescape")
        self._name = f"mainline-{packed.digest}-{hashlib.sha256(begun_with).hexdigest()[:16]}"
        # A task too: if the worker that holds its result is killed, the scheduler makes it again.
        self._packed = cluster.submit(unchanged(), tuple(packed), key=f"{self._name}-{uuid.uuid4().hex}")
        self._perform = performing()

    def outcomes(self, begun: Callable[[Task], None]) -> Iterator[tuple[int, Outcome]]:
        """Yield what comes of the jobs until nothing more matters; failures are noted."""
        try:
            while self._waiting or self._matters():
                self._hand_out(begun)
                try:
                    key, answer = self._answers.get(timeout=_POLL)
                except queue.Empty:
                    self._cluster.check()
                else:
                    if given := self._given.pop(key, None):  # else it was recalled
                        yield from self._take(given, answer)
        finally:
            self._cluster.cancel([*(given.future for given in self._given.values()), self._packed])

    def _matters(self) -> bool:
        end = min(self.failures, default=math.inf)
        return any(given.job[0] < end for given in self._given.values())

    def _hand_out(self, begun: Callable[[Task], None]) -> None:
        """Send each worker what it has room for."""
        self._take_back()
        taken = Counter(given.worker for given in self._given.values())
        for worker, threads in self._cluster.workers.items():
            while taken[worker] <= threads and (job := self._next(worker, taken)):
                place, task = job
                if place not in self._begun:
                    self._begun.add(place)
                    begun(task)
                key = f"{task.name.replace(' ', '_')}-{uuid.uuid4().hex}"
                content = pickle.dumps((task, task.inputs()))
                future = self._cluster.submit(self._perform, self._packed, self._name, content, key=key, worker=worker)
                self._given[key] = _Given(job, worker, future)
                self._cluster.deliver(future, self._answers)
                taken[worker] += 1

    def _next(self, worker: str, taken: Counter[str]) -> Job | None:
        """Take the next job of a worker; if it would be idle, one that another worker has not begun."""
        if (job := self._waiting.next(worker)) or taken[worker]:
            return job
        for key, given in reversed([*self._given.items()]):
            if taken[given.worker] > self._cluster.workers.get(given.worker, math.inf):
                taken[given.worker] -= 1
                self._recall(key)
                return given.job
        return None

    def _take_back(self) -> None:
        """Have others do what workers had that are gone; what such a worker had begun counts as an attempt."""
        gone = {key: given for key, given in self._given.items() if given.worker not in self._cluster.workers}
        ended = set()
        for key, given in gone.items():
            self._recall(key)
            if given.worker in ended:
                self._waiting.put_back(given.worker, given.job)
            else:
                ended.add(given.worker)
                self._try_again(given, partial(worker_ended, worker=given.worker))

    def _recall(self, key: str) -> None:
        self._cluster.cancel([self._given.pop(key).future])

    def _try_again(self, given: _Given, error: Callable[[Task, int], WorkerError]) -> None:
        """Count an attempt at a job, and have it tried again unless it was the last one."""
        place, task = given.job
        self._died[place] += 1
        if self._died[place] > self._retries:
            self._fail(place, error(task, self._died[place]))
        else:
            self._waiting.put_back(given.worker, given.job)

    def _take(self, given: _Given, answer: Any) -> Iterator[tuple[int, Outcome]]:
        """Yield what was made of a job, if anything was; note how it failed, or have it tried again."""
        place, task = given.job
        found = pickle.loads(answer) if isinstance(answer, bytes) else answer  # noqa: S301 - our own worker's
        if isinstance(found, Outcome):
            yield place, found
        elif isinstance(found, Failure):
            self._fail(place, raised(found))
        elif isinstance(found, str):
            self._fail(place, WorkerError(found))
        elif isinstance(found, tuple):
            self._try_again(given, lambda task, times: lost(task, times, *found))
        elif isinstance(found, CancelledError):
            raise self._cluster.gone()
        elif type(found).__name__ == "KilledWorker":  # a scheduler that allows no failure says so before it is seen
            self._try_again(given, partial(worker_ended, worker=given.worker))
        else:
            self._fail(place, unfit(task, found))

    def _fail(self, place: int, error: Exception) -> None:
        """Note a failure; what comes after it need not be done, what comes before may fail as well."""
        self.failures[place] = error
        self._waiting.end_at(place)


def run(
    work: Work, jobs: Sequence[Job], watch: Watch | None, begun: Callable[[Task], None], declared: Compute
) -> Iterator[tuple[int, Outcome]]:
    """Do the jobs as `computing.run` says.

    Raises:
        WorkerError: when the cluster cannot be reached, goes away, or dies at a task.
    """
    with dask_client.connected(declared) as cluster:
        cluster.wait()
        tasks = _Run(cluster, shipment.pack(work, watch, declared.environment), jobs, declared.retries)
        yield from tasks.outcomes(begun)
    if tasks.failures:
        raise tasks.failures[min(tasks.failures)]


def unchanged() -> Callable[[Any], Any]:
    """Return a function that returns what it is given."""

    def unchanged(value: Any) -> Any:
        return value

    return unchanged


def performing() -> Callable[..., Any]:
    """Return what a worker does with a task: unpack our code, once, and have it do the rest (`dask_worker`)."""

    def perform(packed: tuple[Any, ...], name: str, task: bytes) -> Any:
        import importlib.util
        import io
        import os
        import sys
        import tempfile
        import zipfile

        from distributed import get_worker

        code, digest, *others = packed
        own = get_worker().local_directory
        folder = os.path.join(own, f"mainline-{digest}")
        if not os.path.isdir(folder):
            half = tempfile.mkdtemp(dir=own)
            zipfile.ZipFile(io.BytesIO(code)).extractall(half)
            try:
                os.rename(half, folder)
            except OSError:  # another thread was faster
                if not os.path.isdir(folder):
                    raise
        module = sys.modules.get(f"mainline_{digest}")
        if module is None:
            file = os.path.join(folder, "engine/src/mainline/stages/dask_worker.py")
            spec = importlib.util.spec_from_file_location(f"mainline_{digest}", file)
            module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
            spec.loader.exec_module(module)  # type: ignore[union-attr]
            sys.modules[f"mainline_{digest}"] = module
        return module.perform(folder, name, *others, task)

    return perform


def lost(task: Task, times: int, worker: str, status: int, taken: int, allowed: int) -> WorkerError:
    """Say that the process beside a worker died, or was ended, once too often."""
    if allowed and taken > dask_worker.FULL * allowed:
        cause = f"it took {taken:,} MiB of the {allowed:,} MiB that a worker may take. {_MEMORY}"
        return WorkerError(f"{task}: {count(times, 'process')} ended at it, the last at {worker}: {cause}")
    how = f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
    cause = f"one after another, the last at {worker} {how}. If memory is too small: {_MEMORY}"
    return WorkerError(f"{task}: {count(times, 'process')} died at it, {cause}")


def worker_ended(task: Task, times: int, worker: str) -> WorkerError:
    """Say that a worker itself died once too often."""
    return WorkerError(
        f"{task}: {count(times, 'worker')} died at it, one after another, the last at {worker}. Their memory is "
        f"probably too small for it. {_MEMORY}"
    )


def unfit(task: Task, error: BaseException) -> WorkerError:
    """Say that no worker could begin a task."""
    said = " ".join(str(error).split())[:300]
    return WorkerError(f"{task}: no worker can begin it ({type(error).__name__}: {said}). Look at a worker's log.")
