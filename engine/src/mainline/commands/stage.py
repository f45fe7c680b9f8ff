"""Run one stage without DVC, for a debugger."""

import argparse
import os
import sys
from importlib.util import find_spec
from pathlib import Path

from mainline.errors import MainlineError, nearest
from mainline.stages.harness import DEBUG, PINNED

INSTALL = "engine/run main pip install debugpy"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("name", metavar="NAME", help="a stage of dvc.yaml, such as prepare")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--debug", action="store_true", help="where it fails, look around in Python's debugger")
    how.add_argument("--listen", type=int, metavar="PORT", help="wait there for an editor's debugger (debugpy)")


def run(arguments: argparse.Namespace) -> str:
    """Become the stage, on the outputs that the stages before it left; `dvc.lock` stays as it is.

    Raises:
        MainlineError: when there is no such stage, or no debugpy to listen with.
    """
    known = stages()
    if arguments.name not in known:
        raise MainlineError(f"dvc.yaml has no stage '{arguments.name}'; {nearest(arguments.name, known)}")
    more = {DEBUG: "1"} if arguments.debug else {}
    words = command(arguments.name, arguments.listen)
    sys.stdout.flush()
    os.execve(sys.executable, words, {**os.environ, **PINNED, **more})  # noqa: S606 - this Python, no shell


def stages() -> list[str]:
    """Name the stages that the machinery has."""
    return sorted(folder.name for folder in Path("engine/stages").iterdir())


def command(name: str, port: int | None) -> list[str]:
    """Return the command that runs a stage, behind a debugger that waits at a port if one is named.

    Raises:
        MainlineError: when that debugger is not installed.
    """
    if port is None:
        return [sys.executable, "-m", "mainline.stages", name]
    if find_spec("debugpy") is None:
        raise MainlineError(f"debugpy is not installed here: `{INSTALL}`, then the same again.")
    print(f"{name} waits for a debugger to attach to 127.0.0.1:{port}.")
    listen = ["-Xfrozen_modules=off", "-m", "debugpy", "--listen", f"127.0.0.1:{port}", "--wait-for-client"]
    return [sys.executable, *listen, "-m", "mainline.stages", name]
