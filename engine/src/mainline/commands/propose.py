"""Commit what changed, and open its pull request."""

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("branch", help="a branch of the machine's own; it is overwritten")


def run(arguments: argparse.Namespace) -> str:
    """Open or update a pull request that has the report as its text."""
    from mainline.github import proposal  # which imports what reads data, for which `--help` need not wait

    return proposal.propose(arguments.branch)
