"""Let a version's rollout pass an approval step."""

import argparse

from mainline import usage
from mainline.rollout import approvals


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("version", help="such as v1.1.0")
    usage.add_environment(parser)
    parser.add_argument("--step", type=int, metavar="N", help="which one, if there are several")


def run(arguments: argparse.Namespace) -> str:
    """Write down a person's word, as a tag that every follower reads.

    Raises:
        MainlineError: when there is no such version or step, or several and none was named.
    """
    return approvals.approve(arguments.version, arguments.environment, arguments.step)
