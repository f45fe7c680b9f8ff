"""Build what a GitHub release carries, into dist/release."""

import argparse

from mainline.github import releases


def arguments(_: argparse.ArgumentParser) -> None:
    """Declare no option."""


def run(_: argparse.Namespace) -> str:
    """Build package, wheel, evidence and objects of this commit's version."""
    return releases.build()
