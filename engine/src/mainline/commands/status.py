"""Show where the rollout stands on this machine."""

import argparse
import json
import time
from pathlib import Path

from mainline import files, usage
from mainline.exchange import place
from mainline.rollout import status
from mainline.serving.endpoints import rollout_page


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    usage.add_environment(parser)
    usage.add_state(parser)
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--json", action="store_true", help="for programs")
    shown.add_argument("--page", type=Path, metavar="FILE", help="write it as a page, with an experiment's picture")


def run(arguments: argparse.Namespace) -> str:
    """Return where the rollout stands, as text of at most 100 columns or as JSON.

    Raises:
        MainlineError: when no follower has written it.
        OSError: when the page cannot be written.
    """
    found = status.read(place.folder(arguments.environment, arguments.state))
    if arguments.page:
        files.replace(arguments.page, rollout_page.render(found, time.time(), renews=False))
        return f"Wrote {arguments.page}"
    return json.dumps(found, indent=2) if arguments.json else status.render(found, time.time())
