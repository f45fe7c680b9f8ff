"""What is lost, wrong or half: every object read and hashed again, every tag held against the store.

Written without the code that it judges: git and S3 are asked by their own clients, and a lock is read as plain YAML.
"""

import hashlib
import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.faults.world import World

ENVIRONMENTS = ("staging", "production")
_NAME = re.compile(r"([0-9a-f]{2})/([0-9a-f]{30}(?:\.dir)?)$")
Objects = Mapping[str, bytes]


@dataclass(frozen=True)
class State:
    """Everything that a world keeps: objects by name in the cache and the store, and the registry's tags."""

    here: Objects
    there: Objects
    tags: Mapping[str, str]

    @property
    def wrong(self) -> list[str]:
        """Objects whose content is not what their name says."""
        held = [*self.here.items(), *self.there.items()]
        return sorted(name for name, content in held if not _is_sound(name, content))

    def lost_since(self, before: "State") -> list[str]:
        """Objects that were there, in the cache or in the store, and no longer are."""
        return sorted({*(before.here.keys() - self.here.keys()), *(before.there.keys() - self.there.keys())})


def look(world: World) -> State:
    """Read everything."""
    return State(_cache(world.project.path / ".dvc/cache/files/md5"), _bucket(world), _tags(world.origin))


def without_artifacts(world: World, state: State) -> list[str]:
    """Name tags of versions and assignments whose commit needs an object that the store does not have, or not whole."""
    sound = {name for name, content in state.there.items() if _is_sound(name, content)}
    needs = {commit: set(needed(world, commit, state)) for commit in set(state.tags.values())}
    return sorted(tag for tag, commit in state.tags.items() if not needs[commit] <= sound)


def half_versions(state: State) -> list[str]:
    """Name versions that an environment was not given, and assignments of commits that are not a version."""
    versions = {tag: commit for tag, commit in state.tags.items() if "@" in tag}
    given = {name: [commit for tag, commit in state.tags.items() if f"#{name}#" in tag] for name in ENVIRONMENTS}
    half = [tag for tag, commit in versions.items() if any(commit not in commits for commits in given.values())]
    loose = [tag for tag, commit in state.tags.items() if "#" in tag and commit not in versions.values()]
    return sorted([*half, *loose])


def workspace(world: World) -> list[str]:
    """Name the outputs in the workspace that are not what `dvc.lock` says."""
    text = (world.project.path / "dvc.lock").read_text(encoding="utf-8")
    return [path for path, name in _outputs(text) if _measure(world.project.path / path) != name.removesuffix(".dir")]


def md5(content: bytes) -> str:
    """Hash as DVC does."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def needed(world: World, commit: str, state: State) -> Iterator[str]:
    """Name the objects of a commit; a listing that the store lacks, or has with another content, is the cache's."""
    pipeline = yaml.safe_load(_git(world.origin, "show", f"{commit}:dvc.yaml"))
    declared = [item for stage in pipeline["stages"].values() for item in stage.get("outs", [])]
    kept = {item for item in declared if isinstance(item, str)}
    for path, name in _outputs(_git(world.origin, "show", f"{commit}:dvc.lock")):
        if path in kept:
            yield name
            if name.endswith(".dir"):
                held = (objects.get(name, b"") for objects in (state.there, state.here))
                listing = next((content for content in held if _is_sound(name, content)), b"[]")
                yield from (item["md5"] for item in json.loads(listing))


def name_of(path: str) -> str:
    """Name the object that is at a path; '' where it is none."""
    matched = _NAME.search(path)
    return matched[1] + matched[2] if matched else ""


def _is_sound(name: str, content: bytes) -> bool:
    return md5(content) == name.removesuffix(".dir")


def _cache(folder: Path) -> dict[str, bytes]:
    files = {file: name_of(file.as_posix()) for file in folder.rglob("*") if file.is_file()}
    return {name: file.read_bytes() for file, name in files.items() if name}


def _bucket(world: World) -> dict[str, bytes]:
    keys = {key: name for key in world.store.keys(f"{world.prefix}/") if (name := name_of(key))}
    return {keys[key]: content for key, content in world.store.read(*keys).items()}


def _tags(origin: Path) -> dict[str, str]:
    shown = _git(origin, "for-each-ref", "--format=%(refname:strip=2) %(objectname) %(*objectname)", "refs/tags")
    return {words[0]: words[-1] for words in (line.split() for line in shown.splitlines())}


def _outputs(locked: str) -> list[tuple[str, str]]:
    stages = yaml.safe_load(locked)["stages"].values()
    return [(item["path"], item["md5"]) for stage in stages for item in stage["outs"]]


def _measure(path: Path) -> str:
    """Hash a file, or a folder as DVC lists it; '' where there is none."""
    if path.is_file():
        return md5(path.read_bytes())
    files = sorted(file for file in path.rglob("*") if file.is_file())
    listed = [{"md5": md5(file.read_bytes()), "relpath": file.relative_to(path).as_posix()} for file in files]
    listing = json.dumps(sorted(listed, key=lambda item: item["relpath"]), sort_keys=True)
    return md5(listing.encode()) if path.is_dir() else ""


def _git(repository: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=repository, capture_output=True, text=True, check=True).stdout
