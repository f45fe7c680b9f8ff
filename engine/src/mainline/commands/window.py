"""Show the data window, move it on, or take another snapshot."""

import argparse
import json
import re
from collections.abc import Mapping
from pathlib import Path

from mainline import files, periods
from mainline.declared import params
from mainline.declared.window import Data
from mainline.errors import MainlineError
from mainline.pipeline import offer

PARAMS = Path("params.yaml")
_KEY = r"^(data:.*?^\s+%s:[ \t]*)(\"[^\"\n]*\"|'[^'\n]*'|[^\s#\"']+)"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    change = parser.add_mutually_exclusive_group()
    change.add_argument(
        "--advance", type=int, nargs="?", const=1, default=0, metavar="N", help="take N periods more, one without N"
    )
    change.add_argument("--snapshot", metavar="NAME", help="take another snapshot of data without time")


def run(arguments: argparse.Namespace) -> str:
    """Say what the window is; take more periods or another snapshot if asked to, and the source's version that has it.

    Raises:
        MainlineError: when the source has nothing of it yet, or what changes is not written on a line of its own. The
            file then stays as it is.
    """
    declared = params.load().data
    if arguments.snapshot is not None:
        return _take(declared, arguments.snapshot)
    if arguments.advance < 0:
        raise MainlineError(f"--advance {arguments.advance}: give a number of periods above 0.")
    if arguments.advance:
        return _advance(declared, arguments.advance)
    return f"snapshot {declared.snapshot}" if declared.snapshot else f"{declared.from_} to {declared.through}"


def _advance(declared: Data, count: int) -> str:
    """Take more periods. Data without time has none, and a scheduled retraining goes on without them."""
    if declared.snapshot:
        other = f"`./mainline window --snapshot NAME` takes another snapshot than {declared.snapshot}"
        return f"--advance does not apply: the data has no time. {other}."
    more = periods.shift(declared.through, count)
    for period in periods.between(periods.shift(declared.through, 1), more):
        _require(period)
    _write(declared, {"through": more}, periods.between(declared.from_, more))
    new = f"the new {declared.unit}" if count == 1 else f"{count} new {declared.unit}s"
    return f"{declared.from_} to {more}, was through {declared.through}. `make repro` takes {new}."


def _take(declared: Data, name: str) -> str:
    """Take another snapshot.

    Raises:
        MainlineError: when the data has time, or the name is that of the present one, or cannot be one.
    """
    if not declared.snapshot:
        raise MainlineError("--snapshot does not apply: the data has time. `./mainline window --advance` moves on.")
    if name == declared.snapshot:
        raise MainlineError(f"--snapshot {name}: it is the present one. A new name is new data.")
    try:
        Data(snapshot=name)
    except ValueError as error:
        raise MainlineError(f"--snapshot {name!r}: a name has letters, digits and any of _ . - in it.") from error
    _require(name)
    _write(declared, {"snapshot": name}, (name,))
    return f"snapshot {name}, was {declared.snapshot}. `make repro` takes it."


def _write(declared: Data, wanted: dict[str, str], taken: tuple[str, ...]) -> None:
    """Write other values of keys of `data` into the file, and the version of the source if one is declared."""
    text = PARAMS.read_text(encoding="utf-8")
    if declared.version:
        wanted |= {"version": _version(taken)}
    files.replace(PARAMS, _edited(text, wanted))
    try:
        found = params.load().data
        wrong = next((name for name, value in wanted.items() if getattr(found, name) != value), "")
    except MainlineError:
        wrong = next(iter(wanted))
    if wrong:
        files.replace(PARAMS, text)
        raise MainlineError(f"data.{wrong} in {PARAMS} cannot be edited safely. Write {wanted[wrong]} there by hand.")


def _edited(text: str, wanted: Mapping[str, str]) -> str:
    """Return the text with other values of keys of `data`, in the quotes of the old ones; a version in double ones."""
    for name, value in wanted.items():
        written = json.dumps(value, ensure_ascii=False) if name in ("version", "snapshot") else value

        def put(found: re.Match[str], written: str = written) -> str:
            quote = found[2][0] if found[2][0] in "\"'" and written[0] != '"' else ""
            return f"{found[1]}{quote}{written}{quote}"

        text = re.sub(_KEY % name, put, text, count=1, flags=re.MULTILINE | re.DOTALL)
    return text


def _version(window: tuple[str, ...]) -> str:
    """Ask the source for the version that it is at with the new data."""
    from usecase import source

    return str(source.version(window)) if hasattr(source, "version") else ""


def _require(period: str) -> None:
    """Take the source's rows until one table of the period, or of the snapshot, is there.

    Raises:
        MainlineError: when the source does not have it.
    """
    lacking = offer.lacking(period)
    if lacking:
        raise MainlineError(f"there is no {period} to take yet; {PARAMS} stays as it is. {lacking}")
