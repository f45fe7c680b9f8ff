"""A small template with two versions, and a fork that was changed before the second one."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.project import ENGINE, ROOT, Project

CHANGES = "# Changes\n\n{}## 0.1.0\n\n- The first.\n"
FIRST = {
    "engine/pyproject.toml": '[project]\nname = "mainline"\nversion = "0.1.0"\n',
    "engine/CHANGELOG.md": CHANGES.format(""),
    "engine/src/mainline/gate.py": "".join(f"LIMIT_{number} = {number}\n" for number in range(20)),
    "engine/src/mainline/gone.py": "GONE = True\n",
    "engine/stages/train/gate.py": "-> ../../src/mainline/gate.py",
    "engine/mlem/requirements.in": "alpha\n",
    "mainline": "#!/bin/sh\n",
    "Makefile": "repro:\n\trun first\n\ntest:\n\ttry\n\n# The end\n",
    ".ci/run": "first\n",
    ".github/CODEOWNERS": "* @YOU\n",
    ".github/workflows/main.yml": "on: push\n",
    ".github/workflows/retrain.yml": "on: schedule\n",
    "dvc.yaml": "stages:\n  train:\n    cmd: engine/stage train\n    deps:\n      - engine/stages/train\n",
    "params.yaml": "model: {type: Trees, params: {depth: 3}}\ngate:\n  margin: 0.01\n  strict: true\n",
    "deploy/production.yaml": "promotion: {approval: automatic}\n",
    "src/usecase/source.py": "ROWS = 'flights'\n",
    "tests/test_source.py": "import usecase\n",
    "README.md": "# Template\n",
    "requirements/own.in": "# Yours\n",
    "requirements/pipeline.in": "-r own.in\nalpha\n",
    **{f"requirements/{name}.in": "alpha\n" for name in ("uv", "build", "notebook", "serve", "follow")},
    **{f"requirements/{name}.in": "-r pipeline.in\n" for name in ("dev", "main")},
}
SECOND = {
    "engine/pyproject.toml": '[project]\nname = "mainline"\nversion = "0.2.0"\n',
    "engine/CHANGELOG.md": CHANGES.format("## 0.2.0\n\n- The second.\n\n"),
    "engine/src/mainline/gate.py": FIRST["engine/src/mainline/gate.py"].replace("LIMIT_3 = 3", "LIMIT_3 = 30"),
    "engine/src/mainline/gone.py": None,
    "engine/src/mainline/new.py": "NEW = True\n",
    "Makefile": FIRST["Makefile"].replace("first", "second"),
    ".ci/run": "second\n",
    ".github/CODEOWNERS": "/engine/ @YOU\n* @YOU\n",
    ".github/workflows/retrain.yml": "on: [schedule, push]\n",
    "dvc.yaml": FIRST["dvc.yaml"] + "      - src/usecase/scoring.py\n",
    "params.yaml": "model: {type: Trees, params: {depth: 3, rate: 0.1}}\ngate:\n  margin: 0.02\n  power: 0.8\n"
    "  steps: {at: [null, false]}\n",
    "src/usecase/source.py": "ROWS = 'more flights'\n",
    "README.md": "# A better template\n",
    "requirements/pipeline.in": "-r own.in\nalpha\nbeta\n",
}


@dataclass(frozen=True)
class World:
    """A template and a fork of its first version, each a repository of its own."""

    template: Project
    fork: Project

    def upgrade(self, *arguments: str, succeed: bool = True) -> str:
        """Run `upgrade` in the fork; return what it says, or the error."""
        options = arguments or ("v0.2.0", "--from", "../template")
        done = self.fork.run("python", "-m", "mainline", "upgrade", *options, succeed=succeed, env=PLACE)
        return done.stdout if succeed else done.stderr

    def read(self, name: str) -> str:
        """Return the text of a file of the fork."""
        return (self.fork.path / name).read_text()

    def release(self, version: str, files: dict[str, str | None]) -> None:
        """Commit files to the template as a version of it."""
        write(self.template, files)
        self.template.commit(version)
        self.template.run("git", "tag", "--annotate", "--message", version, version)


PLACE = {"PYTHONPATH": str(ENGINE / "src")}
"""The fork's own machinery is a stand-in; the command that is tried is ours."""


def write(project: Project, files: Mapping[str, str | None]) -> None:
    """Write files and links; None removes one."""
    for name, text in files.items():
        file = project.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            file.unlink()
        elif text.startswith("-> "):
            file.symlink_to(text.removeprefix("-> "))
        else:
            file.write_text(text)


def start(path: Path) -> Project:
    """Make an empty repository."""
    project = Project(path)
    path.mkdir()
    for command in (
        ["init", "-q", "--initial-branch=main"],
        ["config", "user.name", "A"],
        ["config", "user.email", "a@b"],
    ):
        project.run("git", *command)
    return project


@pytest.fixture
def world(tmp_path: Path) -> World:
    """The template is at its second version, and the fork, cloned before, at its first."""
    made = World(start(tmp_path / "template"), Project(tmp_path / "fork"))
    locks = {
        f"requirements/{name}.txt": "alpha==1.0\n"
        for name in ("uv", "dev", "build", "pipeline", "main", "serve", "follow")
    }
    write(made.template, {"engine/upgrade.yaml": (ENGINE / "upgrade.yaml").read_text(), **FIRST, **locks})
    (made.template.path / "engine/mlem/requirements.txt").write_text("alpha==1.0\n")
    shutil.copy2(ROOT / "requirements/lock.sh", made.template.path / "requirements/lock.sh")
    made.release("v0.1.0", {})
    made.template.run("git", "clone", "--quiet", ".", "../fork")
    for name in ("user.name", "user.email"):
        made.fork.run("git", "config", name, "fork")
    made.release("v0.2.0", {**SECOND, **dict.fromkeys(locks, "alpha==1.1\nbeta==1.0\n")})
    return made


OWN = {
    "src/usecase/source.py": "ROWS = 'bikes'\n",
    "src/usecase/more.py": "MORE = True\n",
    "params.yaml": "model: {type: Line, params: {}}\ngate:\n  margin: 0.05\n  strict: true\n",
    "deploy/production.yaml": "promotion: {approval: manual}\n",
    "tests/test_source.py": None,
    "tests/test_bikes.py": "import usecase\n",
    "README.md": "# Bikes\n",
    "dvc.yaml": "# Bikes\n" + FIRST["dvc.yaml"] + "      - data/bikes\n",
    ".github/CODEOWNERS": "* @bikes\n",
    ".github/workflows/mine.yml": "on: release\n",
}
"""What a fork changes in files that are its own."""


@pytest.fixture
def changed(world: World) -> World:
    """The fork has another use case, its own workflow and deploy files, and a target of its own in the Makefile."""
    write(world.fork, OWN | {".github/workflows/retrain.yml": None})
    (world.fork.path / "Makefile").write_text(FIRST["Makefile"] + "\nmine:\n\twork\n")
    world.fork.commit("Predict bikes")
    return world
