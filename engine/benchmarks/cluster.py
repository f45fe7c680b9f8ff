"""The stages that work on partitions in one process and on workers of Dask: `python -m benchmarks.cluster 1x12 2`.

Scheduler and workers are processes of this machine, reached over TCP. Nothing is reused: each run computes every month.
"""

import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

import psutil

from benchmarks import growth, measure
from benchmarks.measure import Cost
from mainline.declared.compute import FILE
from tests import dask_cluster
from tests.dask_cluster import Cluster
from tests.project import Project

RUNS = 2
STAGES = ("validate", "prepare")
Made = dict[str, dict[str, bytes]]
"""The content of each file, by where it was computed."""
Taken = tuple[float, int, int]
"""CPU seconds of the cluster, and the peaks in MiB of a worker and of the process beside one."""
OUTPUTS = ("data/validated", "data/quarantine", "data/tables", "data/features", "metrics")


def main() -> None:
    """Measure both ways in turn; print their costs, what the workers took, and whether the bytes are the same."""
    copies, months = map(int, sys.argv[1].split("x"))
    number = int(sys.argv[2])
    with (
        measure.workspace(growth.period(months)) as project,
        dask_cluster.running(project.path.parent / "cluster", number, "4GiB") as cluster,
    ):
        growth.scale(project, copies)
        measure.run(["engine/stage", "ingest"], project)
        made: Made = {}
        for stage in STAGES:
            taken: list[Taken] = []
            ways: Mapping[str, Callable[[], Cost]] = {
                f"{number} workers": partial(_on_cluster, project, stage, cluster, taken, made),
                "one process": partial(_here, project, stage, made),
            }
            measure.compare(f"{stage} at {copies}x{months}: the stage's own process", measure.in_turn(RUNS, ways))
            rows = [
                ["CPU time of scheduler and workers, s", measure.spread([cpu for cpu, _, _ in taken])],
                ["largest worker, MiB", measure.spread([worker for _, worker, _ in taken], ".0f")],
                ["largest process beside a worker, MiB", measure.spread([server for _, _, server in taken], ".0f")],
            ]
            measure.table(f"{stage}: the cluster", ["", "found"], rows)
        there, here = made["cluster"], made["here"]
        differ = [name for name in there.keys() | here.keys() if there.get(name) != here.get(name)]
        print(f"\n{len(here)} files compared, {len(differ)} differ")


def _here(project: Project, stage: str, made: Made) -> Cost:
    Path(project.path, FILE).unlink(missing_ok=True)
    cost = measure.run(["engine/stage", stage], project)
    made["here"] = _outputs(project)
    return cost


def _on_cluster(project: Project, stage: str, cluster: Cluster, taken: list[Taken], made: Made) -> Cost:
    Path(project.path, FILE).write_text(cluster.declared(), encoding="utf-8")
    before = {process.pid: _cpu(process) for process in cluster.processes()}
    cost = measure.run(["engine/stage", stage], project)
    processes = cluster.processes()
    servers = dask_cluster.servers(cluster)  # they stay for a while
    cpu = sum(_cpu(process) - before.get(process.pid, 0) for process in processes)
    workers = [dask_cluster.worker_of(server) for server in servers]
    taken.append((cpu, max(map(_peak, workers)), max(map(_peak, servers))))
    made["cluster"] = _outputs(project)
    return cost


def _outputs(project: Project) -> dict[str, bytes]:
    files = [file for place in OUTPUTS for file in (project.path / place).rglob("*") if file.is_file()]
    return {file.relative_to(project.path).as_posix(): file.read_bytes() for file in files}


def _cpu(process: psutil.Process) -> float:
    with suppress(psutil.Error):
        return process.cpu_times().user + process.cpu_times().system
    return 0.0


def _peak(process: psutil.Process) -> int:
    """Return the most MiB that a process has taken."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) >> 10


if __name__ == "__main__":
    main()
