"""The stand-in for GitHub, and a clone whose origin it is."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import project
from tests.github import standin, world
from tests.github.cml_source import RECORDER
from tests.github.repository import FULL
from tests.github.runner import Runner
from tests.github.standin import GitHub
from tests.github.world import World
from tests.project import ROOT, Project

REAL = {name: os.environ[name] for name in ("CML", "CML_SOURCE") if os.environ.get(name)}
"""What the environment names of the real CML: its program, or its source, which `./mainline cml` makes it of."""

CML = REAL.get("CML") or str(RECORDER)
"""The real program where the environment names it, else the recorder."""


@contextmanager
def forked(
    folder: Path, prepare: Callable[[Project], object] = lambda _: None, private: bool = False
) -> Iterator[World]:
    """Give a fork with the small use case, pushed and never released; `prepare` changes it before its first push.

    A private one is read by nobody who has no token.
    """
    subprocess.run(["engine/run", "mlem", "true"], cwd=ROOT, check=True, capture_output=True)
    (folder / "github").mkdir()
    with standin.serve(folder / "github") as github:
        github.private = private
        copied = project.other(folder / "clone")
        prepare(copied)
        yield world.build(copied, github, Runner(github, folder, extra=dict(REAL)))
        assert github.nonconform == []


def pytest_report_header() -> str:
    """Say which of the two runs."""
    return f"cml: {' '.join(REAL.values()) or 'the recorder of the tests'}"


@pytest.fixture
def github(tmp_path: Path) -> Iterator[GitHub]:
    """A GitHub of its own, which must have been asked and have answered as GitHub does."""
    folder = tmp_path / "github"
    folder.mkdir()
    with standin.serve(folder) as served:
        yield served
        assert served.nonconform == []


@pytest.fixture
def clone(github: GitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone with one commit on main and one on the branch `better`, and a token that writes."""
    permissions = ("actions", "administration", "checks", "contents", "deployments", "issues", "pull-requests")
    environment = github.environment(github.grant("t0ken", dict.fromkeys(permissions, "write")))
    for name, value in {**environment, "HOME": str(tmp_path), "GIT_CONFIG_GLOBAL": os.devnull, "CML": CML}.items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "clone"
    path.mkdir()
    monkeypatch.chdir(path)
    address = f"{github.url.replace('https://', 'https://token:t0ken@')}/{FULL}"
    for command in (
        ["init", "--quiet", "--initial-branch=main"],
        ["config", "user.name", "Test"],
        ["config", "user.email", "test@example.org"],
        ["commit", "--quiet", "--allow-empty", "--message", "Start"],
        ["remote", "add", "origin", address],
        ["branch", "better"],
        ["push", "--quiet", "origin", "main"],
        ["switch", "--quiet", "better"],
        ["commit", "--quiet", "--allow-empty", "--message", "Better"],
        ["push", "--quiet", "origin", "better"],
    ):
        subprocess.run(["git", *command], check=True)
    return path
