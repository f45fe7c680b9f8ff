"""Record on GitHub what each environment has."""

import argparse

from mainline.github import deployments


def arguments(_: argparse.ArgumentParser) -> None:
    """Declare no option."""


def run(_: argparse.Namespace) -> str:
    """Record each environment's last assignment once."""
    return deployments.record()
