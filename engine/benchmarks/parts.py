"""Run DVC or one stage and write where its own CPU time went: `python -m benchmarks.parts FILE dvc|STAGE`."""

import json
import resource
import sys
import time
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any

_FRAMES = ("read_frame", "decode_frame", "write_frame", "encode_frame")
TABLES = (*_FRAMES, "read_columns", "write_columns", "encode_columns")


def of_dvc() -> dict[str, float]:
    """Run `dvc repro` in this process: its own CPU time, without that of the stages it starts."""
    from dvc.cli import main

    if main(["repro"]) != 0:
        sys.exit(1)
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {"dvc": used.ru_utime + used.ru_stime}


def of_stage(name: str) -> dict[str, float]:
    """Run a stage: CPU time of its start and imports, and of reading and writing tables."""
    files = _count_tables()
    stage = import_module(f"mainline.stages.{name}")
    from mainline.declared.params import load

    imports = time.process_time()
    getattr(stage, name)(load())
    return {"imports": imports, "files": sum(files), "work": time.process_time() - imports - sum(files)}


def _count_tables() -> list[float]:
    """Time the functions that read and write tables, before the stage imports them."""
    from mainline.data import storage

    times: list[float] = []

    def timed(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def call(*arguments: Any, **options: Any) -> Any:
            started = time.process_time()
            try:
                return function(*arguments, **options)
            finally:
                times.append(time.process_time() - started)

        return call

    for name in TABLES:
        setattr(storage, name, timed(getattr(storage, name)))
    return times


if __name__ == "__main__":
    found = of_dvc() if sys.argv[2] == "dvc" else of_stage(sys.argv[2])
    Path(sys.argv[1]).write_text(json.dumps(found))
