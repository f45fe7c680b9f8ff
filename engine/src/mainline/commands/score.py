"""Score how production-ready all this is, from evidence."""

import argparse
import json
import time
from pathlib import Path

from mainline import usage
from mainline.errors import MainlineError

USUAL = "production"


class ScoreError(MainlineError):
    """The score is below what was asked for."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    usage.add_environment(parser)
    parser.set_defaults(environment="")  # production, or the one that a version reaches last
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--badge", type=Path, metavar="FILE", help="draw the score into this SVG file, too")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write it as this HTML file, too, with all evidence")
    parser.add_argument(
        "--against",
        metavar="COMMIT",
        help="also say what changed since this branch left it, and keep it for the report",
    )
    parser.add_argument("--at-least", type=float, metavar="POINTS", help="exit with 1 if the score is below")


def run(arguments: argparse.Namespace) -> str:
    """Return the score; a low one is not an error unless more was asked for.

    Raises:
        ScoreError: when it is below what was asked for; the score is printed before.
        UnknownError: when no such environment is declared.
        ChangeError: when there is no commit to compare with.
    """
    from mainline import display, files
    from mainline.score import (
        badge,
        change,
        comparison,
        page,
        terminal,
        total,
    )  # libraries that `--help` need not wait for

    environment = _environment(arguments.environment)
    since = comparison.base(arguments.against) if arguments.against else ""
    now = int(time.time())
    found = total.measure(environment, now)
    moved = comparison.measure(found, now, since) if since else None
    if arguments.badge:
        files.replace(arguments.badge, badge.draw(found))
    if arguments.page:
        files.replace(arguments.page, page.render(found))
    if moved:
        files.replace(change.FILE, f"{moved.model_dump_json(indent=2)}\n")
    document = total.document(found) | ({"change": moved.model_dump(mode="json")} if moved else {})
    said = json.dumps(document, indent=2) if arguments.json else terminal.render(found, moved, display.is_coloured())
    if arguments.at_least is not None and found.points < arguments.at_least:
        print(said, flush=True)
        raise ScoreError(f"the score is {found.points:g}, and {arguments.at_least:g} was asked for.")
    return said


def _environment(named: str) -> str:
    """Return the environment to score: the named one, or else production, or what a fork has in its place.

    Raises:
        UnknownError: when there is none of a name.
    """
    from mainline.declared import deploy_files, environments

    is_declared = bool(deploy_files.environment_files())
    declared = environments.load_all() if is_declared else {}  # without any, a name is not a typo: nothing can be shown
    if named:
        environments.choose(named, declared)
        return named
    return USUAL if USUAL in declared else next(reversed(declared), USUAL)
