"""What the README of the template says is so."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from mainline.data.storage import read_json
from mainline.declared.params import load as load_params
from mainline.experiments import candidates
from mainline.pipeline import summary
from mainline.scaffold import surroundings
from mainline.scaffold.plan import Plan
from tests import test_docs, test_documented_commands
from tests.mainline.scaffold.test_usecase import plans
from tests.project import ENGINE, ROOT
from usecase import interface

__all__ = ["plans"]

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_readme_shows_the_commands_that_make_lists() -> None:
    """The list in the README is what `make` prints: nine targets that people type from habit."""
    printed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert printed in README
    assert len(printed.splitlines()) == 9


def test_readme_shows_the_metrics_of_this_commit() -> None:
    """The table in the README has the numbers of the committed metrics."""
    test, baseline = (read_json(ROOT / f"metrics/{name}.json") for name in ("test", "baseline"))
    table = summary.table(test, baseline, interface.RESPONSE.unit)
    assert "\n".join(table) in README


def test_every_guide_is_linked_from_the_readme() -> None:
    """A reader comes to each page of `engine/docs` from the first page."""
    assert [guide.name for guide in ENGINE.glob("docs/*.md") if f"(engine/docs/{guide.name})" not in README] == []


def test_another_model_of_the_readme_is_taken_as_it_is_written(tmp_path: Path) -> None:
    """Whoever makes the README's edit for another model in the shipped `params.yaml` is told of no fault."""
    declared = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    row = next(line for line in README.splitlines() if line.startswith("| try another model |"))
    for edit in re.findall(r"`([a-z.]+: [^`]+)`", row):
        place, value = edit.split(": ", 1)
        section, key = place.split(".")
        declared[section][key] = yaml.safe_load(value)
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(declared))
    params = load_params(tmp_path / "params.yaml")
    assert params.model.type.endswith("Ridge")
    candidates.load(params)


def test_nothing_of_the_flights_is_left_where_another_table_was_brought(plans: dict[str, Plan]) -> None:
    """No word and no number of them is left; what is general stays, and commands and links are right."""
    for name in ("flats", "hours", "three classes"):
        made = surroundings.readme(README, plans[name])
        assert not re.search(r"flight|delay|2013|nycflights|minutes  |14\.23|15\.75|9\.7%|example:", made), name
        assert {"## This model", "## What is yours", "## Guides"} <= {*made.splitlines()}
        assert [line for line in test_documented_commands.typed(made) if test_documented_commands.problem(line)] == []
        assert surroundings.readme(made, plans[name]) == made
    assert "train on one day more" in surroundings.readme(README, plans["hours"])
    assert "learn from more rows" in surroundings.readme(README, plans["flats"])


def test_readme_tree_names_what_is_there() -> None:
    """Every entry of the tree exists, and nothing at the top level is left out."""
    tree = README.split("## What is yours")[1].split("```")[1]
    named = {name for line in tree.strip().splitlines() for name in re.split(r"\s{2,}", line)[0].split()}
    made = {"models/", "data/"}
    assert {name for name in named - made if not (ROOT / name).exists()} == set()
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    top = {line.split("/")[0] for line in tracked.splitlines()}
    quiet = {
        ".ci",
        ".devcontainer",
        ".gitattributes",
        ".gitignore",
        ".vscode",
        "LICENSE",
        "README.md",
        "pyproject.toml",
        "__init__.py",
    }
    assert top - quiet - {name.split("/")[0] for name in named} == set()


def test_readme_names_every_stage_in_order() -> None:
    """The drawing of the pipeline has the stages of dvc.yaml."""
    drawing = next(line for line in README.splitlines() if "──▶" in line)
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    assert re.findall(r"[a-z]+", drawing) == list(stages)


@pytest.mark.parametrize("name", ["README.md", ".github/SECURITY.md"])
def test_documents_name_targets_and_files_that_exist(name: str) -> None:
    """Every `make` target, relative link and source file that a document names is there."""
    test_docs.check(ROOT / name)


def test_readme_names_commands_as_they_are_typed() -> None:
    """Each `./mainline` of the README is taken by the command line."""
    assert [line for line in test_documented_commands.typed(README) if test_documented_commands.problem(line)] == []
