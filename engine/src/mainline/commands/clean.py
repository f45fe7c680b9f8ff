"""Show objects of the store that nothing needs."""

import argparse

from mainline.remote import garbage
from mainline.remote.stores import open_remote


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--yes", action="store_true", help="remove what is shown")
    parser.add_argument("--older-than", type=float, default=7.0, metavar="DAYS", help="keep what is younger")


def run(arguments: argparse.Namespace) -> str:
    """Show what nothing needs, and remove it if that is asked for.

    Raises:
        MainlineError: when it cannot be told what is needed; then nothing is removed.
    """
    days = arguments.older_than
    unneeded = garbage.clean(open_remote(), days, arguments.yes)
    count, size = len(unneeded.sizes), f"{unneeded.total / 1e6:.1f} MB"
    young = f" {unneeded.young} more are younger than {days:g} days and stay." if unneeded.young else ""
    kept = f"{unneeded.kept} objects are needed by versions, branches, tags or the workspace."
    if not count:
        return f"{kept} There is nothing to clean.{young}"
    if not arguments.yes:
        return f"{kept} {count} are not ({size}); `./mainline clean --yes` removes them.{young}"
    return f"{kept} {count} others were removed ({size}).{young}"
