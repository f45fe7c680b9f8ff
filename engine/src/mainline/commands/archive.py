"""Decommission a version; it is kept for audit."""

import argparse

from mainline.release.archive import archive


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("version", help="such as v1.0.0")
    parser.add_argument("--reason", default="", metavar="TEXT", help="for those who look later")


def run(arguments: argparse.Namespace) -> str:
    """Let a version be assigned no more."""
    return archive(arguments.version, arguments.reason)
