"""Build a wheel of the model for other programs."""

import argparse

from mainline.package import wheel


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--version", default="", help="a release number such as 1.2.0; 0.0.0+DIGEST without it")


def run(arguments: argparse.Namespace) -> str:
    """Build the wheel, with MLEM's metadata beside it, and return its path in `dist`."""
    return str(wheel.build(arguments.version))
