"""Fetch the objects of dvc.lock from the store."""

import argparse

from mainline.remote import collection, objects, transfer


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--all", action="store_true", help="into the cache, what every version, branch and tag names")
    parser.add_argument("--thorough", action="store_true", help="hash every object, also of files that did not change")


def run(arguments: argparse.Namespace) -> str:
    """Fetch what is lacking here; each object is checked.

    Raises:
        StorageError: when the store does not have one of the objects, or not as it was pushed.
    """
    if arguments.all:
        return collection.pull(arguments.thorough)
    fetched = transfer.pull(objects.of_workspace(), arguments.thorough)
    return f"{fetched} objects were fetched, and checked." if fetched else "Everything that dvc.lock names is here."
