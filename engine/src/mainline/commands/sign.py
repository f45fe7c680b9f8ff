"""Sign a version after its release."""

import argparse
import tempfile
from pathlib import Path

from mainline.package import manifest, signing
from mainline.registry import publication, tags
from mainline.remote import packages


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("version", help="such as v1.0.0")


def run(arguments: argparse.Namespace) -> str:
    """Sign a version where the private key is; the signature counts once it is merged.

    Raises:
        MainlineError: when there is no such version or no key here, or its package is not to be had as it was released.
    """
    name = arguments.version
    publication.fetch()
    version = tags.find(name)
    with tempfile.TemporaryDirectory(prefix="mainline-sign-") as scratch:
        package = packages.fetch(version, Path(scratch))
        digest = manifest.verify(package)["digest"]
        file = signing.keep(package, digest)
    return (
        f"{file} signs {name}.\n"
        f"  git add {file} && git commit   and open a pull request: it counts everywhere once it is merged"
    )
