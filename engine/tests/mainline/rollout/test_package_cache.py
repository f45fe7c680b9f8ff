"""Packages that servers of one machine share: fetched once, verified by each, and nobody waits for who was killed."""

import fcntl
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mainline.errors import MainlineError
from mainline.package import manifest, signing
from mainline.rollout import package_cache
from mainline.rollout.bringing import Bringing
from mainline.rollout.follower import Follower
from mainline.rollout.package_cache import PackageCache
from mainline.rollout.source import Source
from tests.container_registry import package
from tests.mainline.rollout.conftest import Followed


class Fetched:
    """A package that can be fetched, and how often it was."""

    def __init__(self, folder: Path, text: str = "depth 3") -> None:
        self.origin = package(folder, text)
        self.digest = str(manifest.verify(self.origin)["digest"])
        self.number = 0

    def into(self, target: Path) -> Callable[[], Path]:
        """Return what fetches it."""

        def download() -> Path:
            self.number += 1
            return Path(shutil.copytree(self.origin, target))

        return download


@pytest.fixture
def fetched(tmp_path: Path) -> Fetched:
    """A small package."""
    return Fetched(tmp_path / "origin")


def bring(folder: Path, fetched: Fetched, target: Path) -> bool:
    """Bring a package by a cache, and hold it to its digest."""
    was_here = PackageCache(folder).bring(fetched.digest, target, fetched.into(target))
    assert manifest.verify(target)["digest"] == fetched.digest
    return was_here


def test_servers_that_begin_together_fetch_once(tmp_path: Path, fetched: Fetched) -> None:
    """While one of them fetches, the others wait, and then copy."""
    begun, go_on = threading.Event(), threading.Event()
    first = tmp_path / "first"

    def slow() -> Path:
        begun.set()
        assert go_on.wait(60)
        return fetched.into(first)()

    fetching = threading.Thread(target=lambda: PackageCache(tmp_path / "cache").bring(fetched.digest, first, slow))
    fetching.start()
    assert begun.wait(60)
    results: list[bool] = []
    targets = [tmp_path / f"other-{number}" for number in range(3)]
    others = [
        threading.Thread(target=lambda t=t: results.append(bring(tmp_path / "cache", fetched, t))) for t in targets
    ]
    for other in others:
        other.start()
    go_on.set()
    for thread in (fetching, *others):
        thread.join(60)
    assert results == [True] * 3
    assert fetched.number == 1


