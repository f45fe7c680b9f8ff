"""Post a pull request's findings, and set its check."""

import argparse

from mainline.github import comment


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--run", type=int, required=True, metavar="ID", help="the workflow run")
    parser.add_argument("--head", required=True, metavar="COMMIT", help="the commit that GitHub says the run was of")


def run(arguments: argparse.Namespace) -> str:
    """Post one comment, or update it, and set the check."""
    return comment.post(arguments.run, arguments.head)
