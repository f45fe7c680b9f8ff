"""Put what servers of this machine logged into the store."""

import argparse
import signal
import threading
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from mainline import backoff, faults, interrupts, usage
from mainline.declared import environments
from mainline.errors import MainlineError, ParamsError
from mainline.exchange import place as places
from mainline.exchange.place import Place
from mainline.text import clean, count

if TYPE_CHECKING:
    from mainline.monitoring.shipping import Shipped

LOOK_SECONDS = 5.0
SHORTEST, LONGEST = 5.0, 300.0
"""Seconds until a store that does not answer is tried again."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    usage.add_environment(parser)
    usage.add_state(parser)
    parser.add_argument("--logs", type=Path, metavar="FOLDER", help="the prediction log; the environment's without it")
    parser.add_argument(
        "--watch", action="store_true", help="ship again and again until told to stop, and once more then"
    )


def run(arguments: argparse.Namespace) -> str:
    """Ship the files that nobody writes to any more; `./mainline monitor` reads them from the store.

    Raises:
        MainlineError: when nothing is declared to be shipped, there is no log, or the store does not take it.
    """
    name = arguments.environment
    declared = environments.load(environments.FOLDER / f"{name}.yaml").service.log
    if declared.ship_seconds is None:
        said, remedy = "is null, so nothing is shipped", "declare after how many seconds a file ends, such as 600"
        raise ParamsError("service.log.ship_seconds", said, remedy, f"{environments.FOLDER}/{name}.yaml")
    log: Path | None = arguments.logs or declared.directory
    if log is None:
        raise MainlineError(f"deploy/{name}.yaml declares no service.log.directory. Name the folder (--logs).")
    mark = Place(places.folder(name, arguments.state)).mark
    if not arguments.watch:
        return _said(_ship(log, name, mark))
    return _watch(log, name, mark, min(declared.ship_seconds, LOOK_SECONDS))


def _ship(log: Path, environment: str, mark: str) -> "Shipped":
    from mainline.monitoring import shipping

    return shipping.ship(log, environment, mark)


def _watch(log: Path, environment: str, mark: str, pause: float) -> str:
    """Ship until told to stop; after that what servers have left is shipped, or said to be left.

    Raises:
        MainlineError: when the last files cannot be shipped; they stay in the log.
    """
    told = threading.Event()

    def tell(_number: int, _frame: FrameType | None) -> None:
        told.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, tell)
    interrupts.end()
    files = failures = 0
    while True:
        last = told.is_set()
        try:
            shipped = _ship(log, environment, mark) if last or log.is_dir() else None
            failures = 0
        except Exception as error:
            expected = faults.explain(error)
            if last or expected is None:
                raise
            failures += 1
            wait = backoff.wait(failures, SHORTEST, LONGEST)
            print(f"Not shipped; tried again in {wait:.0f} s: {clean(str(expected))}", flush=True)
            told.wait(wait)
            continue
        if shipped and shipped.files:
            files += shipped.files
            print(_said(shipped), flush=True)
        if last:
            return f"Stopped after {count(files, 'file')}."
        told.wait(pause)


def _said(shipped: "Shipped") -> str:
    left = f"; a server still writes to {shipped.written}" if shipped.written else ""
    return f"{count(shipped.files, 'file')} shipped, {shipped.size / 2**20:.1f} MiB{left}."
