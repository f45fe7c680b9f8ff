"""`follow`, `status` and `approve`: what git declares comes to serve here; where it stands; a person's word."""

import json
import time
from pathlib import Path

from mainline.errors import MainlineError
from mainline.rollout import status

STATE = Path(".mainline")


def state_folder(environment: str, named: Path | None) -> Path:
    """Return the folder that a follower of an environment works in."""
    return named or STATE / environment


def follow(url: str, environment: str, folder: Path | None, attached: bool) -> str:
    """Follow a repository until told to stop.

    Raises:
        MainlineError: when another follower works in the folder, or what it kept cannot be used.
    """
    from mainline.rollout import follower

    follower.run(url, environment, state_folder(environment, folder), attached)
    return "Stopped."


def show(environment: str, folder: Path | None, as_json: bool) -> str:
    """Return where the rollout stands, as text of at most 100 columns or as JSON.

    Raises:
        MainlineError: when no follower has written it.
    """
    found = status.read(state_folder(environment, folder))
    return json.dumps(found, indent=2) if as_json else status.render(found, time.time())


def approve(version: str, environment: str, step: int | None) -> str:
    """Let a version's rollout pass an approval step.

    Raises:
        MainlineError: when there is no such version or step, or several and none was named.
    """
    from mainline.rollout import approvals

    return approvals.approve(version, environment, step)


def check_url(url: str) -> str:
    """Refuse what git would take for an option.

    Raises:
        MainlineError: naming what is allowed.
    """
    if not url or url.startswith("-"):
        raise MainlineError(f"'{url}' is no repository; name a URL or a folder.")
    return url
