"""Rehearse release, rollout and rollback in a local copy."""

import argparse
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from mainline import usage
from mainline.errors import MainlineError
from mainline.repository import record
from mainline.repository.git import ask


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    usage.add_environment(parser)
    parser.add_argument(
        "--feature", nargs="?", const="", metavar="NAME",
        help="add this feature to a version that is trained without it, which fits twice; without NAME one that "
        "`./mainline explain` found to help",
    )  # fmt: skip
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="rehearse in this new folder and keep it")


def run(arguments: argparse.Namespace) -> str:
    """Rehearse what an environment declares, with the last commit's data and model, on this machine alone.

    `score` reads what is left on record.

    Raises:
        UnknownError: when no such environment is declared.
        MainlineError: when a part does not do what it should; then that is on record.
    """
    from mainline.declared import environments
    from mainline.rehearsal import drill  # libraries that `--help` need not wait for

    environments.choose(arguments.environment, environments.load_all())
    if arguments.keep is not None and arguments.keep.exists():
        raise MainlineError(f"{arguments.keep} exists; name a folder that does not.")
    begun = record.begin(committed=True)
    if begun is None:
        raise MainlineError("there is no commit to rehearse. Commit what is here first.")
    record.keep(record.REHEARSE, begun, {"result": "not finished, or it failed"})
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # the server of the copy ends with it
    folder = Path(tempfile.mkdtemp(prefix="mainline-rehearse-")) if arguments.keep is None else arguments.keep
    folder.mkdir(parents=True, exist_ok=True)
    try:
        found = drill.rehearse(folder, arguments.environment, arguments.feature)
    finally:
        if arguments.keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    lines = found.lines() | {"environment": arguments.environment, "result": record.REHEARSED}
    record.keep(record.REHEARSE, begun, lines)
    added = (
        f" The feature {found.feature} was added, fitted and released in {found.added:.0f} s." if found.feature else ""
    )
    note = " Uncommitted changes are not part of this." if ask("status", "--porcelain") else ""
    return (
        f"\nRehearsed: {found.answers:,} requests were answered and none failed, while a version took over by "
        f"{found.strategy} in {found.rolled_out:.0f} s and went again in {found.rolled_back:.0f} s. "
        f"Pauses were cut to seconds.{added}{note}"
    )
