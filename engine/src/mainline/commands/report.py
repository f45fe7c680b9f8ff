"""`report`: the gate's findings as Markdown for a comment and as one HTML file."""

from pathlib import Path

from mainline.errors import MainlineError
from mainline.gate import findings as gate
from mainline.report import markdown, page

NAMES = ("report.md", "report.html")


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
    for name, text in zip(NAMES, (markdown.render(document), page.render(document)), strict=True):
        (output / name).write_text(text, encoding="utf-8", newline="\n")
    return str(output / "report.md")
