"""Tasks one after another in this process, or side by side in others or on a cluster, as `compute.yaml` declares."""

from collections.abc import Callable, Iterable, Iterator

from mainline.declared.compute import Compute
from mainline.stages.tasks import Job, Outcome, Task, Watch, Work, perform


def run(
    work: Work, jobs: Iterable[Job], watch: Watch | None, begun: Callable[[Task], None], declared: Compute
) -> Iterator[tuple[int, Outcome]]:
    """Do the jobs and yield what came of each, in the order in which they end.

    An error is raised after all jobs before it were yielded, so it is the same one wherever the work is done.

    Args:
        work: what is done for each.
        jobs: in order; in one process each is asked for when the one before has ended.
        watch: what the work may reach; None if nobody asks.
        begun: told of each task when its work begins.
        declared: where it is done.
    """
    if declared.dask:
        jobs = [*jobs]
        if jobs:
            from mainline.stages import dask_cluster

            yield from dask_cluster.run(work, jobs, watch, begun, declared)
        return
    if declared.processes > 1:
        jobs = [*jobs]
        if len(jobs) > 1:
            from mainline.stages import pool  # here, since most runs need no other process

            yield from pool.run(work, jobs, watch, begun, declared)
            return
    for place, task in jobs:
        begun(task)
        yield place, perform(work, task, task.inputs(), watch)
