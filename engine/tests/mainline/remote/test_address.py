"""Where a clone's own store is: outside of what `git clean` deletes, the same for git's and DVC's commands."""

from pathlib import Path

import pytest

from mainline.remote import address, objects, transfer
from mainline.remote.store import open_remote
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


@pytest.mark.parametrize("url", [address.DEFAULT, "../../shared"])
def test_an_experiment_is_pushed_into_the_store(shipped: Project, url: str) -> None:
    """`dvc exp push` writes into the declared folder, and not to a folder at the root of the file system."""
    config = shipped.path / ".dvc/config"
    config.write_text(config.read_text().replace(address.DEFAULT, url))
    shipped.run("git", "commit", "--quiet", "--allow-empty", "--all", "--message", "Declare it relative")
    shipped.run("git", "init", "--quiet", "--bare", "../origin.git")
    shipped.run("git", "remote", "add", "origin", "../origin.git")
    shipped.run("git", "push", "--quiet", "origin", "main")
    address.settle()
    (shipped.path / "dvc.yaml").write_text((shipped.path / "dvc.yaml").read_text().replace("echo text", "echo tried"))
    shipped.run("dvc", "exp", "run", "--quiet", "--name", "trial")
    shipped.run("dvc", "exp", "push", "--quiet", "origin", "trial")
    made = [
        name
        for name in shipped.run("git", "for-each-ref", "--format=%(refname)", "refs/exps").stdout.split()
        if "trial" in name
    ]
    assert {output.oid for output in objects.of_commit(made[0])} <= set(open_remote().everything())


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


def test_an_address_that_a_person_wrote_stays(shipped: Project, tmp_path: Path) -> None:
    """`.dvc/config.local` is a person's own."""
    shipped.run("dvc", "remote", "modify", "--local", "--quiet", "storage", "url", str(tmp_path / "mine"))
    assert open_remote().path("0" * 32).startswith(str(tmp_path / "mine"))
