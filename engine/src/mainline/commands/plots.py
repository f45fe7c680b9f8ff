"""Draw the plots that dvc.yaml declares as pictures."""

import argparse
import json
from pathlib import Path
from typing import Any

import vl_convert

from mainline.errors import MainlineError
from mainline.repository import dvc

PICTURES = Path("metrics/plots")
SCALE = 2  # pixels per point


def arguments(_: argparse.ArgumentParser) -> None:
    """Declare no option."""


def run(_: argparse.Namespace) -> str:
    """Write a PNG for each plot that `dvc.yaml` declares, from DVC's own rendering of its template.

    Raises:
        MainlineError: when DVC cannot render, for instance because nothing was run yet.
    """
    shown = dvc.run("plots", "show", "--json")
    plots = json.loads(shown.stdout).get("data", {}) if shown.returncode == 0 else {}
    drawn = [_draw(Path(name), rendering["content"]) for name, found in plots.items() for rendering in found]
    if not drawn:
        raise MainlineError(f"there is nothing to draw ({shown.stderr.strip() or 'no plots'}). Run `make repro` first.")
    return "\n".join(f"{picture}" for picture in drawn)


def _draw(plot: Path, specification: dict[str, Any]) -> Path:
    picture = PICTURES / f"{plot.stem}.png"
    picture.write_bytes(vl_convert.vegalite_to_png(specification, scale=SCALE))
    return picture
