"""Prepare the revert to a version, or assign it at once."""

import argparse

from mainline.release import rollback


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("version", nargs="?", help="such as v1.0.0; without it the one before")
    parser.add_argument("--environment", default="production", metavar="NAME", help="the one that has the bad version")
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--now", action="store_true", help="assign it before the revert is merged")
    way.add_argument("--machinery", action="store_true", help="take the machinery that made it back, too")


def run(arguments: argparse.Namespace) -> str:
    """Go back, by a revert to be merged or at once."""
    if arguments.now:
        return rollback.assign_now(arguments.version, arguments.environment)
    return rollback.prepare(arguments.version, arguments.environment, arguments.machinery)
