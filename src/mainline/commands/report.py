"""`report`: the gate's findings as Markdown for a comment and as one HTML file."""

from pathlib import Path

from mainline.errors import MainlineError
from mainline.gate import findings as gate
from mainline.report import markdown, page


def report(findings: Path, output: Path) -> str:
    """Write `report.md` and `report.html` into a folder and return the path of the first.

    Raises:
        FindingsError: when the document is not what the gate writes.
        MainlineError: when there is none.
    """
    try:
        document = gate.read(findings.read_bytes())
    except FileNotFoundError as error:
        raise MainlineError(f"there are no findings in {findings}. Run `make gate` first.") from error
    output.mkdir(parents=True, exist_ok=True)
    for name, text in (("report.md", markdown.render(document)), ("report.html", page.render(document))):
        (output / name).write_text(text, encoding="utf-8", newline="\n")
    return str(output / "report.md")
