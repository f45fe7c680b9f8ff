"""Build the site, and show it on this machine."""

import argparse
from pathlib import Path


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("folder", nargs="?", type=Path, default=Path("build/site"), help="where it is written")
    parser.add_argument("--port", type=int, default=0, help="of 127.0.0.1; without it, one that is free")
    parser.add_argument("--no-browser", action="store_true", help="print the address, and open no browser")
    parser.add_argument("--no-score", action="store_true", help="without the score, which takes some seconds")


def run(arguments: argparse.Namespace) -> str:
    """Build the site, and answer from it until Ctrl-C.

    Raises:
        MainlineError: as `./mainline site`; when the port is taken.
    """
    import time

    from mainline.site import host, project  # libraries that `--help` need not wait for

    project.build(arguments.folder, time.time(), with_score=not arguments.no_score)
    host.serve(arguments.folder, arguments.port, show=not arguments.no_browser)
    return ""
