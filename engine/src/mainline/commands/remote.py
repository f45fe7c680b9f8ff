"""Declare the store, or try the declared one."""

import argparse

from mainline.remote import collection, declaration
from mainline.remote.stores import open_remote


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("url", nargs="?", help="a folder, or s3://bucket/prefix")
    parser.add_argument(
        "--endpoint", default="", metavar="URL", help="the address of a store that is compatible with S3"
    )
    parser.add_argument("--region", default="", help="the bucket's region, if its service asks for one")


def run(arguments: argparse.Namespace) -> str:
    """Declare a store, or try the one that is declared.

    Raises:
        MainlineError: when it does not work; then the old declaration stands.
    """
    url = arguments.url
    if url is None:
        return "\n".join(
            filter(None, [f"The declared store works: {declaration.probe()}", collection.told(open_remote())])
        )
    former = declaration.declare(url, arguments.endpoint, arguments.region)
    moved = f" The one before is kept as the remote '{former}', from which it is brought." if former else ""
    return (
        f"The store works and is declared in .dvc/config: {url}\nCommit that file, then `./mainline push --all`.{moved}"
    )
