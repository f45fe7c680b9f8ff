"""Commit what changed, and open its pull request."""

import argparse

from mainline.github import propose


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("branch", help="a branch of the machine's own; it is overwritten")


def run(arguments: argparse.Namespace) -> str:
    """Open or update a pull request that has the report as its text."""
    return propose.propose(arguments.branch)
