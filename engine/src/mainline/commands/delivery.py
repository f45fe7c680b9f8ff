"""Measure how well changes reach an environment."""

import argparse
import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mainline import usage
from mainline.registry.delivery import Delivery, measure
from mainline.registry.delivery_table import ROWS
from mainline.text import UNKNOWN, minute, table, utc

DEFINED = "engine/docs/delivery.md defines each figure."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    usage.add_environment(parser)
    parser.add_argument("--days", type=_days, metavar="N", help="look at the last N days; all without it")
    parser.add_argument("--json", action="store_true", help="for programs")


def run(arguments: argparse.Namespace) -> str:
    """Return the figures until now; they are reported, never gated, so bad ones are not an error."""
    return delivery(arguments.environment, arguments.json, arguments.days, time.time())


def delivery(environment: str, as_json: bool, days: float | None, now: float, repository: Path = Path()) -> str:
    """Return the figures until `now`, in seconds since 1970, as a table or as JSON.

    Raises:
        MainlineError: as `mainline.registry.delivery.measure`.
    """
    found = measure(environment, now, days, repository)
    return json.dumps(document(found), indent=2) if as_json else render(found)


def _days(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = 0
    if not 0 < days < 100_000:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of days above 0")
    return days


def document(found: Delivery) -> dict[str, Any]:
    """Return the figures for programs; times are UTC, and what cannot be told is null."""
    whole = asdict(found)
    whole["start"], whole["until"] = utc(found.start), utc(found.until)
    for item in whole["deployments"]:
        item["when"] = utc(item["when"])
    return whole


def render(found: Delivery) -> str:
    """Write the figures for a terminal."""
    title = f"Delivery to {found.environment}, {minute(found.start)} to {minute(found.until)} UTC"
    groups = found.figures.values()
    rows = [[f"  {name}", *[write(figures) or UNKNOWN for figures in groups]] for name, write in ROWS.items()]
    lines = ["", title, "", *table(("  ", *found.figures), rows, right=range(1, len(found.figures) + 1))]
    if found.cannot_tell:
        lines += ["", "Cannot be told:", *[f"  {line}" for line in found.cannot_tell]]
    if found.accepted:
        lines += ["", "On a person's word:", *[f"  {line}" for line in found.accepted]]
    if found.notes:
        lines += ["", "Notes:", *[f"  {line}" for line in found.notes]]
    return "\n".join([*lines, "", DEFINED])
