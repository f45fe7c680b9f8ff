"""The options that smoke, load and stress share, and what they mean."""

import argparse
import os
from collections.abc import Mapping
from pathlib import Path

from mainline import usage
from mainline.probe import wire
from mainline.probe.wire import ProbeError

BOUNDS = {
    "rate": (0.1, 100_000.0), "seconds": (1.0, 3_600.0), "connections": (1, 1_000), "rows": (1, 100_000),
    "most": (0.1, 100_000.0), "p99_ms": (0.001, 3_600_000.0), "errors": (0.0, 1.0),
}  # fmt: skip
"""What may be asked for: more is for machines that are made for it."""
USUAL: Mapping[str, float] = {"rate": 50.0, "rows": 1, "errors": 0.001}
"""What is sent, and which share may fail, if nobody says otherwise."""


def add_service(parser: argparse.ArgumentParser) -> None:
    """Add those that say which service is asked, and by which requests."""
    parser.add_argument("url", help="where the service answers, such as https://models.example.org/churn")
    usage.add_environment(parser)
    parser.add_argument("--package", type=Path, default=Path("models/package"), metavar="FOLDER",
                        help="whose golden requests are sent")  # fmt: skip
    parser.add_argument("--ca", type=Path, metavar="FILE", help="certificates that are trusted, not the system's")


def add_record(parser: argparse.ArgumentParser) -> None:
    """Add the one that has what was found recorded."""
    parser.add_argument("--record", action="store_true", help="tag the version with what was found, for `promote`")


def add_load(parser: argparse.ArgumentParser) -> None:
    """Add them, and those of a load; `fill` gives those that are left out a value."""
    add_service(parser)
    parser.add_argument("--rate", type=float, metavar="N", help="requests a second; 50 without it")
    parser.add_argument("--seconds", type=float, metavar="N", help="how long a rate is kept")
    parser.add_argument("--connections", type=int, default=16, metavar="N", help="at a time")
    parser.add_argument("--rows", type=int, metavar="N", help="of a request; 1 without it")
    parser.add_argument("--p99-ms", type=float, metavar="MS", help="the objective; service.budgets.p99_ms without it")
    parser.add_argument("--errors", type=float, metavar="SHARE",
                        help="of requests that may fail; 0.001 without it")  # fmt: skip


def fill(arguments: argparse.Namespace, values: Mapping[str, float]) -> None:
    """Give options of a load that were left out these values, or the usual ones."""
    for name, value in {**USUAL, **values}.items():
        if getattr(arguments, name) is None:
            setattr(arguments, name, value)


def check(arguments: argparse.Namespace) -> None:
    """Hold what was typed to its bounds.

    Raises:
        ProbeError: naming the option, and what it may be.
    """
    for name, (least, most) in BOUNDS.items():
        value = getattr(arguments, name, None)
        if value is not None and not least <= value <= most:
            raise ProbeError(f"--{name.replace('_', '-')} is {value:g}; it may be from {least:g} to {most:,.16g}.")


def key() -> str:
    """Return the key of the API, without a line break that a file of secrets ends in; '' without one.

    Raises:
        ProbeError: when no key can have such characters; the message does not have it.
    """
    found = os.environ.get(wire.KEY, "").strip()
    if not wire.is_plain(found):
        raise ProbeError(
            f"{wire.KEY} holds a space, a line break or a letter that no key has; set it to the key alone."
        )
    return found
