"""Tasks that are done at the same time and speak with each other: all of them, or none.

Each is told the addresses of all. If one is lost, the others are ended and all begin again, as often as `retries` says.
"""

import socket
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import connection

from mainline import progress
from mainline.declared.compute import Compute
from mainline.errors import WorkerError
from mainline.model.boosting.network import UnreachedError
from mainline.stages import pool
from mainline.stages.attempts import GRACE, Answer, Attempt, Lost, gathered, told
from mainline.stages.entries import Entry
from mainline.stages.failures import Failure, raised
from mainline.stages.pool import Worker
from mainline.stages.tasks import Outcome, Task, Work

HERE = "127.0.0.1"


def run(work: Work, tasks: Sequence[Task], declared: Compute) -> list[Entry]:
    """Do tasks at once, in processes of this machine or on the declared cluster, and return what each wrote.

    Args:
        work: called with a task's inputs, its arguments, and the addresses of all, one for each task.
        tasks: what is done at the same time.
        declared: where.

    Raises:
        WorkerError: when processes were lost once too often, or the cluster is not there.
    """
    if not declared.dask:
        return _until_done(_attempt, work, tasks, declared)
    from mainline.stages import dask_gang

    with dask_gang.reached(declared) as attempt:
        return _until_done(attempt, work, tasks, declared)


def free_port(host: str = HERE) -> int:
    """Return a port on which nothing listens at this moment."""
    with socket.socket() as found:
        found.bind((host, 0))
        return int(found.getsockname()[1])


def _until_done(attempt: Attempt, work: Work, tasks: Sequence[Task], declared: Compute) -> list[Entry]:
    for times in range(1, declared.retries + 2):
        found = attempt(work, tasks)
        outcomes = [answer for _, answer in sorted(found.items()) if isinstance(answer, Outcome)]
        if len(outcomes) == len(tasks):
            return [outcome.entry for outcome in outcomes]
        lost = [answer.error(times) for answer in found.values() if isinstance(answer, Lost)]
        failed = [raised(answer) for _, answer in sorted(found.items()) if isinstance(answer, Failure)]
        error = next(iter([*lost, *failed]))
        if times > declared.retries or not (lost or isinstance(error, UnreachedError)):
            raise error
        progress.say(f"one of {len(tasks)} processes that fit together was lost; all begin this segment again")
    raise AssertionError("retries are never negative")


def _attempt(work: Work, tasks: Sequence[Task]) -> dict[int, Answer]:
    """Do tasks once, in a process of this machine each."""
    workers = [Worker() for _ in tasks]
    try:
        given = told(tasks, [(HERE, free_port()) for _ in tasks])
        for place, (worker, task) in enumerate(zip(workers, given, strict=True)):
            worker.give((place, task), work, None)
        return gathered(lambda: _answers(workers), len(tasks))
    finally:
        for worker in workers:
            worker.end()


def _answers(workers: Sequence[Worker]) -> Iterator[tuple[int, Answer]]:
    ready = connection.wait([worker.pipe for worker in workers if worker.job], timeout=GRACE)
    for worker in workers:
        if worker.job and worker.pipe in ready:
            (place, task), answer = worker.job, worker.answer()
            worker.job = None
            yield place, answer if answer is not None else Lost(_lost(task, worker.end(pool.PATIENCE)))


def _lost(task: Task, status: int) -> Callable[[int], WorkerError]:
    return lambda times: pool.lost(task, times, status)
