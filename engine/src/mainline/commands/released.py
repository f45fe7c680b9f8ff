"""Fetch what released versions need from GitHub releases."""

import argparse

from mainline.errors import MainlineError
from mainline.github import restoration


def arguments(_: argparse.ArgumentParser) -> None:
    """Declare no option."""


def run(_: argparse.Namespace) -> str:
    """Put into the cache what neither it nor the store has, and bring requests for a replay."""
    from mainline.github import traffic  # its libraries take long, which `--help` need not wait for

    try:
        came = traffic.fetch()
    except MainlineError as error:
        came = f"No requests came from a release. {error}"
    return "\n".join(filter(None, [restoration.restore(), came]))
