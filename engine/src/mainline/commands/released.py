"""Fetch what released versions need from GitHub releases."""

import argparse

from mainline.github import restoration


def arguments(_: argparse.ArgumentParser) -> None:
    """Declare no option."""


def run(_: argparse.Namespace) -> str:
    """Put into the cache what neither it nor the store has."""
    return restoration.restore()
