"""Tasks that are done at the same time on a cluster of Dask: each at a worker of its own, as far as workers go."""

import pickle
import queue
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from mainline.declared.compute import Compute
from mainline.errors import WorkerError
from mainline.stages import dask_client, dask_cluster, shipment
from mainline.stages.attempts import Answer, Attempt, Lost, gathered, told
from mainline.stages.dask_client import Cluster
from mainline.stages.entries import Entry
from mainline.stages.failures import Failure
from mainline.stages.tasks import Outcome, Task, Work

_POLL = 0.2  # seconds


@contextmanager
def reached(declared: Compute) -> Iterator[Attempt]:
    """Reach the cluster, and offer what does tasks there once."""
    with dask_client.connected(declared) as cluster:

        def attempt(work: Work, tasks: Sequence[Task]) -> dict[int, Answer]:
            return _Attempt(cluster, declared, tasks).answers(work)

        yield attempt


class _Attempt:
    """Tasks that are at workers, each at one."""

    def __init__(self, cluster: Cluster, declared: Compute, tasks: Sequence[Task]) -> None:
        self._cluster, self._declared, self._tasks = cluster, declared, tasks
        self._workers = cluster.enough(len(tasks))
        self._places: dict[str, int] = {}
        self._futures: list[Any] = []
        self._queue: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()

    def answers(self, work: Work) -> dict[int, Answer]:
        """Ask each worker for a free port, then give it its task; nobody works on any of it afterwards."""
        packed = shipment.pack(work, None, self._declared.environment)
        name = f"mainline-{packed.digest}-{uuid.uuid4().hex}"  # for processes that know nothing of a lost attempt
        hosts = [str(urlsplit(worker).hostname) for worker in self._workers]
        try:
            for place, host in enumerate(hosts):
                self._send(place, _free_port(), host)
            ports = gathered(lambda: self._arrived(_as_port), len(hosts))
            if not all(isinstance(port, Outcome) for port in ports.values()):
                return ports
            addresses = [(host, int(ports[place].entry.report)) for place, host in enumerate(hosts)]  # type: ignore[union-attr]
            self._futures.append(self._cluster.submit(dask_cluster.unchanged(), tuple(packed), key=name))
            sent = self._futures[-1]
            for place, task in enumerate(told(self._tasks, addresses)):
                self._send(place, dask_cluster.performing(), sent, name, pickle.dumps((task, task.inputs())))
            return gathered(lambda: self._arrived(_as_answer), len(hosts))
        finally:
            self._cluster.cancel(self._futures)

    def _send(self, place: int, function: Callable[..., Any], *arguments: Any) -> None:
        key = f"{self._tasks[place].name.replace(' ', '_')}-{uuid.uuid4().hex}"
        future = self._cluster.submit(function, *arguments, key=key, worker=self._workers[place])
        self._places[key] = place
        self._futures.append(future)
        self._cluster.deliver(future, self._queue)

    def _arrived(self, read: Callable[[Task, str, Any], Answer]) -> Iterator[tuple[int, Answer]]:
        """Yield the answer that came, if one did, and whose worker is gone."""
        try:
            key, answer = self._queue.get(timeout=_POLL)
        except queue.Empty:
            self._cluster.check()
        else:
            if key in self._places:
                place = self._places.pop(key)
                yield place, read(self._tasks[place], self._workers[place], answer)
        for key, place in [*self._places.items()]:
            if self._workers[place] not in self._cluster.workers:
                del self._places[key]
                yield place, _gone(self._tasks[place], self._workers[place])


def _free_port() -> Callable[[str], int]:
    """Return what finds a port on which nothing listens at this moment; nested, so that it travels by value."""

    def free_port(host: str) -> int:
        import socket

        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as found:
            found.bind((host, 0))
            return int(found.getsockname()[1])

    return free_port


def _as_port(task: Task, worker: str, answer: Any) -> Answer:
    return Outcome(Entry({}, answer)) if isinstance(answer, int) else _as_answer(task, worker, answer)


def _as_answer(task: Task, worker: str, answer: Any) -> Answer:
    """Read what a worker returned, or the exception that its task ended with."""
    found = pickle.loads(answer) if isinstance(answer, bytes) else answer  # noqa: S301 - our own worker's
    match found:
        case Outcome() | Failure():
            return found
        case str():
            return Failure(WorkerError(found), "")
        case tuple():
            return Lost(lambda times: dask_cluster.lost(task, times, *found))
    if type(found).__name__ in ("KilledWorker", "CancelledError"):
        return _gone(task, worker)
    return Failure(dask_cluster.unfit(task, found), "")


def _gone(task: Task, worker: str) -> Lost:
    return Lost(partial(dask_cluster.worker_ended, task, worker=worker))
