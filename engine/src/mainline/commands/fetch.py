"""Get a released version's package, verified."""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from mainline.errors import MainlineError
from mainline.package import signing
from mainline.registry import clone, tags
from mainline.remote import artifacts, packages


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("version", help="such as v1.0.0")
    parser.add_argument("folder", nargs="?", type=Path, help="a new one; dist/VERSION without it")
    parser.add_argument("--environment", help="take it from the container registry that this one declares, if it can")
    parser.add_argument("--signed", action="store_true", help="refuse a package that nobody signed")


def run(arguments: argparse.Namespace) -> str:
    """Bring the package into a folder."""
    folder = arguments.folder or Path("dist") / arguments.version
    return fetch(arguments.version, folder, arguments.signed, arguments.environment)


def fetch(name: str, folder: Path, signed: bool = False, environment: str | None = None) -> str:
    """Copy a version's package into a new folder; it appears there when it was verified, or not at all.

    Args:
        name: the version, such as v1.2.0.
        folder: one that does not exist yet.
        signed: refuse one that nobody signed.
        environment: whose container registry is asked first, if it declares one; why not from there goes to standard
            error.

    Raises:
        MainlineError: when there is no such version, storage does not have it as it was released, or its signature is
            wrong.
    """
    if folder.exists():
        raise MainlineError(f"{folder} exists; name a folder that does not.")
    clone.check(tags.read())
    version = tags.find(name)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder.parent) as scratch:
        if environment is None:
            found, problem = packages.fetch(version, Path(scratch)), ""
        else:
            found, problem = artifacts.fetch(version, Path(scratch), environment)
        if problem:
            print(problem, file=sys.stderr, flush=True)
        said = _signature(version, found, signed)
        shutil.move(found, folder)
    return f"{folder} holds {name}, as it was released; {said}."


def _signature(version: tags.Version, package: Path, signed: bool) -> str:
    release = version.release
    by = signing.check(package, release.signature if release else None, signed)
    return f"signed by {by}" if by else "it is not signed"
