"""Sum up the data, the model and its quality."""

import argparse

from mainline.pipeline import summary


def arguments(_: argparse.ArgumentParser) -> None:
    """Declare no option."""


def run(_: argparse.Namespace) -> str:
    """Sum up what is in the workspace."""
    return summary.text("The model in models/package:")
