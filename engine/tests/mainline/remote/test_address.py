"""Where a clone's own store is: outside of what `git clean` deletes, the same for git's and DVC's commands."""

import contextlib
import shutil
from pathlib import Path

import pytest

from mainline.errors import MainlineError
from mainline.remote import address, declaration, objects, transfer
from mainline.remote.stores import open_remote
from tests.door import typed
from tests.project import FLIGHTS, ROOT, Project


@pytest.fixture
def shipped(repository: Project) -> Project:
    """The repository with the declaration that this template ships."""
    (repository.path / ".dvc/config").write_text((FLIGHTS / ".dvc/config").read_text())
    (repository.path / ".dvc/.gitignore").write_text((ROOT / ".dvc/.gitignore").read_text())
    repository.commit("Declare")
    return repository


def test_git_clean_leaves_the_store(shipped: Project) -> None:
    """After `git clean -fdx` a pull brings everything back."""
    transfer.push(objects.of_workspace())
    shipped.run("git", "clean", "--quiet", "-ffdx")
    assert not (shipped.path / ".dvc/cache").exists()
    assert transfer.pull(objects.of_workspace()) == 4
    assert (shipped.path / "data/two").read_text() == "two\n"


def test_worktrees_share_it(shipped: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one working tree pushed, another one pulls, by our command and by DVC's."""
    transfer.push(objects.of_workspace())
    shipped.run("git", "worktree", "add", "--quiet", "../tree")
    tree = Project(shipped.path.parent / "tree")
    monkeypatch.chdir(tree.path)
    address.settle()
    tree.run("dvc", "pull", "--quiet")
    assert (tree.path / "data/two").read_text() == "two\n"
    assert open_remote().path("0" * 32).startswith(str(shipped.path / ".git/mainline/storage"))


def test_the_store_is_found_below_a_path_of_any_letters(shipped: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clone in a folder with spaces and letters beyond ASCII pushes and pulls, by our command and by DVC's."""
    clone = Project(shipped.path.parent / "Ein Ordner für Łukasz")
    shipped.path.rename(clone.path)
    monkeypatch.chdir(clone.path)
    address.settle()
    transfer.push(objects.of_workspace())
    shutil.rmtree(clone.path / ".dvc/cache")
    clone.run("dvc", "pull", "--quiet")
    assert open_remote().path("0" * 32).startswith(str(clone.path / ".git/mainline/storage"))


def _push_an_experiment(shipped: Project) -> set[str]:
    """Run and push an experiment with DVC's own commands, and return the objects that it needs."""
    shipped.give_origin()
    shipped.run("git", "push", "--quiet", "origin", "main")
    (shipped.path / "dvc.yaml").write_text((shipped.path / "dvc.yaml").read_text().replace("echo text", "echo tried"))
    shipped.run("dvc", "exp", "run", "--quiet", "--name", "trial")
    shipped.run("dvc", "exp", "push", "--quiet", "origin", "trial")
    made = [
        name
        for name in shipped.run("git", "for-each-ref", "--format=%(refname)", "refs/exps").stdout.split()
        if "trial" in name
    ]
    return {output.oid for output in objects.of_commit(made[0])}


@pytest.mark.parametrize("url", ["", address.DEFAULT, "../../shared"])
def test_an_experiment_is_pushed_into_the_store(shipped: Project, url: str) -> None:
    """`dvc exp push` writes into the store, and not to a folder at the root of the file system."""
    if url:
        declare_relative(shipped, url)
    address.settle()
    assert _push_an_experiment(shipped) <= set(open_remote().everything())


def declare_relative(shipped: Project, url: str) -> None:
    """Declare a relative address in git, as earlier versions of the template did."""
    shipped.run("dvc", "remote", "add", "--quiet", "--default", "storage", f".dvc/{url}")
    shipped.run("git", "commit", "--quiet", "--all", "--message", "Declare it relative")


def test_git_holds_no_relative_address(shipped: Project) -> None:
    """What ships declares no store, so DVC's commands have none to resolve wrongly before the first of ours."""
    made = shipped.run("dvc", "config", "--list", "--project").stdout
    assert "remote" not in made
    assert "no remote specified" in shipped.run("dvc", "push", succeed=False).stderr
    assert not _push_an_experiment(shipped) & set(open_remote().everything())


def test_a_relative_folder_is_declared_absolute(shipped: Project) -> None:
    """`./mainline remote ./shared` writes an address that is the same wherever DVC reads it."""
    typed("remote", "../shared")
    assert f"url = {shipped.path.parent / 'shared'}" in (shipped.path / ".dvc/config").read_text()


def test_the_default_store_is_kept_when_another_is_declared(shipped: Project, tmp_path: Path) -> None:
    """Here and in a colleague's clone that pulls the declaration, its objects are brought by `push --all`."""
    transfer.push(objects.of_workspace())
    twin = shipped.twin(shipped.path.parent / "twin")
    assert "kept as the remote 'before-1'" in typed("remote", str(tmp_path / "new"))
    assert "is kept" not in typed("remote", str(tmp_path / "new"))
    shutil.copy(shipped.path / ".dvc/config", twin.path / ".dvc/config")
    for project in (shipped, twin):
        with contextlib.chdir(project.path):
            assert open_remote("before-1").root == str(project.path / ".git/mainline/storage")
            assert open_remote().root == str(tmp_path / "new")
    shutil.rmtree(shipped.path / ".dvc/cache")
    typed("push", "--all")
    assert {output.oid for output in objects.of_workspace()} <= set(open_remote().everything())


def test_a_store_that_cannot_be_used_leaves_the_default_one(shipped: Project) -> None:
    """If the new store does not work, the clone's own configuration is the same to the byte."""
    open_remote()
    before = (shipped.path / ".dvc/config.local").read_bytes()
    with pytest.raises(MainlineError, match="the store cannot be written"):
        declaration.declare("/proc/nowhere")
    assert (shipped.path / ".dvc/config.local").read_bytes() == before


def test_what_an_earlier_version_kept_moves(shipped: Project) -> None:
    """Objects of `.dvc/storage` are brought to the new place, once, and nothing is lost."""
    transfer.push(objects.of_workspace())
    new, old = shipped.path / ".git/mainline/storage", shipped.path / ".dvc/storage"
    before = open_remote().everything().keys()
    new.rename(old)
    assert open_remote().everything().keys() == before
    assert not old.exists()


def test_a_copied_clone_has_a_store_of_its_own(shipped: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clone that was copied or moved does not write into the store of the one that it came from."""
    transfer.push(objects.of_workspace())
    twin = shipped.twin(shipped.path.parent / "twin")
    monkeypatch.chdir(twin.path)
    assert open_remote().path("0" * 32).startswith(str(twin.path))


def test_another_declaration_counts_at_once(shipped: Project, tmp_path: Path) -> None:
    """A store that somebody declares in git is not hidden by the address that was written here."""
    assert ".git/mainline/storage" in open_remote().path("0" * 32)
    typed("remote", str(tmp_path / "new"))
    assert open_remote().path("0" * 32).startswith(str(tmp_path / "new"))
    shipped.run("git", "checkout", "--quiet", ".dvc/config")
    assert ".git/mainline/storage" in open_remote().path("0" * 32)


@pytest.mark.parametrize("settled", [True, False])
def test_an_address_that_a_person_wrote_stays(shipped: Project, tmp_path: Path, settled: bool) -> None:
    """`.dvc/config.local` is a person's own."""
    if settled:
        address.settle()
    way = ["modify", "storage", "url"] if settled else ["add", "--default", "storage"]
    shipped.run("dvc", "remote", way[0], "--local", *way[1:], str(tmp_path / "mine"))
    assert open_remote().path("0" * 32).startswith(str(tmp_path / "mine"))
