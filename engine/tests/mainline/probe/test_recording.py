"""Tests of a deployment are recorded in git, of the real server by the real commands, and of nothing else."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from mainline.__main__ import main
from mainline.declared import environments
from mainline.probe import wire
from mainline.registry import deployment_tests, records, tags
from mainline.registry.records import Release
from mainline.release import requirements
from mainline.repository.git import git
from tests.mainline.serving.running import Running, running

ASKED = {"rate": 20.0, "seconds": 1.0, "p99_ms": 30_000.0, "errors": 0.5}


@dataclass(frozen=True)
class Deployed:
    """A repository whose staging has v1.0.0, and a server that is to be it."""

    server: Running
    package: Path

    def command(self, name: str, *more: str) -> int:
        """Run a command against the server; return its exit status."""
        url = f"http://127.0.0.1:{self.server.port}"
        sys.argv = ["mainline", name, url, "--environment", "staging", "--package", str(self.package), *more]
        return main()


@pytest.fixture(scope="module")
def server(package_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that calls its package v1.0.0."""
    with running(tmp_path_factory.mktemp("service"), package_dir, "--version", "v1.0.0") as started:
        yield started


@pytest.fixture
def deployed(server: Running, package_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deployed:
    """A repository without a remote as the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", sys.argv)
    monkeypatch.setenv(wire.KEY, server.key)
    for name, after in (("staging", None), ("production", "staging")):
        asked = {"smoke_test": True, "load_test": ASKED} if after else {}
        promotion = {"after": after, "approval": "automatic", "signature": "optional", **asked}
        Path("deploy").mkdir(exist_ok=True)
        Path(f"deploy/{name}.yaml").write_text(yaml.safe_dump({"promotion": promotion}))
    for command in (
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "--all"],
        ["config", "user.name", "Test"],
        ["config", "user.email", "test@example.org"],
        ["commit", "--quiet", "-m", "Start"],
    ):
        git(*command)
    register("v1.0.0", json.loads((package_dir / "manifest.json").read_text())["digest"])
    git("tag", "-a", "model#staging#1", "-m", "staging", "model@v1.0.0^{}")
    return Deployed(server, package_dir)


def register(name: str, digest: str) -> None:
    """Tag the last commit as a version with a package of this digest."""
    made = Release(
        version=name, digest=digest, replaces=None, bump="first", reason="", verdict="pass", headline="", metrics={},
        window={}, runs=[], signature=None,
    )  # fmt: skip
    git("tag", "-a", f"model@{name}", "--cleanup=verbatim", "-F", "-", given=records.write([name], made))


def lacking() -> str:
    """Say what production asks of v1.0.0."""
    return requirements.lacking("production", environments.load_all(), tags.find("v1.0.0"))


def test_what_the_commands_record_is_what_promotion_asks_for(deployed: Deployed) -> None:
    """The commands that the two lines name give the evidence; the load is the one that production asks for."""
    assert "`./mainline smoke URL --environment staging --record`" in lacking()
    assert deployed.command("smoke", "--record") == 0
    assert "`./mainline load URL --environment staging --record`" in lacking()
    assert deployed.command("load", "--record") == 0
    assert lacking() == ""
    found = deployment_tests.newest("load", tags.find("v1.0.0"), "staging")
    assert found is not None
    assert found.load is not None
    assert (found.load.rate, found.load.seconds, found.load.rows) == (20.0, 1.0, 1)


def test_a_test_that_failed_is_recorded(deployed: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
    """An objective that nothing keeps: the command fails, and production's line says what came back."""
    assert deployed.command("smoke", "--record") == 0
    assert deployed.command("load", "--record", "--p99-ms", "0.001", "--seconds", "1", "--rate", "5") == 1
    assert "Recorded: tag tested/staging/v1.0.0/load/1." in capsys.readouterr().err
    assert "asked for 5 a second" in lacking()


@pytest.mark.parametrize("command", ["smoke", "load"])
def test_without_the_option_nothing_is_recorded(deployed: Deployed, command: str) -> None:
    """A test that somebody runs for themselves leaves no tag."""
    assert deployed.command(command, *(["--seconds", "1", "--p99-ms", "30000"] if command == "load" else [])) == 0
    assert "tested/" not in git("tag")


@pytest.mark.usefixtures("deployed")
def test_another_version_that_answers_is_not_recorded(
    package_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The server answers as v0.9.0, so its load says nothing of v1.0.0."""
    with (
        running(tmp_path / "other", package_dir, "--version", "v0.9.0") as other,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv(wire.KEY, other.key)
        assert Deployed(other, package_dir).command("load", "--record") == 1
    assert "v0.9.0 answers, and not v1.0.0, so nothing is recorded" in capsys.readouterr().err
    assert "tested/" not in git("tag")


def test_another_package_is_not_recorded(deployed: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
    """Golden requests of another version would be held against this one."""
    git("commit", "--quiet", "--allow-empty", "-m", "Train")
    register("v1.1.0", "ab" * 32)
    git("tag", "-a", "model#staging#2", "-m", "staging", "model@v1.1.0^{}")
    assert deployed.command("load", "--record") == 1
    assert "v1.1.0 should answer, and the package here is" in capsys.readouterr().err
