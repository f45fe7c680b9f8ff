"""Publish this commit's version as a GitHub release."""

import argparse

from mainline.github import releases


def arguments(_: argparse.ArgumentParser) -> None:
    """Declare no option."""


def run(_: argparse.Namespace) -> str:
    """Publish what `assets` built."""
    return releases.release()
