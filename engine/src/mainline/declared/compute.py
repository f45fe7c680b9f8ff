"""`compute.yaml`, which may be left out: where the partitions of the data stages are computed. Results do not change.

It is a dependency of no stage, since the same bytes come out whatever it says. The variable `MAINLINE_COMPUTE` holds
the same keys, for one command, and stands in the place of the whole file.
"""

import os
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator

from mainline.declared import reading
from mainline.declared.reading import Section
from mainline.errors import ParamsError

FILE = Path("compute.yaml")
SETTING = "MAINLINE_COMPUTE"
MOST = 256
"""Processes that can be declared; a number beyond is a slip."""


def _whole(least: int, most: int) -> BeforeValidator:
    """Refuse what is not a whole number between two."""

    def check(value: object) -> object:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError(f"write a whole number from {least} to {most}")
        return value

    return BeforeValidator(check)


class Compute(Section):
    """The whole file.

    `processes` work on partitions side by side; with one, the stage's own process works, and no other is started. A
    partition whose process was ended is tried again, `retries` times.
    """

    processes: Annotated[int, _whole(1, MOST)] = 1
    retries: Annotated[int, _whole(0, 100)] = 3


def load(file: Path = FILE) -> Compute:
    """Read what is declared: by the variable, else by the file, else the defaults.

    Raises:
        ParamsError: on the first thing wrong.
    """
    said = os.environ.get(SETTING, "")
    if not said:
        return reading.load(file, Compute) if file.exists() else Compute()
    raw = reading.parse(said, "", SETTING)
    if not isinstance(raw, dict):
        raise ParamsError("", f"is '{said}'", f"write it as in {FILE}, such as {SETTING}='processes: 2'", SETTING)
    return reading.check_section(Compute, raw, "", SETTING)
