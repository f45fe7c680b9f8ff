"""List versions and what each environment had."""

import argparse
import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mainline import display
from mainline.declared import environments
from mainline.errors import MainlineError
from mainline.registry import origin
from mainline.registry.history import Given, History, HistoryError, Registered, read
from mainline.registry.records import Accepted
from mainline.release import backlog
from mainline.release.backlog import Backlog
from mainline.text import UNKNOWN, clip, minute, table, utc

PICTURES = Path("metrics/report")
NOTHING = "No version was registered yet. `./mainline promote` on main registers the first one."
OTHER_ROWS = (
    "* tested on other rows than the version it replaced, so some of the change is theirs;",
    "  `./mainline lineage VERSION` has the gate's comparison on the same rows",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--environment", metavar="NAME", help="only this one's; all without it")
    parser.add_argument(
        "--artifact", metavar="NAME", help="one that dvc.yaml named before; else the one that it names now"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="for programs")
    form.add_argument("--graph", action="store_true", help="draw it into metrics/report/history.{png,svg}")


def run(arguments: argparse.Namespace) -> str:
    """Return the history, or draw it."""
    if arguments.graph:
        return graph(arguments.environment, time.time(), artifact=arguments.artifact)
    unreleased = None if arguments.artifact else _unreleased(arguments.environment)
    return history(arguments.environment, arguments.json, artifact=arguments.artifact, unreleased=unreleased)


def history(
    environment: str | None, as_json: bool, repository: Path = Path(), artifact: str | None = None,
    unreleased: Backlog | None = None,
) -> str:  # fmt: skip
    """Return the history, newest first, as tables of at most 100 columns or as JSON.

    Args:
        environment: whose; of all without it.
        as_json: for programs.
        repository: where git is asked from.
        artifact: one that `dvc.yaml` named before; the one that it names now without it.
        unreleased: what main has and no run released.

    Raises:
        MainlineError: as `mainline.registry.history.read`.
    """
    found = read(environment, repository, artifact)
    return json.dumps(document(found, unreleased), indent=2) if as_json else render(found, unreleased)


def _unreleased(environment: str | None) -> Backlog | None:
    """Return what main has and no run released; None also if that cannot be told, which `promote` explains."""
    try:
        return backlog.find(environments.load_all(), environment)
    except MainlineError:
        return None


def graph(
    environment: str | None, now: float, folder: Path = PICTURES, repository: Path = Path(),
    artifact: str | None = None,
) -> str:  # fmt: skip
    """Draw the history until `now`, in seconds since 1970, as PNG and SVG, and return their paths.

    Raises:
        HistoryError: when there is nothing to draw.
        MainlineError: as `mainline.registry.history.read`.
    """
    found = read(environment, repository, artifact)
    if not found.versions:
        raise HistoryError(f"there is nothing to draw. {_nothing(found)}")
    import vl_convert

    from mainline.registry.picture import SCALE, specify

    specification = specify(found, now)
    folder.mkdir(parents=True, exist_ok=True)
    png, svg = folder / "history.png", folder / "history.svg"
    png.write_bytes(vl_convert.vegalite_to_png(specification, scale=SCALE))
    svg.write_text(vl_convert.vegalite_to_svg(specification), encoding="utf-8")
    return f"{png}\n{svg}"


def document(found: History, unreleased: Backlog | None) -> dict[str, Any]:
    """Return the history for programs; times are UTC, and what is not known is null."""
    whole = asdict(found)
    whole["unreleased"] = unreleased and asdict(unreleased) | {"when": utc(unreleased.when)}
    for item in [*whole["versions"], *whole["assignments"]]:
        item["when"] = utc(item["when"])
    for item in whole["assignments"]:
        item["until"] = None if item["until"] is None else utc(item["until"])
    return whole


def render(found: History, unreleased: Backlog | None) -> str:
    """Write the history for a terminal."""
    skipped = ["", *found.skipped] if found.skipped else []
    if unreleased:
        skipped += ["", f"{origin.branch()} {unreleased.told}. `./mainline promote` on it gives it to them."]
    if not found.versions:
        return "\n".join([_nothing(found), *skipped])
    lines = ["", *_versions(found.versions)]
    if any(item.quality and item.quality.same_rows is False for item in found.versions):
        lines += ["", *OTHER_ROWS]
    lines += _accepted(found.versions)
    if found.assignments:
        lines += ["", *_assignments(found.assignments)]
    return "\n".join([*(clip(line, display.columns()) if line else line for line in lines), *skipped])


def _versions(versions: list[Registered]) -> list[str]:
    metric = next((item.quality.metric for item in versions if item.quality), "metric")
    title = ("version", "registered UTC", "by", "digest", clip(metric, 9), "change", "replaced", "now")
    return table(title, [_version(item) for item in versions], right=(4, 5))


def _accepted(versions: list[Registered]) -> list[str]:
    """Say which versions were released on a person's word, and why."""
    said = [Accepted(**each).tell(item.version) for item in versions for each in item.accepted]
    return ["", *said] if said else []


def _assignments(given: list[Given]) -> list[str]:
    title = ("environment", "#", "version", "since UTC", "by", "why", "replaced")
    return table(title, [_assignment(item) for item in given], right=(1,))


def _nothing(found: History) -> str:
    return f"{found.environment} had no version yet." if found.environment else NOTHING


def _version(item: Registered) -> list[str]:
    known = item.quality
    change = UNKNOWN if known is None or known.change is None else f"{known.change:+.1%}"
    star = "*" if known and known.same_rows is False else " "
    place = ", ".join(["archived"] * item.archived + item.environments)
    return [
        clip(item.version, 9), minute(item.when), clip(item.by, 12), clip(item.digest and item.digest[:12], 12),
        clip(f"{known.value:.4g}" if known else None, 9), clip(change + star, 8), clip(item.replaced, 9),
        place or UNKNOWN,
    ]  # fmt: skip


def _assignment(item: Given) -> list[str]:
    return [
        clip(item.environment, 20), str(item.number), clip(item.version or "none", 9), minute(item.when),
        clip(item.by, 16), clip(item.kind, 10), clip(item.replaced, 11),
    ]  # fmt: skip
