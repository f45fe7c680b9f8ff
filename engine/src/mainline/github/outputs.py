"""What a step of a workflow hands to those that follow."""

import os
from pathlib import Path

from mainline.text import clean


def hand_on(**outputs: str) -> None:
    """Give values to the steps that follow, where a run on GitHub names a file for them; each is one line."""
    file = os.environ.get("GITHUB_OUTPUT")
    if file:
        with Path(file).open("a", encoding="utf-8") as opened:
            opened.writelines(f"{key}={clean(value)}\n" for key, value in outputs.items())
