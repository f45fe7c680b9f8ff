"""Send the objects of dvc.lock to the store."""

import argparse

from mainline.remote import collection, objects, transfer
from mainline.remote.stores import open_remote


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--all", action="store_true", help="what every version, branch and tag names, from any store")


def run(arguments: argparse.Namespace) -> str:
    """Send what the store lacks; hashed before, read back after.

    Raises:
        StorageError: when one of the objects is sound nowhere, or does not arrive.
    """
    if arguments.all:
        return collection.push()
    there = open_remote()
    sent = transfer.push(objects.of_workspace())
    said = f"{sent} objects were sent, and read back." if sent else "The store has everything that dvc.lock names."
    return "\n".join(filter(None, [said, collection.told(there)]))
