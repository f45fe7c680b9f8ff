"""Check that stages declare the code that they import."""

import argparse

from mainline.pipeline import dependencies


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--write", action="store_true", help="correct dvc.yaml, and make the links in engine/stages anew"
    )


def run(arguments: argparse.Namespace) -> str:
    """Check the dependencies in dvc.yaml and the links, or correct both first."""
    return dependencies.write() if arguments.write else dependencies.check()
