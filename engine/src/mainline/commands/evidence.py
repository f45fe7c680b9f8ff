"""Write a version's evidence: bill, cards, provenance."""

import argparse
from pathlib import Path

from mainline.errors import MainlineError


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("version", help="such as v1.1.0, or 7 or more digits of a package's digest")
    parser.add_argument("folder", nargs="?", type=Path, help="a new one; dist/evidence-VERSION without it")
    parser.add_argument("--unsigned", action="store_true", help="write it without a signature")
    parser.add_argument("--publish", action="store_true", help="put it where followers look, and write no folder")


def run(arguments: argparse.Namespace) -> str:
    """Write the pack of a released version into a folder, or publish it.

    Raises:
        MainlineError: when there is no such version or no key, or its package or data is not to be had.
    """
    from mainline.evidence import pack  # libraries that `--help` need not wait for
    from mainline.package import signing
    from mainline.registry import packs, publication

    if arguments.publish and (arguments.unsigned or arguments.folder):
        raise MainlineError("only a signed pack is published, and into no folder; leave the other out.")
    key = None if arguments.unsigned else signing.private_key()
    if key is None and not arguments.unsigned:
        raise MainlineError(
            f"there is no private key here. Run this where it is, or name its file ({signing.KEY}); `./mainline "
            "signing-key` makes one, and --unsigned does without."
        )
    publication.fetch()
    found, made = pack.make(arguments.version, key)
    version = found.lineage.version
    if arguments.publish:
        packs.publish(version, made)
        return f"The evidence of {version} is published: {len(made)} files, signed."
    folder = arguments.folder or Path("dist") / f"evidence-{version}"
    pack.write(folder, made)
    listed = [f"  {name:<24}{len(content):>9,} bytes" for name, content in sorted(made.items())]
    return "\n".join([f"{folder} holds the evidence of {version}, {'signed' if key else 'not signed'}:", *listed])
