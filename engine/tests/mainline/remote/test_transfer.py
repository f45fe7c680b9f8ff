"""Push and pull: everything arrives whole, and whatever is damaged is found before it does harm."""

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from mainline.remote import objects, transfer
from mainline.remote.store import StorageError, Store
from mainline.repository import dvc
from mainline.repository.dvc import DvcError
from tests.mainline.test_processes import deaf
from tests.project import Project

__all__ = ["deaf"]


def files(folder: Path) -> list[Path]:
    """List the objects below a folder: of a cache or a store."""
    return sorted(path for path in (folder / "files/md5").rglob("*") if path.is_file())


def flip(file: Path, bit: int = 0) -> None:
    """Flip one bit of a file."""
    content = bytearray(file.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    file.chmod(0o644)
    file.write_bytes(content)


@pytest.fixture
def store(repository: Project) -> Path:
    """The store, to which everything was pushed."""
    transfer.push(objects.of_workspace())
    return repository.path.parent / "storage"


def test_push_brings_each_object_once(repository: Project) -> None:
    """A folder's two files, its listing and the model arrive; a second push sends nothing."""
    assert transfer.push(objects.of_workspace()) == 4
    assert [path.read_bytes() for path in files(repository.path.parent / "storage")] == [
        path.read_bytes() for path in files(repository.path / ".dvc/cache")
    ]
    assert transfer.push(objects.of_workspace()) == 0
    assert transfer.push(objects.of_workspace(), thorough=True) == 0


@pytest.mark.parametrize("number", range(4))
def test_a_damaged_object_is_never_pushed(repository: Project, number: int) -> None:
    """A flipped bit in any object of the cache stops the push, and the store does not have that object."""
    damaged = files(repository.path / ".dvc/cache")[number]
    flip(damaged)
    with pytest.raises(StorageError, match=r"(data|model).* is damaged or missing"):
        transfer.push(objects.of_workspace())
    assert damaged.name not in {path.name for path in files(repository.path.parent / "storage")}


@pytest.mark.parametrize("number", range(4))
def test_a_damaged_object_of_the_store_is_found_and_replaced(store: Path, number: int) -> None:
    """A thorough push reads what is there, and mends it from the cache."""
    whole = [path.read_bytes() for path in files(store)]
    flip(files(store)[number], bit=3)
    assert transfer.push(objects.of_workspace(), thorough=True) == 1
    assert [path.read_bytes() for path in files(store)] == whole


@pytest.mark.parametrize("number", range(4))
def test_pull_replaces_what_is_damaged_here(store: Path, repository: Project, number: int) -> None:
    """A flipped bit in any object of the cache is found by reading it, and the store's copy takes its place."""
    whole = [path.read_bytes() for path in files(store)]
    flip(files(repository.path / ".dvc/cache")[number])
    assert transfer.pull(objects.of_workspace()) == 1
    assert [path.read_bytes() for path in files(repository.path / ".dvc/cache")] == whole


@pytest.mark.parametrize("number", range(4))
def test_pull_takes_nothing_that_is_damaged(store: Path, repository: Project, number: int) -> None:
    """With an empty cache and one flipped bit in the store, the error names the output and the object stays out."""
    damaged = files(store)[number]
    flip(damaged)
    shutil.rmtree(repository.path / ".dvc/cache")
    with pytest.raises(StorageError, match=r"(data|model) \(.*neither here nor sound in the remote"):
        transfer.pull(objects.of_workspace())
    assert not list((repository.path / ".dvc/cache").rglob(damaged.name))


def test_pull_fills_an_empty_clone(store: Path, repository: Project) -> None:
    """A clone has everything that the lock names after one pull, in the workspace too."""
    repository.run("git", "clone", "--quiet", ".", "../clone")
    clone = Project(repository.path.parent / "clone")
    said = clone.run("python", "-m", "mainline", "pull", PYTHONPATH=str(Path(transfer.__file__).parents[2]))
    assert "4 objects were fetched, and checked." in said.stdout
    assert (clone.path / "data/two").read_text() == "two\n"
    assert clone.run("dvc", "status", "--quiet").returncode == 0
    assert store.exists()


@pytest.mark.parametrize(
    ("number", "command", "workspace"),
    [(None, "push", "whole"), (None, "pull", "gone"), (0, "push", "gone"), (1, "pull", "whole"), (2, "pull", "gone")],
)
def test_what_is_sound_nowhere_is_made_again_as_is_said(
    store: Path, repository: Project, number: int | None, command: str, workspace: str
) -> None:
    """An object that is damaged or gone on both sides is named with its output, and what the message says helps."""
    shutil.rmtree(store)
    if number is None:
        shutil.rmtree(repository.path / ".dvc/cache")
    else:
        flip(files(repository.path / ".dvc/cache")[number])
    if workspace == "gone":
        repository.run("rm", "-rf", "data", "model")
    with pytest.raises(StorageError, match=r"(data|model) .*(nowhere|neither).*`make repro` makes it again"):
        getattr(transfer, command)(objects.of_workspace())
    repository.run("dvc", "repro", "--quiet")  # as `make repro` does
    assert transfer.push(objects.of_workspace()) == 4
    assert (repository.path / "data/two").read_text() == "two\n"


IMPORTED = """\
frozen: true
deps:
- path: http://{}/far
outs:
- md5: 0123456789abcdef0123456789abcdef
  hash: md5
  path: far
"""


def test_import_whose_source_never_answers_ends(
    deaf: str, repository: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`pull` waits for it until its limit, and its `.dvc` file is as it was."""
    file = repository.path / "far.dvc"
    file.write_text(IMPORTED.format(deaf))
    monkeypatch.setenv("MAINLINE_DVC_SECONDS", "3")
    with pytest.raises(DvcError, match=r"`dvc (fetch|update)` did not end within 3 s"):
        transfer.pull(objects.of_workspace())
    assert file.read_text() == IMPORTED.format(deaf)


def test_what_arrives_damaged_is_not_there_for_the_next_push(
    repository: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that keeps something else than was sent fails the push, and the next one sends it again."""
    store, copy = repository.path.parent / "storage", Store._copy

    def harm(there: Store, oids: Sequence[str], here: Store) -> None:
        copy(there, oids, here)
        flip(Path(there.path(oids[0])))

    monkeypatch.setattr(Store, "_copy", harm)
    with pytest.raises(StorageError, match="not in the remote after it was sent"):
        transfer.push(objects.of_workspace())
    monkeypatch.setattr(Store, "_copy", copy)
    assert transfer.push(objects.of_workspace()) == 2
    assert [path.read_bytes() for path in files(store)] == [
        path.read_bytes() for path in files(repository.path / ".dvc/cache")
    ]


FULL = """\
import resource, sys
from mainline.errors import MainlineError
from mainline.remote import objects, transfer
from mainline.remote.store import Store
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))
copy, tries = Store._copy, []
Store._copy = lambda self, *given: (tries.append(self.name), copy(self, *given))
try:
    getattr(transfer, sys.argv[1])(objects.of_workspace())
except MainlineError as error:
    print(f"said {error} after {len(tries)} copies", flush=True)
"""


@pytest.mark.parametrize(("way", "name"), [("pull", "the cache"), ("push", "the remote")])
def test_a_full_disk_is_said_at_once_and_left_no_fuller(repository: Project, way: str, name: str) -> None:
    """What does not fit is said in one line, tried once, and leaves no half-written file."""
    large, cache, store = repository.path / "large", repository.path / ".dvc/cache", repository.path.parent / "storage"
    large.write_bytes(bytes(3_000_000))
    repository.run("dvc", "add", "--quiet", "large")
    if way == "pull":
        transfer.push(objects.of_workspace())
        shutil.rmtree(cache)
    said = repository.run(sys.executable, "-c", FULL, way).stdout
    assert re.search(rf"said {name} cannot be written: .*Make room, then run this again\. after [12] copies", said), (
        said
    )
    assert [*cache.rglob("*.tmp"), *store.rglob("*.tmp")] == []


def test_files_that_dvc_cannot_place_are_in_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """If `dvc checkout` fails, its reason is said, and that nothing need be fetched again."""
    failed = subprocess.CompletedProcess(["dvc"], 1, "", "ERROR: 'data/raw' is in use.\n")
    monkeypatch.setattr(dvc, "run", lambda *_: failed)
    said = (
        r"^all objects are in the cache, .* 'data/raw' is in use\. Mend that; `\./mainline pull` then fetches nothing"
    )
    with pytest.raises(StorageError, match=said):
        transfer._check_out()
