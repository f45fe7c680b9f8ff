"""Both sides of a comparison, each in a process of its own; where one fails, the other is ended."""

import os
import subprocess
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from mainline import children, errand, processes
from mainline.errors import MainlineError
from mainline.stages.harness import PINNED

MACHINERY = "engine/src"


@dataclass(frozen=True)
class Side:
    """What runs in a folder: from which stage on (see `side.run`), on which share of the rows, and its name in errors.

    A folder that has machinery of its own runs that; any other the machinery that is here. One that is quiet shows no
    progress.
    """

    folder: Path
    first: str = ""
    share: float = 1.0
    quiet: bool = False
    name: str = ""


def run(sides: Sequence[Side]) -> None:
    """Run sides at the same time, two of them at most.

    Raises:
        MainlineError: with its own line when one fails; the others are ended and not waited for.
    """
    with ThreadPoolExecutor(2) as pool:
        try:
            started = [pool.submit(_run, one) for one in sides]
            for done in wait(started, return_when=FIRST_EXCEPTION).done:
                done.result()
        except BaseException:
            processes.close()
            raise


def _run(one: Side) -> None:
    own = one.folder / MACHINERY
    machinery = own if own.is_dir() else Path.cwd() / MACHINERY
    environment = children.environment() | PINNED
    environment["PYTHONPATH"] = os.pathsep.join(map(str, (machinery, one.folder / "src")))
    command = children.command("mainline.experiments.side", one.first, str(one.share), str(os.getpid()))
    output = {"stdout": subprocess.DEVNULL if one.quiet else None}
    done = processes.run(command, None, cwd=one.folder, env=environment, text=True, errors="replace", **output)
    if done.returncode != 0:
        refused, lines = errand.refusal(done.stderr)
        whose = f"{one.name}: " if one.name else ""
        if refused is not None:
            raise MainlineError(whose + refused)
        raise MainlineError("\n".join([f"{whose}a side ended with {done.returncode}.", *lines]))
