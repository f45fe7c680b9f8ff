"""Roll out here what git assigns to an environment."""

import argparse

from mainline import usage
from mainline.exchange import place
from mainline.registry import addresses
from mainline.rollout import follower


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("url", nargs="?", help="the repository, or its folder; origin without it")
    usage.add_environment(parser)
    usage.add_state(parser)
    parser.add_argument("--attached", action="store_true", help="end when standard input is closed")


def run(arguments: argparse.Namespace) -> str:
    """Follow a repository until told to stop.

    Raises:
        MainlineError: when another follower works in the folder, or what it kept cannot be used.
    """
    url = addresses.followed(arguments.url)
    folder = place.folder(arguments.environment, arguments.state)
    follower.run(url, arguments.environment, folder, arguments.attached)
    return "Stopped."
