"""Build a static site of versions, environments and guides."""

import argparse
from pathlib import Path

FOLDER = Path("build/site")
"""git does not keep what is in `build/`."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER, help="where it is written")
    parser.add_argument("--no-score", action="store_true", help="without the score, which takes some seconds")


def run(arguments: argparse.Namespace) -> str:
    """Build the site, or bring it up to date; only what changed is made again.

    Raises:
        MainlineError: when the folder holds something else, or this clone does not have what the registry is in.
    """
    import time

    from mainline.site import project  # libraries that `--help` need not wait for

    built = project.build(arguments.folder, time.time(), with_score=not arguments.no_score)
    return f"{arguments.folder / 'index.html'}: {built.pages:,} pages, {built.made:,} of them made now."
