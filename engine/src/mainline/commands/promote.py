"""Release what is on main: register, push, sign, assign."""

import argparse

from mainline.release import promotion as releases


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("environment", nargs="?", help="one that waits for a person: give it what is before it")


def run(arguments: argparse.Namespace) -> str:
    """Release what is on main; or give an environment that waits for a person what the one before it has.

    Raises:
        MainlineError: when nothing may be released; then nothing was.
    """
    if arguments.environment is None:
        return releases.promote()
    return releases.approve(arguments.environment)
