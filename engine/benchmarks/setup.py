"""From nothing to an environment: our set-up beside plain pip, which installs the same files of the same lock in order.

Both begin with an empty cache, so most of the time is the network's. pip is told to resolve nothing (`--no-deps`):
without that it stops on the day when something that is asked for with an extra has a newer version. Neither compiles.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from benchmarks import measure
from tests.project import ROOT

INSTALL = ROOT / "requirements/install.sh"


def seconds(command: Sequence[str | Path], cache: Path) -> float:
    """The wall time of a command whose caches are in one folder."""
    kept = {name: value for name, value in os.environ.items() if name not in measure.UNWANTED}
    environment = {**kept, "PIP_CACHE_DIR": str(cache / "pip"), "UV_CACHE_DIR": str(cache / "uv")}
    begin = time.perf_counter()
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return time.perf_counter() - begin


def ours(folder: Path, lock: str, cache: Path) -> float:
    """Set up from a lock; again, if the folder is there."""
    return seconds([INSTALL, folder, ROOT / f"requirements/{lock}.txt", "--mark", folder / ".ready-x"], cache)


def plain(folder: Path, lock: str, cache: Path) -> float:
    """Set up as people did before: an environment, and pip."""
    made = seconds([sys.executable, "-m", "venv", folder], cache)
    pip: list[str | Path] = [
        folder / "bin/python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-compile",
        "--require-hashes",
    ]
    return made + seconds([*pip, "--requirement", ROOT / f"requirements/{lock}.txt"], cache)


def size(folder: Path) -> float:
    """The size of a folder in MB."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def main() -> None:
    """Measure both in turn and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    names = ("main", "dev")
    found: dict[tuple[str, str], list[float]] = {}
    sizes = {}
    for number in range(1, rounds + 1):
        for lock in names:
            measure.say(f"run {number} of {rounds}: {lock}.txt")
            with tempfile.TemporaryDirectory(prefix="mainline-bench-") as scratch:
                place = Path(scratch)
                kinds: dict[str, Callable[[], float]] = {
                    "ours, empty cache": partial(ours, place / "ours", lock, place / "cache"),
                    "ours, again": partial(ours, place / "ours", lock, place / "cache"),
                    "ours, cache": partial(ours, place / "second", lock, place / "cache"),
                    "pip, empty cache": partial(plain, place / "pip", lock, place / "cache"),
                }
                for kind, run in kinds.items():
                    found.setdefault((lock, kind), []).append(run())
                sizes[lock] = size(place / "ours")
    rows = []
    for lock in names:
        of = {kind: values for (which, kind), values in found.items() if which == lock}
        ratio = measure.ratios(of["pip, empty cache"], of["ours, empty cache"])
        rows.append([f"{lock}.txt, {sizes[lock]:,.0f} MB", *(measure.spread(values, ".1f") for values in of.values()),
                     measure.spread(ratio, ".1f")])  # fmt: skip
    measure.table("Set-up, seconds", ["", *kinds, "pip / ours"], rows)


if __name__ == "__main__":
    main()
