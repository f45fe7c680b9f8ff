"""Show where the rollout stands on this machine."""

import argparse
import json
import time

from mainline import usage
from mainline.exchange import place
from mainline.rollout import status


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    usage.add_environment(parser)
    usage.add_state(parser)
    parser.add_argument("--json", action="store_true", help="for programs")


def run(arguments: argparse.Namespace) -> str:
    """Return where the rollout stands, as text of at most 100 columns or as JSON.

    Raises:
        MainlineError: when no follower has written it.
    """
    found = status.read(place.folder(arguments.environment, arguments.state))
    return json.dumps(found, indent=2) if arguments.json else status.render(found, time.time())
