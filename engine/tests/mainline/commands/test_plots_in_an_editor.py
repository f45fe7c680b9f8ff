"""The templates of plots, asked for as the DVC extension of VS Code asks, and filled as it fills them."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import vl_convert

from tests.mainline.commands.test_plots import declared_plots, plots_with_rows
from tests.project import Project

ANCHOR = "<DVC_METRIC_"
DATA, COLOR = f"{ANCHOR}DATA>", f"{ANCHOR}COLOR>"
REVISIONS = ["workspace", "HEAD"]
COLORS = {"workspace": "#123abc", "HEAD": "#fedc98"}
"""As the extension gives each revision the color that it has in the table of experiments."""


@pytest.fixture(params=["small_project", "flower_project"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    """A regression and a classification of three classes with their metrics, and with others at the last commit."""
    unread = shutil.ignore_patterns("data", "models", "cache")
    source: Project = request.getfixturevalue(request.param)
    return Project(shutil.copytree(source.path, tmp_path / "project", ignore=unread))


def _asked(project: Project, *words: str) -> dict[str, Any]:
    """Return what DVC says of each plot, and find that it says so without an error or a warning."""
    said = project.run("dvc", "plots", *words, "-o", ".dvc/tmp/plots", "--json")
    found = json.loads(said.stdout)
    assert (found.keys(), said.stderr) == ({"data"}, "")
    assert found["data"].keys() == set(map(str, declared_plots(project)))
    assert plots_with_rows(project) <= {Path(name).stem for name, drawn in found["data"].items() if drawn}
    return dict(found["data"])


def _fill(part: Any, anchors: dict[str, Any]) -> Any:
    """Put what an anchor is defined as in its place."""
    if isinstance(part, dict):
        return {name: _fill(value, anchors) for name, value in part.items()}
    if isinstance(part, list):
        return [_fill(value, anchors) for value in part]
    return anchors.get(part, part) if isinstance(part, str) else part


def test_plots_of_two_revisions_are_split_and_filled_again(project: Project) -> None:
    """Each has its template, a definition for every anchor in it and rows of both revisions, in the colors given."""
    for name, drawn in _asked(project, "diff", *REVISIONS, "--split").items():
        for plot in drawn:
            anchors = plot["anchor_definitions"]
            seen = {row["rev"] for row in anchors[DATA]}
            assert (plot["type"], set(plot["revisions"])) == ("vega", seen), name
            assert seen <= set(REVISIONS)
            is_colored = COLOR in json.dumps(plot["content"])
            scale = {"domain": list(COLORS), "range": list(COLORS.values())}
            anchors[COLOR] = {"field": "rev", "scale": scale}
            filled = _fill(plot["content"], anchors)
            assert ANCHOR not in json.dumps(filled), name
            picture = vl_convert.vegalite_to_svg(filled)
            assert all(COLORS[one] in picture for one in seen) == is_colored, name


def test_a_template_says_which_revision_is_which(project: Project) -> None:
    """By the color that the extension gives it, or by a panel for each."""
    for name, drawn in _asked(project, "diff", *REVISIONS, "--split").items():
        for plot in drawn:
            content = json.dumps(plot["content"])
            assert COLOR in content or '"field": "rev"' in content, name


def test_plots_of_what_is_here_come_filled(project: Project) -> None:
    """Without a second revision each plot is a whole specification, which can be drawn."""
    for name, drawn in _asked(project, "show").items():
        for plot in drawn:
            assert plot["revisions"] == ["workspace"], name
            assert ANCHOR not in json.dumps(plot["content"]), name
            assert vl_convert.vegalite_to_svg(plot["content"]).startswith("<svg")
