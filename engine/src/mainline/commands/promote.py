"""Release what is on main: register, push, sign, assign."""

import argparse
import tempfile
from pathlib import Path

from mainline.errors import MainlineError
from mainline.oci.access import RegistryError
from mainline.registry.tags import Version
from mainline.release import promotion as releases
from mainline.remote import artifacts
from mainline.repository import lock


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("environment", nargs="?", help="one that waits for a person: give it what is before it")


def run(arguments: argparse.Namespace) -> str:
    """Release what is on main; or give an environment that waits for a person what the one before it has.

    Raises:
        MainlineError: when nothing may be released; then nothing was. Or when its evidence cannot be published.
    """
    if arguments.environment is not None:
        said = releases.approve(arguments.environment)
        return f"{said}{_complete(said)}"
    said = releases.promote()
    version = releases.known(lock.package_at("HEAD"))
    said = f"{said}{_prove(version, said)}" if version else said
    return f"{said}{_complete(said)}"


def _complete(said: str) -> str:
    """Push what registries of containers lack; say what was sent, or nothing.

    Raises:
        MainlineError: when a registry does not take it; the version is assigned, and what was said of that is printed.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="mainline-promote-") as scratch:
            sent = artifacts.complete(Path(scratch))
    except RegistryError as error:
        print(said, flush=True)
        raise MainlineError(
            f"{error} What is assigned stays so, and servers get it from the store; `./mainline promote` tries again."
        ) from error
    return "".join(f"\n{line}" for line in sent)


def _prove(version: Version, said: str) -> str:
    """Publish the evidence of a version that has none; say so, or nothing.

    Raises:
        MainlineError: when that fails; the version is released, and what was said of that is printed.
    """
    from mainline.evidence import pack  # what it reads takes libraries that `--help` need not wait for

    try:
        return f"\n\nThe evidence of {version.name} is published, signed." if pack.published(version) else ""
    except MainlineError as error:
        print(said, flush=True)
        raise MainlineError(
            f"the evidence of {version.name} is not published: {error} `./mainline evidence {version.name} --publish` "
            "tries again."
        ) from error
