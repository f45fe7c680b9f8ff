"""Open, update and close an issue for each alarm."""

import argparse


def arguments(_: argparse.ArgumentParser) -> None:
    """Declare no option."""


def run(_: argparse.Namespace) -> str:
    """Bring issues up to date with the alarms of all environments, and start a retraining if one is due."""
    from mainline.github import issues

    return issues.follow()
