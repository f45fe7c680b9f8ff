"""Render the gate's findings, in Markdown and as a page."""

import argparse
from pathlib import Path

from mainline.errors import MainlineError
from mainline.gate import findings as gate
from mainline.gate.findings import Findings
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
        document = gate.read(findings.read_bytes())
    except FileNotFoundError as error:
        raise MainlineError(f"there are no findings in {findings}. Run `make gate` first.") from error
    output.mkdir(parents=True, exist_ok=True)
    whole = _whole(document, findings.with_name(change.FILE.name))
    for name, text in zip(NAMES, (markdown.write(whole), page.write(whole)), strict=True):
        (output / name).write_text(text, encoding="utf-8", newline="\n")
    return str(output / "report.md")


def _whole(found: Findings, scored: Path) -> Document:
    """Add the score of the same commit, if `./mainline score --against COMMIT` left one beside the findings."""
    document = sections.describe(found)
    try:
        what = change.read(scored.read_bytes())
    except (OSError, change.ChangeError):
        return document
    return section.add(document, what) if what.commit == found.candidate.commit else document
