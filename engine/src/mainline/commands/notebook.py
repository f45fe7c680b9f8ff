"""Explore the data and the model's errors in a notebook."""

import argparse
from pathlib import Path

OWN = Path("src/notebooks/explore.py")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "file", nargs="?", type=Path, default=OWN, metavar="FILE", help="the notebook; begun if it is not there"
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--page", type=Path, metavar="PAGE", help="run it, and write what it shows as HTML")
    how.add_argument("--no-browser", action="store_true", help="print the address, and open no browser")
    parser.add_argument("--port", type=int, help="of 127.0.0.1, where it is opened; a free one without it")


def run(arguments: argparse.Namespace) -> str:
    """Open the notebook until Ctrl-C, or write its page.

    Raises:
        MainlineError: when the file is not a notebook, or a cell of it fails.
    """
    from mainline.look import notebooks

    if arguments.page:
        return notebooks.write_page(arguments.file, arguments.page)
    options = [] if arguments.port is None else ["--port", str(arguments.port)]
    notebooks.edit(arguments.file, [*options, *(["--headless"] if arguments.no_browser else [])])
    return ""
