"""A fork of the layout before `engine/` is brought over by the same command, run from the new version."""

import shutil
from pathlib import Path

import pytest
import yaml

from mainline.template import predecessor
from tests.mainline.template.conftest import FIRST, World, write

PIPELINE = """\
# Bikes.
vars:
  - stage: >-
      exec env MAINLINE_PARENT=$PPID PYTHONPATH=src
      OPENBLAS_NUM_THREADS=1 python -m mainline.stages

stages:
  ingest:
    cmd: ${stage} ingest
    deps:
      - src/mainline/contract.py
      - src/mainline/stages/ingest.py
      - src/usecase/source.py
      - data/bikes.csv
    outs:
      - data/raw

  export:                  # ours
    cmd: python tools/export.py
    deps:
      - src/mainline/contract.py
      - data/raw

artifacts:
  bikes: {path: models/package}
"""
MOVED = """\
# Bikes.
stages:
  ingest:
    cmd: engine/stage ingest
    deps:
      - engine/stages/ingest
      - src/usecase/source.py
      - data/bikes.csv
    outs:
      - data/raw

  export:                  # ours
    cmd: python tools/export.py
    deps:
      - engine/src/mainline/contract.py
      - data/raw

artifacts:
  bikes: {path: models/package}
"""


def test_a_pipeline_is_rewritten_and_keeps_what_the_fork_added() -> None:
    """Commands and dependencies of our stages are new; stages, files, names and comments of the fork stay."""
    assert predecessor.pipeline(PIPELINE) == MOVED
    assert predecessor.pipeline(MOVED) == MOVED


def test_other_variables_of_a_pipeline_stay() -> None:
    """Only the launcher is taken out of `vars`."""
    more = PIPELINE.replace("mainline.stages\n", "mainline.stages\n  - months: 3\n")
    assert yaml.safe_load(predecessor.pipeline(more))["vars"] == [{"months": 3}]


@pytest.fixture
def old(world: World) -> World:
    """A fork of a time when the template had another layout, with its own use case and tests."""
    at = world.template
    at.run("git", "checkout", "--quiet", "--orphan", "before")
    at.run("git", "rm", "-r", "--quiet", "--force", ".")
    ours = {
        "src/mainline/contract.py": "A = 1\n", "docs/guide.md": "Guide\n", "CHANGELOG.md": "# Changes\n",
        "Makefile": "repro:\n", "pyproject.toml": "[project]\n", "tests/mainline/test_gate.py": "",
        "tests/__init__.py": "", "tests/project.py": "", "tests/test_source.py": "ours\n",
        "tests/usecase/__init__.py": "", "tests/usecase/test_flights.py": "import usecase\n", "dvc.yaml": PIPELINE,
        "src/usecase/source.py": "ROWS = 'flights'\n", "params.yaml": FIRST["params.yaml"],
    }  # fmt: skip
    write(at, ours)
    base = at.commit("The layout before")
    shutil.rmtree(world.fork.path)
    at.run("git", "clone", "--quiet", ".", "../fork")
    for name in ("user.name", "user.email"):
        world.fork.run("git", "config", name, "fork")
    at.run("git", "checkout", "--quiet", "main")
    at.run("git", "merge", "--quiet", "--allow-unrelated-histories", "--strategy=ours", "--message", "Move", base)
    world.release("v0.3.0", {"engine/pyproject.toml": FIRST["engine/pyproject.toml"].replace("0.1.0", "0.3.0")})
    own = {
        "src/usecase/source.py": "ROWS = 'bikes'\n", "tests/usecase/test_flights.py": None, "params.yaml": "gate: {}\n",
        "tests/usecase/conftest.py": "BIKES = 1\n",
        "tests/usecase/test_bikes.py": "from tests.usecase.conftest import BIKES\n",
        "docs/bikes.md": "Bikes\n",
    }  # fmt: skip
    write(world.fork, own)
    world.fork.commit("Predict bikes")
    return world


def test_a_fork_of_the_layout_before_is_moved(old: World) -> None:
    """Machinery, its tests and documents go to engine/; what the fork owns stays, and its tests lie in tests/."""
    said = old.upgrade("v0.3.0", "--from", "../template")
    listed = {path for path in old.fork.run("git", "ls-files").stdout.split() if not path.startswith("engine/")}
    assert {"tests/conftest.py", "tests/test_bikes.py", "docs/bikes.md", "mainline"} <= listed
    assert not [
        path for path in listed if path.startswith(("src/mainline", "tests/usecase", "tests/mainline", "docs/guide"))
    ]
    assert not {"tests/__init__.py", "tests/test_source.py", "CHANGELOG.md", "pyproject.toml"} & listed
    assert "dvc.yaml" not in said
    assert old.read("tests/test_bikes.py") == "from conftest import BIKES\n"
    assert old.read("dvc.yaml") == MOVED
    assert (old.read("src/usecase/source.py"), old.read("params.yaml")) == ("ROWS = 'bikes'\n", "gate: {}\n")
    assert old.fork.run("git", "status", "--porcelain").stdout == ""
    assert "is that of v0.3.0 already" in old.upgrade("v0.3.0", succeed=False)


def test_an_edit_of_the_old_machinery_is_refused(old: World) -> None:
    """What the move would lose is named, as in every upgrade."""
    write(old.fork, {"src/mainline/contract.py": "A = 2\n", "tests/mainline/test_gate.py": "import mainline\n"})
    old.fork.commit("Edit")
    said = old.upgrade("v0.3.0", "--from", "../template", succeed=False)
    assert "src/mainline/contract.py: edited here, and v0.3.0 replaces what is edited" in said
    assert "tests/mainline/test_gate.py: edited here, and v0.3.0 changes the same lines or removes the file" in said
    assert Path(old.fork.path / "src/mainline/contract.py").read_text() == "A = 2\n"
