"""Prepare the revert to a version, or assign it at once."""

import argparse

from mainline.release import rollback


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("version", nargs="?", help="such as v1.0.0; without it the one before")
    parser.add_argument("--environment", default="production", metavar="NAME", help="the one that has the bad version")
    parser.add_argument("--now", action="store_true", help="assign it before the revert is merged")


def run(arguments: argparse.Namespace) -> str:
    """Go back, by a revert to be merged or at once."""
    back = rollback.assign_now if arguments.now else rollback.prepare
    return back(arguments.version, arguments.environment)
