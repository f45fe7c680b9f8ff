"""What a server is called among those of its environment, and what one content of git is called."""

import os
import platform
import re

from mainline.exchange.place import Place
from mainline.rollout.source import Found

NAME = "MAINLINE_SERVER"
"""Names the variable that holds what this server is called among those of its environment."""


def name_here(place: Place) -> str:
    """Return what this server is called: as its variable says, else the machine and a mark of the folder."""
    named = os.environ.get(NAME) or f"{platform.node()}-{place.mark}"
    return re.sub(r"[^A-Za-z0-9-]+", "-", named).strip("-")[:63] or place.mark


def mark(found: Found) -> str:
    """Tell one content of git from another by what a server needs of it to bring a version; '' if it is not known."""
    wanted = f"{found.wanted.version} {found.wanted.digest}" if found.wanted else ""
    return f"{found.commit} {wanted}".strip()
