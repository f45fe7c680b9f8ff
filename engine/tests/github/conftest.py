"""The stand-in for GitHub, and a clone whose origin it is."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.github import standin
from tests.github.cml_source import RECORDER
from tests.github.repository import FULL
from tests.github.standin import GitHub

REAL = {name: os.environ[name] for name in ("CML", "CML_SOURCE") if os.environ.get(name)}
"""What the environment names of the real CML: its program, or its source, which `./mainline cml` makes it of."""

CML = REAL.get("CML") or str(RECORDER)
"""The real program where the environment names it, else the recorder."""


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
