"""Make a key pair that releases are signed with."""

import argparse

from mainline.package import signing


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("name", nargs="?", default="release", help="the name of the public key's file in deploy/keys")


def run(arguments: argparse.Namespace) -> str:
    """Make the pair, and say what is to be done with each.

    Raises:
        SignatureError: when there is one of that name.
    """
    private, public = signing.make_keys(arguments.name)
    return (
        f"Releases made here are signed from now on.\n"
        f"  private  {private} (cannot be committed; CI takes a file named by {signing.KEY})\n"
        f"  public   {public} (commit it: everybody verifies with it)\n"
        "To release nothing without a signature, set `signature: required` in deploy/production.yaml."
    )
