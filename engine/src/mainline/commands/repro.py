"""Run what changed in the pipeline, and sum up the result."""

import argparse

from mainline.pipeline import reproduction


def arguments(_: argparse.ArgumentParser) -> None:
    """Declare no option."""


def run(_: argparse.Namespace) -> str:
    """Bring the pipeline's outputs in line with code, parameters and data."""
    return reproduction.reproduce()
