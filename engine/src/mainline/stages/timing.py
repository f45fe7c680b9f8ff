"""The cost of a stage's run: written to a place that git ignores, until `mainline.runs` keeps it beside the lock."""

import json
import resource
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

RUNS = Path(".dvc/tmp/runs")


def write(stage: str, started: float) -> None:
    """Write when a stage started, how long it took, with its workers, and the peak of memory of the largest process.

    Args:
        stage: the stage that has just done its work in this process.
        started: when, in seconds since 1970.
    """
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    peak = max(each.ru_maxrss for each in used)
    measured = {
        "stage": stage,
        "started": datetime.fromtimestamp(started, UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "seconds": round(time.time() - started, 1),
        "cpu_seconds": round(sum(each.ru_utime + each.ru_stime for each in used), 1),
        "peak_memory_mib": round(peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)),
    }
    RUNS.mkdir(parents=True, exist_ok=True)
    temporary = RUNS / f"{stage}.partial"
    temporary.write_text(json.dumps(measured), encoding="utf-8")
    temporary.replace(RUNS / f"{stage}.json")
