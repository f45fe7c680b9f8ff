"""The container image of a version: pushed once, from the version's commit, on a base that is pinned and recorded."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from mainline.github import image
from mainline.github.image import ImageError
from mainline.repository import git
from mainline.repository.git import GitError
from tests.github import docker_recorder
from tests.github.repository import FULL
from tests.github.standin import GitHub
from tests.project import ROOT

NAME = f"ghcr.io/{FULL}"
LOCK = "schema: '2.0'\nstages:\n  package:\n    cmd: p\n    outs:\n    - {path: models/package, md5: %s.dir}\n"


@pytest.fixture
def records(clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The recorder as `docker`, in a clone whose commit made v1.0.0; return the recorder's file."""
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.symlink_to(docker_recorder.__file__)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("DOCKER_RECORDS", str(tmp_path / "docker.json"))
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    _commit(clone, "dvc.lock", LOCK % ("a" * 32))
    _commit(clone, image.FILE, "ARG BASE\nFROM ${BASE}\n")
    subprocess.run(["git", "push", "--quiet", "origin", "HEAD:main"], check=True)
    subprocess.run(["git", "tag", "model@v1.0.0"], check=True)
    return tmp_path / "docker.json"


def _commit(clone: Path, name: str, text: str) -> None:
    (clone / name).parent.mkdir(parents=True, exist_ok=True)
    (clone / name).write_text(text)
    subprocess.run(["git", "add", name], check=True)
    subprocess.run(["git", "commit", "--quiet", "--message", name], check=True)


def _pushed(records: Path) -> dict[str, Any]:
    found: dict[str, Any] = docker_recorder.read(records)["pushed"]
    return {name: digest for name, digest in found.items() if name not in docker_recorder.BASES}


def test_a_version_has_an_image_that_says_what_it_is(clone: Path, github: GitHub, records: Path) -> None:
    """It bears version, commit, source and the base's digest, and is built from what git has and nothing else."""
    (clone / "secret.env").write_text("KEY=1")
    said = image.publish()
    assert list(_pushed(records)) == [f"{NAME}:v1.0.0"]
    assert _pushed(records)[f"{NAME}:v1.0.0"] in said
    built = docker_recorder.read(records)["built"][f"{NAME}:v1.0.0"]
    assert {key.removeprefix("org.opencontainers.image."): value for key, value in built["labels"].items()} == {
        "source": f"{github.url}/{FULL}", "revision": git.ask("rev-parse", "HEAD"), "version": "v1.0.0",
        "base.name": image.BASE, "base.digest": docker_recorder.BASES[image.BASE],
    }  # fmt: skip
    assert "secret.env" not in built["files"]


def test_the_base_that_is_pinned_is_the_one_that_the_file_declares() -> None:
    """The Containerfile of this repository builds on the base that is looked up."""
    assert f"ARG BASE={image.BASE}\n" in (ROOT / image.FILE).read_text()


def test_an_image_is_pushed_once(records: Path, tmp_path: Path) -> None:
    """Run again it is left as it is, and the steps that follow are told its digest both times."""
    image.publish()
    before = _pushed(records)
    assert "is there already" in image.publish()
    assert _pushed(records) == before
    told = (tmp_path / "output").read_text().splitlines()
    assert told == [f"name={NAME}", f"digest={before[f'{NAME}:v1.0.0']}"] * 2


def test_a_commit_that_made_no_version_has_no_image(clone: Path, records: Path, tmp_path: Path) -> None:
    """A document leaves the model as it is, and another model is not a version yet: docker is asked nothing."""
    _commit(clone, "NOTES.md", "Words")
    assert "v1.0.0 is made by the run of" in image.publish()
    _commit(clone, "dvc.lock", LOCK % ("b" * 32))
    assert "has no version" in image.publish()
    assert not records.exists()
    assert not (tmp_path / "output").exists()


def test_a_registry_that_does_not_answer_is_no_missing_image(records: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is built or pushed over what may be there, and the error has docker's words."""
    monkeypatch.setenv("DOCKER_BROKEN", "1")
    with pytest.raises(ImageError, match="i/o timeout"):
        image.publish()
    assert _pushed(records) == {}


@pytest.mark.parametrize(("name", "line"), [("GITHUB_TOKEN", "GITHUB_TOKEN is not set"), ("PATH", "no `docker`")])
@pytest.mark.usefixtures("records")
def test_what_is_missing_is_named(name: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a token, or without docker, the error says which."""
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone" / "git").symlink_to("/usr/bin/git")
    monkeypatch.setenv(name, "" if name == "GITHUB_TOKEN" else str(tmp_path / "alone"))
    with pytest.raises(ImageError, match=line):
        image.publish()


def test_the_token_is_not_left_behind(records: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What docker keeps of the login is gone when the command ends."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    image.publish()
    assert docker_recorder.read(records)["tokens"] == ["t0ken"]
    assert list(tmp_path.glob("mainline-docker-*")) == []


def test_commit_that_is_not_there_is_said_in_a_line() -> None:
    """What git says comes as one line, as everywhere."""
    with pytest.raises(GitError, match=r"^`git archive` says: .*no-such-commit"):
        image._tree("no-such-commit")
