"""Install the program CML, checked by hash."""

import argparse

from mainline.github import program


def arguments(_: argparse.ArgumentParser) -> None:
    """Declare no option."""


def run(_: argparse.Namespace) -> str:
    """Bring what the commands that write to GitHub run."""
    return program.bring()
