"""Branches that machines write, on a machine where git knows nobody."""

import os
import subprocess
from pathlib import Path

import pytest

from mainline.registry import branches
from mainline.repository import tree
from mainline.repository.tree import Entry

NOBODY = {
    "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "user.useConfigOnly", "GIT_CONFIG_VALUE_0": "true",
}  # fmt: skip
"""As on a runner of GitHub: nobody is configured, and git may not guess from the name of the machine."""


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository without an origin, in which nobody has said who they are."""
    for name in [name for name in os.environ if name.startswith(("GIT_AUTHOR", "GIT_COMMITTER"))] + ["EMAIL"]:
        monkeypatch.delenv(name, raising=False)
    for name, value in NOBODY.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main"], check=True)
    return tmp_path


def _write() -> str:
    branches.update("monitoring/production", lambda _: {"look": Entry("100644", tree.store(b"1"))}, "Look")
    command = ["git", "log", "-1", "--format=%an %ae, %cn %ce", "monitoring/production"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.usefixtures("clone")
def test_a_machine_that_has_no_name_writes_all_the_same() -> None:
    """What a runner of GitHub saw would be lost otherwise, and its job goes on without a word."""
    assert _write() == "mainline mainline@localhost, mainline mainline@localhost"


@pytest.mark.usefixtures("clone")
def test_who_is_configured_is_who_writes() -> None:
    """A server has a name of its own."""
    for name, value in (("user.name", "Server"), ("user.email", "server@example.org")):
        subprocess.run(["git", "config", name, value], check=True)
    assert _write() == "Server server@example.org, Server server@example.org"
