"""Render the gate's findings, in Markdown and as a page."""

import argparse
import contextlib
from pathlib import Path

from mainline.errors import MainlineError
from mainline.gate import findings as gate
from mainline.gate.findings import Findings
from mainline.replay import finding
from mainline.replay import section as replay_section
from mainline.replay.finding import ReplayError
from mainline.report import markdown, page, sections
from mainline.report.blocks import Document
from mainline.score import change, section

NAMES = ("report.md", "report.html")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("findings", nargs="?", type=Path, default=gate.FILE, help="what the gate wrote")
    parser.add_argument("--if-any", action="store_true", help="say nothing if the gate found nothing")
    parser.add_argument(
        "--output", type=Path, default=gate.FILE.parent, metavar="FOLDER", help="the folder to write to"
    )


def run(arguments: argparse.Namespace) -> str:
    """Render the findings for a pull request's comment and as one HTML file."""
    if arguments.if_any and not arguments.findings.exists():
        return "The gate found nothing, so there is no report."
    return report(arguments.findings, arguments.output)


def report(findings: Path, output: Path) -> str:
    """Write `report.md` and `report.html` into a folder and return the path of the first.

    Reports that are there are removed first: one that cannot be written leaves none of an older gate.

    Raises:
        FindingsError: when the document is not what the gate writes.
        MainlineError: when there is none.
    """
    for name in NAMES:
        (output / name).unlink(missing_ok=True)
    try:
        found = gate.read(findings.read_bytes())
    except FileNotFoundError as error:
        raise MainlineError(f"there are no findings in {findings}. Run `make gate` first.") from error
    output.mkdir(parents=True, exist_ok=True)
    whole = _whole(found, findings.parent)
    for name, text in zip(NAMES, (markdown.write(whole), page.write(whole)), strict=True):
        (output / name).write_text(text, encoding="utf-8", newline="\n")
    return str(output / "report.md")


def _whole(found: Findings, folder: Path) -> Document:
    """Add what lies beside the findings: the replay of the same package, and the score of the same commit."""
    whole = sections.describe(found)
    with contextlib.suppress(OSError, ReplayError):
        replayed = finding.read((folder / finding.FILE.name).read_bytes())
        if replayed.digest == found.candidate.digest:
            whole = replay_section.add(whole, replayed)
    with contextlib.suppress(OSError, change.ChangeError):
        scored = change.read((folder / change.FILE.name).read_bytes())
        if scored.commit == found.candidate.commit:
            whole = section.add(whole, scored)
    return whole
