"""A checkout with other bytes, or in a repository of something else, is told in one line, with a way that works."""

import re
import subprocess
from pathlib import Path

import pytest

from mainline import __main__ as command_line
from mainline.commands.verify import verify
from mainline.gate.examination import examine
from mainline.repository import checkout
from mainline.repository.checkout import CheckoutError
from tests.project import ROOT, Project


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A repository with this one's attributes, and some text in it."""
    made = Project(tmp_path / "repository")
    (made.path / "data").mkdir(parents=True)
    (made.path / ".gitattributes").write_bytes((ROOT / ".gitattributes").read_bytes())
    (made.path / "code.py").write_bytes(b"one\ntwo\n")
    (made.path / "dvc.yaml").write_bytes(b"stages: {}\n")
    (made.path / "data/given.csv").write_bytes(b"a,b\r\n1,2\r\n")
    made.run("git", "init", "--quiet", "--initial-branch=main")
    made.run("git", "config", "user.name", "Test")
    made.run("git", "config", "user.email", "test@example.org")
    made.commit("Start")
    monkeypatch.chdir(made.path)
    return made


def test_a_clone_has_the_same_bytes_wherever_it_is_made(repository: Project) -> None:
    """With git's setting for Windows, texts are as they are in git, and data that git keeps is too."""
    repository.run("git", "clone", "--quiet", "--config", "core.autocrlf=true", ".", "../clone")
    for name in ("code.py", "data/given.csv", "dvc.yaml"):
        assert (repository.path.parent / "clone" / name).read_bytes() == (repository.path / name).read_bytes()


def test_every_text_of_this_repository_ends_its_lines_alike() -> None:
    """Git takes each tracked file for a text with LF, or for one that it must not touch."""
    shown = subprocess.run(
        ["git", "ls-files", "--eol", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    states = [entry.partition("\t")[0].split() for entry in shown.split("\0") if entry]
    assert {index for index, *_ in states} <= {"i/lf", "i/none", "i/-text", "i/"}
    assert all("eol=lf" in attributes or "attr/-text" in attributes for *_, attributes in [
        (state[0], " ".join(state[2:])) for state in states
    ])  # fmt: skip


def test_an_old_checkout_is_told_how_to_renew_itself(repository: Project) -> None:
    """A file with Windows' line endings is named, and the command in the message puts git's bytes there."""
    (repository.path / "code.py").write_bytes(b"one\r\ntwo\r\n")
    with pytest.raises(CheckoutError, match=r"code.py has Windows' line endings here.*then: `git rm") as told:
        checkout.require_bytes()
    repository.run("bash", "-c", re.findall("`(.*)`", str(told.value))[0])
    checkout.require_bytes()
    assert (repository.path / "code.py").read_bytes() == b"one\ntwo\n"
    assert (repository.path / "data/given.csv").read_bytes() == b"a,b\r\n1,2\r\n"


def test_make_says_it_before_a_script_fails(tmp_path: Path) -> None:
    """In a checkout with Windows' line endings, `make` names the remedy, where bash would name a carriage return."""
    for name in ("Makefile", "mainline"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes().replace(b"\n", b"\r\n"))
    (tmp_path / "params.yaml").write_bytes(b"a: 1\r\n")
    ran = subprocess.run(["make", "repro"], cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode != 0
    assert f"Windows' line endings. Commit or stash what you changed, then: {checkout.RENEW}" in ran.stderr


def test_a_pointer_of_git_lfs_is_not_data(repository: Project) -> None:
    """A file that Git LFS has not fetched is named before anything reads it."""
    with (repository.path / ".gitattributes").open("a") as file:
        file.write("*.csv filter=lfs diff=lfs merge=lfs -text\n")
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n"
    (repository.path / "data/given.csv").write_text(pointer)
    repository.run("git", "config", "filter.lfs.clean", "cat")
    repository.commit("Keep it with Git LFS")
    with pytest.raises(CheckoutError, match=r"data/given.csv is a pointer of Git LFS.*git lfs pull"):
        checkout.require_bytes()
    for command in (verify, examine):  # a clone of this one would fail in other words, or judge the pointer
        with pytest.raises(CheckoutError, match=r"data/given.csv is a pointer of Git LFS.*git lfs pull"):
            command()
    repository.run("git", "config", "filter.lfs.clean", "printf 'version https://git-lfs.github.com/spec/v1\\n' #")
    (repository.path / "data/given.csv").write_bytes(b"a,b\r\n1,2\r\n")
    repository.run("git", "add", "data")
    checkout.require_bytes()  # what is fetched has its own bytes, whatever git has in its place


def test_a_folder_of_another_repository_becomes_one_of_its_own(
    repository: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a subfolder of a repository, the message names the way out, and that way works."""
    inner = repository.path / "models/flights"
    inner.mkdir(parents=True)
    for name in ("dvc.yaml", ".gitattributes"):
        (inner / name).write_bytes((repository.path / name).read_bytes())
    repository.commit("Add a model")
    monkeypatch.chdir(inner)
    with pytest.raises(
        CheckoutError, match=r"models/flights is a folder of the git repository .*takes a whole one"
    ) as told:
        checkout.require_repository()
    repository.run("bash", "-c", re.findall("`(.*)`", str(told.value))[0])
    alone = repository.path.parent / "flights-alone"
    monkeypatch.chdir(alone)
    checkout.require_repository()
    assert sorted(file.name for file in alone.iterdir()) == [".git", ".gitattributes", "dvc.yaml"]
    assert Project(alone).run("git", "branch", "--show-current").stdout == "main\n"


@pytest.mark.parametrize("command", sorted({*command_line.NAMES} - command_line.ANYWHERE))
def test_every_command_says_so(
    repository: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """No command that needs the repository takes the one around it for its own."""
    inner = repository.path / "inner"
    inner.mkdir()
    (inner / "dvc.yaml").write_text("stages: {}")
    monkeypatch.chdir(inner)
    given = {
        "propose": ["branch"],
        "archive": ["v1.0.0"],
        "rebuild": ["v1.0.0"],
        "lineage": ["v1.0.0"],
        "evidence": ["v1.0.0"],
        "export": ["great-expectations", "suite.json"],
        "sign": ["v1.0.0"],
        "fetch": ["v1.0.0"],
        "approve": ["v1.0.0"],
        "accept": ["schema", "--reason", "Clients were told."],
        "comment": ["--run", "1", "--head", "0"],
        "stored": ["--run", "1", "--head", "0"],
        "commit-lock": ["1"],
        "upgrade": ["v1.0.0"],
        "stage": ["prepare"],
        "smoke": ["http://127.0.0.1:1"],
        "load": ["http://127.0.0.1:1"],
        "stress": ["http://127.0.0.1:1"],
    }
    assert command_line.main([command, *given.get(command, [])]) == 1
    assert "inner is a folder of the git repository" in capsys.readouterr().err


def test_the_top_is_named_where_it_is_meant(repository: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder of the repository itself, the way is a step up."""
    monkeypatch.chdir(repository.path / "data")
    with pytest.raises(CheckoutError, match=r"not the top of the repository. `cd .*repository` and run it there"):
        checkout.require_repository()