def test_killed_fetch_holds_nobody_up(tmp_path: Path, fetched: Fetched) -> None:
    """A server that was killed within a fetch leaves a lock that nobody holds, and a half that nobody uses."""
    folder = tmp_path / "cache"
    folder.mkdir()
    hold = (
        "import fcntl, os, sys, time; held = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT); "
        "fcntl.flock(held, fcntl.LOCK_EX); print('held', flush=True); time.sleep(600)"
    )
    command = [sys.executable, "-c", hold, str(folder / f"{fetched.digest}.lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        half = folder / f".incoming-{fetched.digest}"
        half.mkdir()
        (half / "model.onnx").write_text("half")
        holder.kill()
    assert not bring(folder, fetched, tmp_path / "first")
    assert bring(folder, fetched, tmp_path / "second")
    assert not half.exists()


def test_fetch_that_lasts_too_long_is_not_waited_for(
    tmp_path: Path, fetched: Fetched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that hangs within its fetch holds the lock: others go on beside it, and leave the cache to it."""
    monkeypatch.setattr(package_cache, "WAIT_SECONDS", 0.0)
    folder, first = tmp_path / "cache", tmp_path / "first"

    def fetch_beside() -> Path:
        assert not bring(folder, fetched, tmp_path / "second")
        assert not (folder / fetched.digest).exists()
        return fetched.into(first)()

    assert not PackageCache(folder).bring(fetched.digest, first, fetch_beside)
    assert (folder / fetched.digest).is_dir()


@pytest.mark.parametrize("fault", ["changed", "lacking", "other"])
def test_damage_in_the_cache_is_fetched_again(tmp_path: Path, fetched: Fetched, fault: str) -> None:
    """Whoever may write there cannot have a server load something else, and the next server finds it mended."""
    folder = tmp_path / "cache"
    bring(folder, fetched, tmp_path / "first")
    held = folder / fetched.digest
    if fault == "changed":
        (held / "model.onnx").write_text("depth 9")
    elif fault == "lacking":
        (held / "model.onnx").unlink()
    else:
        shutil.rmtree(held)
        package(held, "depth 4")
    assert not bring(folder, fetched, tmp_path / "second")
    assert bring(folder, fetched, tmp_path / "third")


def test_folder_that_cannot_be_used_is_said(tmp_path: Path, fetched: Fetched, caplog: pytest.LogCaptureFixture) -> None:
    """A cache is a help: without it the package is fetched as ever."""
    (tmp_path / "cache").write_text("a file")
    assert not bring(tmp_path / "cache", fetched, tmp_path / "first")
    assert fetched.number == 1
    assert [record.msg for record in caplog.records] == ["the cache of packages cannot be used"]


@pytest.mark.parametrize("room", [0, 1, 2])
def test_full_folder_holds_what_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    """The oldest packages go until the new one fits; if it never does, nothing half stays that would fill it."""
    cache, copy = tmp_path / "cache", shutil.copytree

    def copytree(source: Path, target: Path, *given: Any, **named: Any) -> Path:
        is_full = len([path for path in cache.iterdir() if path.is_dir()]) >= room
        if Path(target).parent == cache and is_full:
            (target / "half").mkdir(parents=True)
            raise shutil.Error([(str(source), str(target), "[Errno 28] No space left on device")])
        return Path(copy(source, target, *given, **named))

    monkeypatch.setattr(shutil, "copytree", copytree)
    packages = [Fetched(tmp_path / f"origin-{number}", f"depth {number}") for number in range(3)]
    for number, one in enumerate(packages):
        assert not bring(cache, one, tmp_path / f"target-{number}")
    there = {path.name for path in cache.iterdir() if path.is_dir()}
    assert there == {one.digest for one in packages[3 - room :]}


def test_half_of_a_killed_server_is_dropped(tmp_path: Path, fetched: Fetched) -> None:
    """A copy that nobody goes on with is not left for ever, although nobody wants that package again."""
    half = tmp_path / "cache" / f".incoming-{'0' * 64}"
    half.mkdir(parents=True)
    with (tmp_path / "cache" / f"{'0' * 64}.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        bring(tmp_path / "cache", Fetched(tmp_path / "other", "depth 9"), tmp_path / "first")
        assert half.exists(), "somebody still copies"
    bring(tmp_path / "cache", fetched, tmp_path / "second")
    assert not half.exists()


def test_failed_fetch_is_the_caller_s(tmp_path: Path, fetched: Fetched) -> None:
    """What the fetch says reaches the follower, and leaves nothing."""

    def fail() -> Path:
        raise MainlineError("the store is away")

    with pytest.raises(MainlineError, match="the store is away"):
        PackageCache(tmp_path / "cache").bring(fetched.digest, tmp_path / "first", fail)
    assert not (tmp_path / "cache" / fetched.digest).exists()


def test_packages_that_were_used_last_stay(tmp_path: Path) -> None:
    """The cache does not grow without end."""
    versions = [Fetched(tmp_path / f"origin-{number}", f"depth {number}") for number in range(package_cache.KEPT + 1)]
    for number, version in enumerate(versions[:-1]):
        bring(tmp_path / "cache", version, tmp_path / f"first-{number}")
    assert bring(tmp_path / "cache", versions[0], tmp_path / "again")
    bring(tmp_path / "cache", versions[-1], tmp_path / "last")
    there = {path.name for path in (tmp_path / "cache").iterdir() if path.is_dir()}
    assert there == {version.digest for version in versions} - {versions[1].digest}


def test_folders_of_others_are_left_alone(tmp_path: Path) -> None:
    """Somebody may declare a folder that holds more than packages, such as /var/cache: only packages are dropped."""
    others = [tmp_path / "cache" / f"apt-{number}" for number in range(package_cache.KEPT + 1)]
    for other in others:
        other.mkdir(parents=True)
        (other / "file").write_text("mine")
    bring(tmp_path / "cache", Fetched(tmp_path / "origin"), tmp_path / "first")
    assert all((other / "file").read_text() == "mine" for other in others)


def declared(followed: Followed, **section: object) -> None:
    """Declare where packages are, on main."""
    import yaml

    file = followed.repository.path / "deploy/production.yaml"
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | {"packages": section}))
    followed.repository.merge("Declare packages")


def another(followed: Followed, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Source:
    """Return the source of another server on this machine."""
    from mainline.exchange.place import Place

    source = Source(followed.source.url, "production", Place(folder))
    monkeypatch.setattr(source, "_check", lambda *_: None)
    return source


def test_second_server_needs_no_store_and_verifies(
    followed: Followed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the first server fetched is there for the second one, whose own check of the signature it must pass."""
    declared(followed, cache=str(tmp_path / "cache"))
    followed.release()
    assert followed.source.bring(followed.source.look()).verified
    shutil.rmtree(followed.repository.path.parent / "storage")
    second = another(followed, tmp_path / "second", monkeypatch)
    assert second.bring(second.look()).verified
    third = another(followed, tmp_path / "third", monkeypatch)

    def refuse(*_: object) -> str:
        raise signing.SignatureError("the signature is not trusted")

    monkeypatch.setattr(signing, "check", refuse)
    found = third.bring(third.look())
    assert (found.verified, found.problem) == (False, "the signature is not trusted")


def test_fetch_waits_for_its_moment(followed: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until then nothing is wrong, and the follower looks again right then; the moment is drawn once for a package."""
    followed.release()
    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(random, "random", lambda: 0.5)
    found, waiting = followed.source.look(), Bringing(followed.source)
    assert not waiting.bring(found, 1.0, 60.0).verified
    assert waiting.bring(found, 1.0, 60.0).problem == ""
    assert waiting.wait == 30.0
    clock[0] += 29.0
    assert not waiting.bring(found, 1.0, 60.0).verified
    clock[0] += 1.0
    assert waiting.wait == float("inf")
    assert waiting.bring(found, 1.0, 60.0).verified


def test_server_without_a_version_does_not_wait(followed: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first version is fetched at once; the next one, while the first one serves, at its moment."""
    monkeypatch.setattr(random, "random", lambda: 0.5)
    declared(followed, spread="10m")
    followed.release()
    follower = Follower(followed.source, followed.source.place)
    follower.look()
    assert follower.found.verified
    follower.tick()
    followed.release(5)
    follower.look()
    assert follower.found.wanted is not None
    assert (follower.found.wanted.version, follower.found.verified, follower.found.problem) == ("v1.1.0", False, "")
