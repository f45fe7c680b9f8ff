"""The cost of running a package, measured in a process of its own that loads nothing else."""

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# Nothing of ours is imported here: what this module loads counts as memory of every package.
ROWS, ROUNDS, REPEATS = 1000, 3, 5
ENOUGH = 0.2
"""Seconds of processor time over which one process predicts at least: a tiny model does so more often."""
LIMIT = 600.0
"""Seconds that one measurement may take; a few are usual."""


@dataclass(frozen=True)
class Cost:
    """A package's cost on the gate's machine: microseconds a row, bytes on disk, MiB of memory."""

    predict_microseconds: float
    size_bytes: int
    memory_mib: float


def measure(*packages: Path) -> list[Cost] | None:
    """Measure packages in turn, several times each; None if one does not run.

    Of the times the fastest counts: other work on the machine only ever adds to one, also to the processor's own, by
    what it pushes out of the caches. Of the memory the median does.
    """
    rounds = [[_measure_apart(package) for package in packages] for _ in range(ROUNDS)]
    if any(found is None for row in rounds for found in row):
        return None
    return [_typical([row[index] for row in rounds if row[index]]) for index in range(len(packages))]  # type: ignore[misc]


def _typical(found: list[Cost]) -> Cost:
    return Cost(
        min(cost.predict_microseconds for cost in found),
        found[0].size_bytes,
        statistics.median(cost.memory_mib for cost in found),
    )


def _measure_apart(package: Path) -> Cost | None:
    from mainline import children, processes

    command = children.command("mainline.gate.footprint", str(package))
    try:
        finished = processes.run(command, LIMIT, text=True, env=children.without_secrets())
    except subprocess.TimeoutExpired:
        return None
    return Cost(**json.loads(finished.stdout)) if finished.returncode == 0 else None


def fastest(work: Callable[[], object]) -> float:
    """Return the seconds of processor time that work takes at its fastest, of several times and `ENOUGH` of them."""
    taken: list[float] = []
    while len(taken) < REPEATS or sum(taken) < ENOUGH:
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return min(taken)


def _measure_here(package: Path) -> dict[str, float]:
    from mainline.package import manifest
    from mainline.package.predictor import Predictor

    predictor = Predictor.load(package)
    golden = json.loads((package / "golden.json").read_text(encoding="utf-8"))["requests"]
    rows = (golden * (ROWS // len(golden) + 1))[:ROWS]
    predictor.predict(rows)
    seconds = fastest(lambda: predictor.predict(rows))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "predict_microseconds": seconds / ROWS * 1e6,
        "size_bytes": manifest.size(package),
        "memory_mib": peak / (1 << 20 if sys.platform == "darwin" else 1 << 10),
    }


if __name__ == "__main__":
    print(json.dumps(_measure_here(Path(sys.argv[1]))))
