"""Resolve a merge conflict in files of the pipeline."""

import argparse
from pathlib import Path

from mainline import progress
from mainline.errors import MainlineError
from mainline.pipeline.reproduction import reproduce
from mainline.remote import address
from mainline.repository import checkout, merge
from mainline.repository.git import git
from mainline.text import few


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--install", action="store_true", help="only register the merge driver in this clone")


def run(arguments: argparse.Namespace) -> str:
    """End a conflict, or install what avoids the next one."""
    return install() if arguments.install else resolve()


class UnsettledError(MainlineError):
    """A person has yet to say what the merged code or parameters are."""

    def __init__(self, paths: list[str]) -> None:
        super().__init__(
            f"{few(paths, 1)}: still in conflict. Only a person knows what the model shall be: edit, `git add`, then "
            "`./mainline resolve` again."
        )


def resolve() -> str:
    """Take one side of `dvc.lock` and `metrics/`, run the pipeline on the merged code, and add the result to git.

    Killed anywhere, the same command ends it.

    Raises:
        UnsettledError: when code or parameters are in conflict; nothing was touched.
        MainlineError: when the pipeline stopped.
    """
    checkout.require_repository()
    conflicts = merge.in_conflict()
    unsettled = merge.unsettled(conflicts)
    if unsettled:
        raise UnsettledError(unsettled)
    written = [path for path in conflicts if merge.is_written(path)]
    for path in written:
        merge.take(path, conflicts[path])
    progress.say(f"One side of {len(written)} generated files is taken; the pipeline makes them true.")
    said = reproduce()
    git("add", "--", *merge.WRITTEN)
    return f"{said}\n\ndvc.lock is true for the merged code and parameters. Commit it to end the merge."


def install() -> str:
    """Register the merge driver that `.gitattributes` names, and where the store is, in this clone only."""
    if not Path(".git").exists():  # an archive, or a folder in an image, needs its libraries all the same
        return "This is not a git repository, so no merge driver is needed."
    merge.register()
    address.settle()
    return "Merges keep one side of dvc.lock and metrics/; `make repro` after a merge makes them true."
