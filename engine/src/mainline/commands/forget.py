"""Remove persons from data, model, logs and stores."""

import argparse
from pathlib import Path

from mainline import personal, usage
from mainline.errors import MainlineError


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("keys", nargs="*", metavar="KEY", help="who is forgotten, such as a customer's number")
    parser.add_argument("--from", dest="file", type=Path, metavar="FILE", help="a file with a key on each line")
    parser.add_argument("--by", metavar="COLUMN", help="the personal column that holds the keys, if there are several")
    parser.add_argument("--dry-run", action="store_true", help="show what there is, and change nothing")


def run(arguments: argparse.Namespace) -> str:
    """Look for the keys everywhere; unless it is a dry run, remove them, run the pipeline, and look again.

    Raises:
        MainlineError: when nothing says which column holds the keys, or a key is still somewhere afterwards.
    """
    from mainline.privacy import erasure

    found = erasure.plan(_column(arguments.by), _keys(arguments))
    return erasure.preview(found) if arguments.dry_run else erasure.forget(found)


def _keys(arguments: argparse.Namespace) -> list[str]:
    lines = []
    if arguments.file is not None:
        try:
            lines = arguments.file.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise MainlineError(f"--from: {arguments.file} cannot be read as lines of text ({error}).") from error
    keys = [key.strip() for key in (*arguments.keys, *lines) if key.strip()]
    if not keys:
        raise usage.UsageError("name who is forgotten: keys, or a file of them (--from).")
    return keys


def _column(named: str | None) -> str:
    """Return the column that holds the keys.

    Raises:
        MainlineError: when none, or more than one, could be meant.
    """
    from usecase import interface

    declared = personal.columns(interface)
    if named in declared:
        return str(named)
    if named is None and len(declared) == 1:
        return next(iter(declared))
    if not declared:
        raise MainlineError(
            f"forget: no column is declared as personal, so keys have no column to be looked up in. Declare the one "
            f"that holds them in {personal.PLACE}, then run this again."
        )
    listed = ", ".join(sorted(declared))
    asked = f"'{named}' is not one of them" if named else "name one (--by)"
    raise MainlineError(f"forget: personal columns are {listed} ({personal.PLACE}); {asked}.")
