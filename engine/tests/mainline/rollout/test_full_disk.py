"""A follower on a disk that is full, at whichever of its writes: a real one, a small tmpfs in a mount namespace."""

import json
import subprocess
import sys
from typing import Any

import pytest

from mainline.repository.git import git
from tests.mainline.monitoring.test_full_disk import SMALL
from tests.mainline.rollout.conftest import Followed
from tests.project import SEARCH_PATH

LEFT = (0, 8, 20, 32, 44)
"""Kilobytes that are left on the disk when the follower learns of another version: its first writes fit, or none."""
FOLLOW = """
import json, logging, os, shutil, subprocess, sys
from pathlib import Path

from mainline.exchange.place import Place
from mainline.package.soundness import is_sound
from mainline.rollout.follower import Follower
from mainline.rollout.source import Source

url, disk, storage, sizes = sys.argv[1], Path(sys.argv[2]), sys.argv[3], sys.argv[4:]
Source._check = lambda *_: None  # the packages here cannot serve
filler, place, kept, logged = disk / "filler", Place(disk / "place"), disk.with_name("kept"), []
logging.getLogger().addHandler(type("Kept", (logging.Handler,), {"emit": lambda _, record: logged.append(record)})())

def fill(left):
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
    os.truncate(filler, filler.stat().st_size - left * 1024)

def turn(follower):
    follower._bringing.back_off.reset()
    follower._look_safely()
    follower._drive()

def routed():
    return sorted(route["version"] for route in json.loads(place.routing.read_bytes())["routes"])

def said():
    texts = [str(record.fields) for record in logged if record.levelno >= logging.WARNING]
    return [text for text in texts if "write" in text or "No space" in text]

subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(disk)], check=True)
place.make()
(place.folder / "storage").symlink_to(storage)
turn(Follower(Source(url, "production", place), place))
os.chdir(disk)
shutil.copytree(place.folder, kept, symlinks=True)
subprocess.run(["git", "-C", url, "update-ref", "--stdin"], input=sys.stdin.buffer.read(), check=True)
for size in sizes:
    os.chdir(disk)
    shutil.rmtree(place.folder)
    shutil.copytree(kept, place.folder, symlinks=True)
    follower = Follower(Source(url, "production", place), place)
    follower._recall()
    made = place.clone.stat().st_ino
    fill(int(size))
    logged.clear()
    problems = []
    for _ in range(4):
        turn(follower)
        problems.append(follower.found.problem)
    stable = follower.driver.state.stable
    full = {"serves": routed(), "sound": is_sound(place.package(stable.digest), stable.digest), "logged": said()}
    filler.unlink()
    turn(follower)
    print(json.dumps({
        "problems": problems, **full, "after": routed(), "problem": follower.found.problem,
        "same": place.clone.stat().st_ino == made, "left": [file.name for file in place.folder.glob(".*")],
    }))
"""


@pytest.fixture
def looks(followed: Followed) -> list[dict[str, Any]]:
    """Return, for each size, what a follower said and served on the full disk, and what once there was room."""
    if subprocess.run([*SMALL, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this system lets nobody mount a small disk")
    here = followed.repository.path.parent
    followed.release()
    origin = here / "origin.git"
    before = _refs(followed)
    followed.release(5)
    later = _refs(followed)
    back = [f"update {name} {before[name]}" if name in before else f"delete {name}" for name in later]
    git("update-ref", "--stdin", at=origin, given="".join(f"{line}\n" for line in back))  # until it has begun
    (here / "disk").mkdir()
    (here / "follow.py").write_text(FOLLOW)
    commands = "".join(f"update {name} {commit}\n" for name, commit in later.items())
    command = [*SMALL, sys.executable, "-P", str(here / "follow.py"), str(origin), str(here / "disk")]
    ended = subprocess.run(
        [*command, str(here / "storage"), *map(str, LEFT)], cwd=here, input=commands, check=False,
        env=followed.repository.environment({"PYTHONPATH": SEARCH_PATH}), capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_full_disk_is_said_once_and_stable_serves_until_there_is_room(looks: list[dict[str, Any]]) -> None:
    """Wherever it is met, the old version answers, sound, and the clone stays; once there is room, all goes on."""
    full = [(size, one) for size, one in zip(LEFT, looks, strict=True) if any(one["problems"])]
    assert len(full) >= 3, "there was room for all"
    for size, one in full:
        assert (one["serves"], one["sound"], one["same"], one["left"]) == (["v1.0.0"], True, True, []), (size, one)
        assert all("disk full" in text and "away" not in text for text in one["problems"] if text), (size, one)
        assert "git clone" not in str(one["problems"]), (size, "a disk that is full was to take another clone")
        assert one["logged"], size
        assert len(one["logged"]) == len(set(one["logged"])), (size, one["logged"])
        assert (one["after"], one["problem"]) == (["v1.0.0", "v1.1.0"], ""), (size, one)


def _refs(followed: Followed) -> dict[str, str]:
    """Return what the origin's refs stand at."""
    shown = followed.repository.run("git", "ls-remote", "--refs", "origin").stdout
    return {name: commit for commit, _, name in (line.partition("\t") for line in shown.splitlines())}
