"""Commit on a pull request the lock that its run offered."""

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("pull", type=int, metavar="NUMBER", help="the pull request")


def run(arguments: argparse.Namespace) -> str:
    """Commit the offered lock on the pull request's branch, and push it."""
    from mainline.github import repair  # which imports what reads data, for which `--help` need not wait

    return repair.commit_lock(arguments.pull)
