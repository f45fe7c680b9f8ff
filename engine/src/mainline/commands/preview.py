"""Serve each branch here for as long as it is there."""

import argparse
from pathlib import Path

from mainline.declared import preview
from mainline.exchange import place
from mainline.preview import machine_loop
from mainline.registry import addresses


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--repository", metavar="URL", help="whose branches, or its folder; origin without it")
    parser.add_argument(
        "--settings", type=Path, metavar="FILE", default=Path("deploy/preview.yaml"), help="with the section preview"
    )
    parser.add_argument(
        "--state",
        type=Path,
        metavar="FOLDER",
        help="where packages, ports and index.html are; .mainline/preview without it",
    )


def run(arguments: argparse.Namespace) -> str:
    """Serve branches until told to stop.

    Raises:
        MainlineError: when the file is wrong, or another one works in the folder.
    """
    declared = preview.load(arguments.settings)
    machine_loop.run(addresses.followed(arguments.repository), declared, place.folder("preview", arguments.state))
    return "Stopped."
