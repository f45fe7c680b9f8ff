"""Open a pull request back from each aborted rollout."""

import argparse


def arguments(_: argparse.ArgumentParser) -> None:
    """Declare no option."""


def run(_: argparse.Namespace) -> str:
    """Open one for each version that a server aborted."""
    from mainline.github import proposal  # which imports what reads data, for which `--help` need not wait

    return proposal.aborted()
