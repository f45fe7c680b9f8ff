"""What tests have done on a cluster: a module that travels there as the code of a use case does."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mainline.errors import LimitError
from mainline.stages.entries import Entry
from mainline.stages.tasks import Inputs

AT = 2
"""The task at which something happens."""


def double(inputs: Inputs, number: int) -> Entry:
    """Write the input twice, and say which process did it."""
    (content,) = inputs.values()
    return Entry({f"out/{number}": content * 2}, {"process": os.getpid(), "worker": os.getppid()})


def wait_at(flag: str, inputs: Inputs, number: int) -> Entry:
    """Wait at a task until a file is there."""
    if number == AT:
        Path(f"{flag}-waits").touch()
        while not Path(flag).exists():
            time.sleep(0.05)
    return double(inputs, number)


def look_around(_: Inputs, __: int) -> Entry:
    """Report the settings, where this is, and what is there."""
    return Entry({}, {"settings": dict(os.environ), "folder": os.getcwd(), "files": sorted(os.listdir())})


def swell(mib: int, inputs: Inputs, number: int) -> Entry:
    """Take memory at a task, and keep it for a while."""
    if number == AT:
        held = np.ones(mib << 17)
        time.sleep(60)
        return Entry({}, {"held": len(held)})
    return double(inputs, number)


def end_the_worker(inputs: Inputs, number: int) -> Entry:
    """Kill the worker that this process stands beside, as a system without memory does."""
    if number == AT:
        os.kill(os.getppid(), 9)
        time.sleep(60)
    return double(inputs, number)


def read_a_file(path: str, inputs: Inputs, number: int) -> Entry:
    """Read a file that no task names."""
    if number == AT:
        Path(path).read_bytes()
    return double(inputs, number)


def pass_a_limit() -> None:
    """Raise an error whose constructor takes other arguments than its base."""
    raise LimitError("The share of rows", "50 %", "1 %", "Mend the source.")


def break_a_schema() -> None:
    """Raise pandera's own error, which holds schemas and frames and does not travel."""
    import pandas as pd
    from pandera.pandas import Check, Column, DataFrameSchema

    DataFrameSchema({"a": Column(int, Check.ge(1))}).validate(pd.DataFrame({"a": [0, 1]}), lazy=True)


def hit_a_bug() -> None:
    """Raise what nobody expects."""
    [].no_such_thing  # type: ignore[attr-defined]  # noqa: B018


def exit_early() -> None:
    """End the process, as code of a use case should not."""
    sys.exit("enough")


ACTS: tuple[Callable[[], Any], ...] = (pass_a_limit, break_a_schema, hit_a_bug, exit_early)


def fail_late(flag: str, _: Inputs, number: int) -> Entry:
    """Let the third task fail at once, and the first one after it."""
    while number == 0 and not Path(flag).exists():
        time.sleep(0.05)
    if number in (0, AT):
        Path(flag).touch()
        raise LimitError(str(number), "50 %", "1 %", "Mend the source.")
    return Entry({}, {})


def fail(act: Callable[[], Any], inputs: Inputs, number: int) -> Entry:
    """Do something at some of the tasks."""
    if number in (AT, AT + 1):
        act()
    return double(inputs, number)
