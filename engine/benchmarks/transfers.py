"""CPU time and peak memory of push and pull, to a folder and to S3: `python -m benchmarks.transfers [MB]`.

The data are files of 21 MB and one of 200 MB. The S3 server runs on this machine; its own cost is not counted.
"""

import os
import shutil
import sys

from benchmarks import measure
from benchmarks.measure import Cost, say
from tests import object_store
from tests.project import Project

MEGABYTES = 1208
SMALL, LARGE = 21, 200
"""Megabytes of a file."""
Costs = dict[str, Cost]


def main() -> None:
    """Make the data, move it both ways with each kind of store, and print the table."""
    size = int(sys.argv[1]) if sys.argv[1:] else MEGABYTES
    with measure.workspace("2013-02") as project, object_store.serve() as bucket:
        _make(project, size)
        found = {"a folder": _both_ways(project, str(project.path.parent / "elsewhere"))}
        project.run("dvc", "remote", "add", "--local", "--default", "--force", "bucket", bucket.url("data"))
        options = {"endpointurl": bucket.endpoint, "access_key_id": object_store.KEY, "region": "us-east-1"}
        for name, value in {**options, "secret_access_key": object_store.SECRET}.items():
            project.run("dvc", "remote", "modify", "--local", "bucket", name, value)
        found["S3"] = _both_ways(project, "")
    rows = [
        [f"{name}, {kind}", f"{cost.cpu:.1f}", f"{cost.wall:.1f}", f"{cost.peak / 2**20:.0f}"]
        for kind, costs in found.items()
        for name, cost in costs.items()
    ]
    measure.table(f"Transfers of {size} MB", ["", "CPU s", "wall s", "peak MiB"], rows)


def _make(project: Project, size: int) -> None:
    say(f"making {size} MB")
    (project.path / "dvc.yaml").unlink()  # nothing of the pipeline is here
    folder = project.path / "data" / "large"
    folder.mkdir(parents=True)
    for number, megabytes in enumerate(
        [LARGE] * (size >= LARGE) + [SMALL] * ((size - LARGE * (size >= LARGE)) // SMALL)
    ):
        with (folder / str(number)).open("wb") as file:  # a child's peak counts what its parent held before
            file.writelines(os.urandom(1_000_000) for _ in range(megabytes))
    project.run("dvc", "add", "--quiet", "data/large")


def _both_ways(project: Project, folder: str) -> Costs:
    if folder:
        project.run("dvc", "remote", "add", "--local", "--default", "--force", "folder", folder)
    costs = {"push": _mainline(project, "push"), "push, nothing to send": _mainline(project, "push")}
    for place in (project.path / ".dvc/cache", project.path / "data/large"):
        shutil.rmtree(place)
    costs["pull"] = _mainline(project, "pull")
    _mainline(project, "pull")  # what was written a moment ago is hashed once more
    costs["pull, nothing to fetch"] = _mainline(project, "pull")
    costs["pull --thorough"] = _mainline(project, "pull", "--thorough")
    return costs


def _mainline(project: Project, *arguments: str) -> Cost:
    say(" ".join(arguments))
    return measure.run([sys.executable, "-P", "-m", "mainline", *arguments], project)


if __name__ == "__main__":
    main()
