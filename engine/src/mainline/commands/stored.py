"""Check that the store has what a pull request names."""

import argparse

from mainline.github import availability


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--run", type=int, required=True, metavar="ID", help="the workflow run")
    parser.add_argument("--head", required=True, metavar="COMMIT", help="the commit that GitHub says the run was of")


def run(arguments: argparse.Namespace) -> str:
    """Look for every object of a commit's lock, and set the check."""
    return availability.check(arguments.run, arguments.head)
