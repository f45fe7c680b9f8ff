"""Compare the candidate here with production."""

import argparse

from mainline.text import clean


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--environment", metavar="NAME", help="whose version counts as production; each one's without it"
    )


def run(arguments: argparse.Namespace) -> str:
    """Examine the candidate, and return the conclusion.

    Raises:
        MainlineError: when the candidate fails, or something could not be told.
    """
    from mainline.gate import examination  # judging takes libraries that `--help` need not wait for

    return clean(examination.examine(arguments.environment).headline)
