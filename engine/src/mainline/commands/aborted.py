"""Open a pull request back from each aborted rollout."""

import argparse

from mainline.github import propose


def arguments(_: argparse.ArgumentParser) -> None:
    """Declare no option."""


def run(_: argparse.Namespace) -> str:
    """Open one for each version that a server aborted."""
    return propose.aborted()
