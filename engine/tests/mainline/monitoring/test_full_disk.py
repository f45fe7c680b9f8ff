"""A disk that is full while the log is rolled up and production is looked at: one line, and totals that are right.

A real one is a small tmpfs in a mount namespace of its own, which needs no rights where the system lets users have one.
"""

import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mainline.errors import MainlineError
from mainline.monitoring import packages, rollup
from mainline.monitoring.packages import Packaged
from mainline.monitoring.store import Store
from tests.mainline.monitoring import logs
from tests.mainline.monitoring import month as months
from tests.project import LIMIT, Project

SMALL = ["unshare", "--map-root-user", "--mount"]

LOOKS = """
import contextlib, io, json, subprocess, sys
from pathlib import Path
from mainline.__main__ import main

disk, log = map(Path, sys.argv[1:3])

def mount(*options):
    subprocess.run(["mount", *options, str(disk)], check=True)

def look():
    told = io.StringIO()
    with contextlib.redirect_stderr(told), contextlib.redirect_stdout(io.StringIO()):
        places = ["--logs", str(log), "--store", str(disk / "store")]
        status = main(["monitor", *places, "--until", "2013-05-01T00:00:00Z"])
    return status, told.getvalue().splitlines()

def found():
    document = json.loads((disk / "store/report/monitoring.json").read_bytes())
    records = [json.loads(file.read_bytes()) for file in sorted((disk / "store/files").glob("*.json"))]
    alarms = [json.loads(line)["event"] for line in (disk / "store/alarms.jsonl").read_text().splitlines()]
    left = [str(file) for file in disk.rglob("*.partial")] + [str(file) for file in disk.glob("store/scratch/*")]
    return {"document": document, "records": records, "alarms": alarms, "left": left}

for size in sys.argv[3:]:
    mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs")
    status, told = look()
    mount("-o", "remount,size=100m")
    again, _ = look()
    print(json.dumps({"size": size, "status": status, "told": told, "again": again, "found": found()}), flush=True)
    subprocess.run(["umount", str(disk)], check=True)
"""


@pytest.fixture(scope="module")
def look(small_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Look at production from disks of some sizes; return for each what was said, and what a look says with room."""
    if subprocess.run([*SMALL, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this system lets nobody mount a small disk")
    folder = tmp_path_factory.mktemp("full")
    (folder / "disk").mkdir()
    (packaged,) = packages.find([small_project.path / "models/package"]).values()
    month = months.read(packaged, small_project.path).change(dep_delay=lambda values: values / 60)
    day = month.moment // 1440
    for number, one in enumerate(np.unique(day)[:3]):
        months.write_log(month.choose(day == one), folder / "log", writer=f"abcdef0{number}")
    (folder / "looks.py").write_text(LOOKS)

    def run(*sizes: str) -> list[dict[str, Any]]:
        called = [*SMALL, sys.executable, "-P", str(folder / "looks.py"), str(folder / "disk"), str(folder / "log")]
        ended = subprocess.run(
            [*called, *sizes], cwd=small_project.path, env=small_project.environment(), check=False,
            capture_output=True, text=True, timeout=LIMIT,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr
        return [json.loads(line) for line in ended.stdout.splitlines()]

    return run


def check(looks: list[dict[str, Any]], whole: dict[str, Any]) -> None:
    """Hold what was said on full disks, and what came of it, to a look with room."""
    for one in looks:
        told = [line for line in one["told"] if line.startswith("mainline: ")]
        assert (one["status"], len(told), "Traceback" in str(one["told"])) == (2, 1, False), one["told"]
        assert "No space left on device" in told[0], told
        assert one["again"] == whole["again"]
        assert one["found"] == whole["found"], one["size"]


def test_full_disk_is_one_line_and_totals_are_right_once_there_is_room(look: Any) -> None:
    """While a file is copied, while its rows are written, and after that: the look with room is as any other."""
    whole, *full = look("100m", "64k", "256k", "384k")
    assert (whole["status"], whole["found"]["left"]) == (1, [])
    check(full, whole)


@pytest.mark.slow
def test_disk_that_is_full_at_any_write_leaves_totals_right(look: Any) -> None:
    """In steps of 64 KB up to a disk that is large enough."""
    whole, *full = look("100m", *(f"{step * 64}k" for step in range(1, 16)))
    enough = next(place for place, one in enumerate(full) if one["status"] == whole["status"])
    check(full[:enough], whole)
    assert enough > 5


def test_rows_that_cannot_be_written_are_said_of_the_store(
    log: Path, store: Store, packaged: Packaged, lines: list[dict[str, Any]]
) -> None:
    """Where rows meet a full device, the line names store and reason, not the log; the next run rolls up once."""
    logs.write(log, logs.encode(*lines))
    known = {packaged.digest: packaged}
    first = Store(store.folder.with_name("first"))
    rollup.roll(log, first, known)
    (record,) = first.records().values()
    rows = store.folder / record.days[0].columns
    full = rows.with_name(f".{rows.name}.partial")
    full.parent.mkdir(parents=True)
    full.symlink_to("/dev/full")
    with pytest.raises(MainlineError, match=r"store cannot be written \(No space left on device\)\. What is rolled"):
        rollup.roll(log, store, known)
    assert store.records() == {}
    full.unlink(missing_ok=True)
    assert rollup.roll(log, store, known).rows == len(lines)


def test_copy_that_cannot_be_written_is_said_of_the_store(
    log: Path, store: Store, packaged: Packaged, lines: list[dict[str, Any]]
) -> None:
    """Where the system takes no more of the copy of a file that is still written, the line is the same."""
    path = logs.write(log, logs.encode(*lines))
    known = {packaged.digest: packaged}
    _, most = before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size // 2, most))
    try:
        with pytest.raises(MainlineError, match=r"store cannot be written \(File too large\)\. What is rolled"):
            rollup.roll(log, store, known)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert store.records() == {}
    assert rollup.roll(log, store, known).rows == len(lines)
