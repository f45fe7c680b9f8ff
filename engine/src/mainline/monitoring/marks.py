"""What changed in production: a mark on each day on which a version began to answer, with what differs from before it.

Packages tell their libraries, code, features, clients and data. Where git has the versions' commits, these tell the
declared parameters, the files that stages ran and the sources, as `registry.changes` does for the gate.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import yaml

from mainline.errors import MainlineError
from mainline.monitoring.packages import Packaged
from mainline.monitoring.result import Changed, Mark
from mainline.monitoring.store import Rolled
from mainline.registry import changes, tags
from mainline.repository import lock, tree
from mainline.repository.git import blob
from mainline.text import clip, few

_LIBRARIES, _FEATURES = "requirements/", "data/features"
_PARAMS = "params.yaml"
_PINNED, _CODE = "requirements.txt", "code/"


@dataclass(frozen=True)
class Commit:
    """What a version's commit declares: `params.yaml`, `dvc.lock`, and the hash of each `.dvc` file by path."""

    params: Mapping[str, Any]
    lock: str
    sources: Mapping[str, str]


Commits = Callable[[str], Commit | None]
"""From a package's digest to the commit that released it; None if git here does not have it."""


def of_rolled(rolled: Iterable[Rolled], packages: Mapping[str, Packaged], commits: Commits) -> list[Mark]:
    """Return a mark for each version that answered and had not on the day of traffic before, oldest first.

    It is held to the version that answered most on that day. The first day of all has no mark.
    """
    rows: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    names: dict[str, str] = {}
    for one in rolled:
        rows[one.day][one.digest] += one.sketch.rows
        names[one.digest] = one.version
    marks = []
    for last, day in pairwise(sorted(rows)):
        old = max(rows[last], key=lambda digest: (rows[last][digest], digest))
        for new in sorted(rows[day].keys() - rows[last].keys()):
            found = _changes(packages.get(old), packages.get(new), commits(old), commits(new))
            marks.append(Mark(day=day, version=names[new], digest=new, before=names[old], changes=found))
    return marks


def committed(digest: str) -> Commit | None:
    """Return what the commit declares that released a package; None if this clone has no such version."""
    try:
        found = [one.commit for one in tags.versions() if (release := one.release) and release.digest == digest]
        if not found:
            return None
        params, locked = ((blob(f"{found[0]}:{name}") or b"").decode() for name in (_PARAMS, lock.LOCK))
        sources = {path: entry.blob for path, entry in tree.entries(found[0]).items() if path.endswith(".dvc")}
        return Commit(yaml.safe_load(params) or {}, locked, sources)
    except (MainlineError, yaml.YAMLError, UnicodeDecodeError):
        return None


def _changes(before: Packaged | None, after: Packaged | None, old: Commit | None, new: Commit | None) -> list[Changed]:
    """Say what differs, by kind; of what nobody here knows, nothing. Commits name the files of code by their path."""
    found: dict[str, list[str]] = defaultdict(list)
    if before is not None and after is not None:
        for kind, what in _of_packages(before, after):
            found[kind].append(what)
    if old is not None and new is not None:
        found.pop("code", None)
        for kind, what in _of_commits(old, new):
            found[kind].append(what)
    kinds = ("libraries", "data", "sources", "parameters", "features", "code", "clients")
    return [Changed(kind=kind, what=clip(few(found[kind]), 600)) for kind in kinds if found[kind]]


def _of_packages(before: Packaged, after: Packaged) -> Iterator[tuple[str, str]]:
    pinned = [dict(line.split("==", 1) for line in _lines(package) if "==" in line) for package in (before, after)]
    for name in sorted(pinned[0].keys() | pinned[1].keys()):
        old, new = (each.get(name) for each in pinned)
        if old != new:
            yield "libraries", f"{name} {old or 'not there'} became {new or 'not there'}"
    windows = [changes.window(package.manifest) for package in (before, after)]
    if windows[0] != windows[1]:
        yield "data", f"{windows[0]} became {windows[1]}"
    elif _made_of(before, _FEATURES) != _made_of(after, _FEATURES):
        yield "data", f"other rows or features in {windows[1]}"
    known = [{*package.numbers, *package.texts} for package in (before, after)]
    yield from (("features", f"+{name}") for name in sorted(known[1] - known[0]))
    yield from (("features", f"-{name}") for name in sorted(known[0] - known[1]))
    files = sorted(name for name in before.contents.keys() | after.contents.keys() if name.startswith(_CODE))
    yield from (("code", name) for name in files if before.contents.get(name) != after.contents.get(name))
    contract = changes.contract(before.manifest, after.manifest)
    yield from (("clients", what) for what in (*contract.breaking, *contract.compatible))


def _of_commits(old: Commit, new: Commit) -> Iterator[tuple[str, str]]:
    for path in changes.code(old.lock, new.lock):
        yield "libraries" if path.startswith(_LIBRARIES) else "code", path
    for path in sorted(old.sources.keys() | new.sources.keys()):
        if old.sources.get(path) != new.sources.get(path):
            yield "sources", path
    for key, before, after in changes.parameters(old.params, new.params):
        yield "parameters", f"{key} {before} became {after}"


def _lines(package: Packaged) -> list[str]:
    return package.contents.get(_PINNED, b"").decode(errors="replace").split()


def _made_of(package: Packaged, name: str) -> str | None:
    """Return the hash of what a package was made from."""
    found: str | None = package.manifest["made_from"].get(name)
    return found
