"""Build the service's container image, and push it."""

import argparse

from mainline.github import image


def arguments(_: argparse.ArgumentParser) -> None:
    """Declare no option."""


def run(_: argparse.Namespace) -> str:
    """Build the image of this commit's version, and push it to GitHub's registry."""
    return image.publish()
