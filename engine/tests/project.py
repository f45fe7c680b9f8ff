"""A project that a test may change, with real git and real DVC: this machinery, and a fork's half that is fixed."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mainline import children
from mainline.scaffold import placing
from tests import surroundings

ENGINE = Path(__file__).resolve().parent.parent
ROOT = ENGINE.parent
FLIGHTS = ENGINE / "tests" / "flights"
"""A fork's half of a repository, which the tests know; what stands in the places of `FORKS` here, they never read."""
OTHER, FLOWERS = (ENGINE / "tests" / f"{name}_use_case" for name in ("other", "flower"))
"""A classification, and one of three classes."""
TIMELESS = ENGINE / "tests" / "timeless_use_case"
LIVED = ENGINE / "tests" / "lived_use_case"
"""Deliveries, of which one week was recorded in another unit."""
CITY = ENGINE / "tests" / "city_use_case"
"""Hours of one place, whose weather is a feature table without a key."""
SEARCH_PATH = os.pathsep.join(str(folder / "src") for folder in (ENGINE, FLIGHTS))
"""The PYTHONPATH of the machinery and of the tests' use case."""
FORKS = (
    ".dvc/config", "data", "deploy", "dvc.lock", "dvc.yaml", "metrics", "models", "params.yaml", "src", "tests",
)  # fmt: skip
"""What a fork edits, replaces or makes."""
AUTHOR = ("-c", "user.name=T", "-c", "user.email=t@example.org")
"""What git needs to be told where a commit or a tag is made and no author is configured."""
LIMIT = 900  # seconds until a command counts as hanging
BUDGETS = "{load_seconds: 900, p99_ms: 60000, rows_per_second: 1}"


@dataclass(frozen=True)
class Project:
    """A working tree of its own in `path`."""

    path: Path

    def run(
        self, *command: str, succeed: bool | None = True, env: Mapping[str, str] | None = None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the tree; fail with its output unless its success is as expected (None: either).

        Variables of the environment are named one by one, or handed over together as `env`.
        """
        environment = self.environment({**(env or {}), **variables})
        finished = subprocess.run(
            command, cwd=self.path, env=environment, capture_output=True, text=True, timeout=LIMIT
        )
        as_expected = succeed is None or (finished.returncode == 0) == succeed
        assert as_expected, f"{command}: {finished.stdout}\n{finished.stderr}"
        return finished

    def twin(self, path: Path) -> "Project":
        """Copy the tree with its repository, outputs and cache."""
        shutil.copytree(self.path, path, symlinks=True)
        return Project(path)

    def commit(self, message: str) -> str:
        """Commit everything and return the commit."""
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--message", message)
        return self.run("git", "rev-parse", "HEAD").stdout.strip()

    def give_origin(self, address: str = "../origin.git") -> None:
        """Make an empty repository, and name it as the origin of this one."""
        self.run("git", "init", "--quiet", "--bare", "--initial-branch=main", address)
        self.run("git", "remote", "add", "origin", address)

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return what commands see: this Python first, the copy's code before ours, a private home."""
        return {
            **surroundings.plain(os.environ),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": children.search_path(self.path),
            "HOME": str(self.path.parent),
            **(more or {}),
        }

    def declare(self, **sections: Any) -> None:
        """Change top-level sections of params.yaml; mappings are merged, everything else is replaced."""
        file = self.path / "params.yaml"
        params = yaml.safe_load(file.read_text())
        for name, value in sections.items():
            params[name] = {**params[name], **value} if isinstance(value, dict) else value
        file.write_text(yaml.safe_dump(params, sort_keys=False))

    def hashes(self) -> dict[str, str]:
        """Return the hash of each output that dvc.lock names."""
        stages = yaml.safe_load((self.path / "dvc.lock").read_text())["stages"]
        return {output["path"]: output["md5"] for stage in stages.values() for output in stage["outs"]}


def copy(target: Path) -> Project:
    """Make a repository with one commit: the machinery as it is now, and the tests' flights as the fork's half."""
    for name in tracked():
        if not name.startswith(tuple(f"{place}/" for place in FORKS)) and name not in FORKS:
            _copy(ROOT / name, target / name)
    for name in tracked():
        if name.startswith(f"{FLIGHTS.relative_to(ROOT)}/"):
            _copy(ROOT / name, target / (ROOT / name).relative_to(FLIGHTS))
    return _begin(target)


def copy_whole(target: Path) -> Project:
    """Make a repository with one commit: this one as it is now, with the fork's half that stands here."""
    for name in tracked():
        _copy(ROOT / name, target / name)
    return _begin(target)


def tracked(*places: str) -> list[str]:
    """List what git would take of this repository, as it is now: all, or what is in some places."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *places],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [name for name in filter(None, listed.stdout.split("\0")) if (ROOT / name).is_file()]


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target, follow_symlinks=False)


def _begin(target: Path) -> Project:
    _allow_slow_machines(target)
    project = Project(target)
    project.run("git", "init", "--quiet", "--initial-branch=main")
    project.run("git", "config", "user.name", "Test")
    project.run("git", "config", "user.email", "test@example.org")
    project.commit("Start")
    return project


def _allow_slow_machines(target: Path) -> None:
    """Let every environment take a package however long this machine takes for it: other work is none of a test's."""
    for file in (target / "deploy").glob("*.yaml"):
        text = re.sub(r"^  budgets:.*\n(    .*\n)*", "", file.read_text(), flags=re.MULTILINE)
        assert text.count("\nservice:") == 1
        file.write_text(re.sub(r"^service:.*$", rf"\g<0>\n  budgets: {BUDGETS}", text, flags=re.MULTILINE))


def other(target: Path, use_case: Path = OTHER) -> Project:
    """Make a project with a small use case of the tests, and run its pipeline; nothing is committed."""
    made = copy(target)
    replace_use_case(made, use_case)
    made.run("dvc", "repro", "--quiet")
    return made


def replace_use_case(project: Project, use_case: Path = OTHER) -> None:
    """Put a small use case in the place of another one, and leave of its tests those of any use case."""
    shutil.rmtree(project.path / "src/usecase")
    shutil.copytree(use_case / "usecase", project.path / "src/usecase", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy2(use_case / "params.yaml", project.path / "params.yaml")
    for file in set((project.path / "tests").iterdir()) - {project.path / name for name in placing.KEPT}:
        file.unlink()
