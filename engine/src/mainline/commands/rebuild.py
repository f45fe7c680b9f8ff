"""Make a version's artifacts again, and push them."""

import argparse
import os
import tempfile
from pathlib import Path

from mainline import children, processes, progress
from mainline.errors import MainlineError
from mainline.registry import origin, publication, tags
from mainline.registry.tags import Version
from mainline.release import archive, forgotten
from mainline.remote import listings, objects, transfer
from mainline.remote.objects import Output
from mainline.remote.store import StorageError, Store
from mainline.remote.stores import open_cache
from mainline.repository import checkout
from mainline.repository.git import GitError, ask, git

LOCK = "requirements/pipeline.txt"
"""The libraries that the bytes of data and model depend on."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("version", help="such as v1.0.0")


def run(arguments: argparse.Namespace) -> str:
    """Run the pipeline of a version's commit in a clone, and push what its lock names into today's store.

    What is there is used; only what is lost runs. Libraries are those of the commit's own lock.

    Raises:
        MainlineError: when its pipeline stops, or makes something else on this machine.
    """
    name = arguments.version
    publication.fetch()
    version = tags.find(name)
    require_forgotten(version)
    outputs = objects.of_commit(version.commit)
    here = open_cache()
    for output in outputs:
        here.remove(here.check(_known(output, here)).changed)  # DVC would take them for sound
    progress.say(transfer.take(outputs))
    with tempfile.TemporaryDirectory(prefix="mainline-rebuild-") as scratch:
        _run_pipeline(version.commit, Path(scratch) / "clone", Path(here.root))
    try:
        sent = transfer.push(outputs, thorough=True, version=name)
    except listings.LostError as error:
        raise MainlineError(
            f"{name} was run again, but {error.found}. This machine makes other bytes: run this on the kind of machine "
            f"that made {name}, or {_give_up(version)}"
        ) from error
    return f"{name} is whole: {sent} objects were sent to the store, and read back."


def require_forgotten(version: Version) -> None:
    """Refuse to bring back who was forgotten since.

    Raises:
        MainlineError: when the version was built with keys that are forgotten now.
    """
    if forgotten.is_older(version):
        raise MainlineError(
            f"{version.name} was built before keys were forgotten, and building it again would bring them back. "
            f"Release what is here, then `./mainline archive {version.name}`."
        )


def _give_up(version: Version) -> str:
    """Say how to go on without a version: what an environment has is replaced before it is archived."""
    leave_out = f"`./mainline archive {version.name}`."
    if not archive.holders(version):
        return f"leave it out: {leave_out}"
    return (
        "release what this machine makes: `make repro`, commit it to "
        f"{origin.branch()}, and `./mainline promote`, which names what a person has to accept. Then {leave_out}"
    )


def _known(output: Output, here: Store) -> list[str]:
    """List an output's objects, as far as the cache knows them."""
    try:
        return listings.expand([output], [here])
    except StorageError:
        return [output.oid]


def _run_pipeline(commit: str, clone: Path, cache: Path) -> None:
    """Run the pipeline of a commit in a clone that shares the cache."""
    git("clone", "--quiet", "--no-checkout", "--no-hardlinks", ".", str(clone))
    try:
        git("checkout", "--quiet", "--detach", commit, at=clone)
    except GitError as error:
        if not checkout.lfs_files():
            raise
        raise MainlineError(
            f"{error} `git lfs fetch --all` brings the files that Git LFS has of every commit."
        ) from error
    environment = {**os.environ, "PYTHONPATH": children.search_path(clone), "VENV": ".venv"}
    dvc = children.command("dvc")
    _run([*dvc, "config", "--local", "cache.dir", str(cache)], clone, environment)
    _run([*dvc, "checkout", "--allow-missing"], clone, environment)
    if ask("rev-parse", f"{commit}:{LOCK}") == ask("rev-parse", f"HEAD:{LOCK}"):
        _run([*dvc, "repro"], clone, environment)
    else:
        _run(["make", "repro"], clone, environment)  # it sets up the libraries of that time first


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> None:
    if processes.show(command, cwd=folder, env=environment) != 0:
        raise MainlineError(f"the rebuild stopped at `{' '.join(command[-3:])}`; its message is above.")
