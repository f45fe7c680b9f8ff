"""Draw the plots of dvc.yaml, as pictures and a page."""

import argparse
import html
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mainline.errors import MainlineError
from mainline.repository import dvc

PICTURES = Path("metrics/plots")
PAGE = Path("metrics/report/plots.html")
SCALE = 2  # pixels per point

HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ margin: 0 auto; padding: 16px; max-width: 1000px; font: 16px/1.5 system-ui, sans-serif; color: #1b2027;
  background: #f6f7f9; overflow-wrap: anywhere }}
section {{ background: #fff; border: 1px solid #e1e5ea; border-radius: 12px; padding: 16px 20px; margin: 16px 0 }}
h1 {{ font-size: 24px }} h2 {{ font-size: 16px; margin: 0 0 8px }} svg {{ max-width: 100%; height: auto }}
</style>
</head>
<body>
<h1>{title}</h1>
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("revisions", nargs="*", metavar="REVISION", help="drawn beside what is here, such as HEAD")


def run(arguments: argparse.Namespace) -> str:
    """Write a PNG for each plot that `dvc.yaml` declares, and a page of all, from DVC's own rendering of its template.

    The page holds its drawings, loads nothing and runs nothing, so it opens without a network. With revisions only the
    page is written: the pictures are of what is here.

    Raises:
        MainlineError: when DVC cannot render, for instance because nothing was run yet, or knows no such revision.
    """
    revisions = arguments.revisions
    plots = _ask(revisions)
    pictures = [] if revisions else [_draw(name, specification) for name, specification in plots]
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(_page(plots, revisions), encoding="utf-8", newline="\n")
    return "\n".join(map(str, [*pictures, PAGE]))


def _ask(revisions: Sequence[str]) -> list[tuple[Path, dict[str, Any]]]:
    """Return each plot with its Vega-Lite specification, as DVC renders it."""
    shown = dvc.run("plots", *(["diff", "--json", "--", *revisions, "workspace"] if revisions else ["show", "--json"]))
    found = json.loads(shown.stdout).get("data", {}) if shown.returncode == 0 else {}
    plots = [(Path(name), rendering["content"]) for name, drawn in found.items() for rendering in drawn]
    if plots:
        return plots
    if revisions:
        said = " ".join(shown.stderr.split()) or "no plots"
        raise MainlineError(f"{', '.join(revisions)} cannot be drawn beside what is here ({said[:300]}).")
    raise MainlineError(f"there is nothing to draw ({shown.stderr.strip() or 'no plots'}). Run `make repro` first.")


def _draw(plot: Path, specification: dict[str, Any]) -> Path:
    import vl_convert  # takes its time, which `--help` need not wait for

    picture = PICTURES / f"{plot.stem}.png"
    picture.write_bytes(vl_convert.vegalite_to_png(specification, scale=SCALE))
    return picture


def _page(plots: Sequence[tuple[Path, dict[str, Any]]], revisions: Sequence[str]) -> str:
    import vl_convert

    title = " and of ".join(["Plots of what is here", *revisions])
    sections = "\n".join(
        f"<section><h2>{html.escape(str(plot))}</h2>\n{vl_convert.vegalite_to_svg(specification)}\n</section>"
        for plot, specification in plots
    )
    return f"{HEAD.format(title=html.escape(title))}{sections}\n</body>\n</html>\n"
