"""The uncommitted change: which files and parameters differ from the last commit, and which stages they reach."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mainline import plain_yaml
from mainline.conformance.code import FEATURES
from mainline.errors import MainlineError
from mainline.experiments import reach
from mainline.repository import lock
from mainline.repository.git import ask, blob, git

PARAMS, PIPELINE = "params.yaml", "dvc.yaml"
STAGES = ("ingest", "validate", "prepare", "train")
"""The stages up to the fitted model, in their order; what only later ones depend on changes no model."""
ONLY_FEATURES = "features"
"""The part of `prepare` that computes features from requests and tables that are there already."""

MACHINERY = ("engine/", "requirements/")
"""Code that changes no raw data, as long as the source is the same."""

REBUILD = "`make repro`, then `git add --all` and `git commit`, bring it up to date."


@dataclass(frozen=True)
class Change:
    """What differs from the last commit: files and parameters, and the first stage that depends on one of them.

    `first` is `ONLY_FEATURES` if of `prepare` nothing else can come out otherwise.
    """

    commit: str
    locked: lock.Entries
    files: tuple[str, ...]
    parameters: tuple[str, ...]
    first: str

    @property
    def told(self) -> str:
        """Name for people what differs."""
        return ", ".join([*self.parameters, *self.files])

    @property
    def machinery(self) -> bool:
        """Whether the machinery differs, so that each side needs its own."""
        return any(path.startswith(MACHINERY[0]) for path in self.files)


def read() -> Change:
    """Compare the working tree with the last commit.

    Raises:
        MainlineError: when there is no commit, its lock is not of its code, nothing that shapes the model differs, or
            the data does.
    """
    commit = ask("rev-parse", "--short", "HEAD")
    if not commit:
        raise MainlineError(
            "there is no commit to compare with. `make repro`, `git add --all`, `git commit`, then try."
        )
    locked = _locked(commit)
    before, after = _params(_committed(PARAMS)), _params(Path(PARAMS).read_bytes())
    differing = _differing()
    for stage in STAGES:
        _check_locked(commit, stage, locked[stage], before)
    declared = (yaml.safe_load(Path(PIPELINE).read_bytes()) or {}).get("stages") or {}
    files = {stage: [path for path in differing if _is_read(path, declared.get(stage, {}))] for stage in STAGES}
    parameters = {stage: [*_edited(locked[stage], before, after)] for stage in STAGES}
    _check_data(files, parameters)
    reached = [stage for stage in STAGES[1:] if files[stage] or parameters[stage]]
    if not reached:
        raise MainlineError(
            f"nothing that shapes the model differs from the last commit ({commit}). Edit params.yaml or src/usecase/, "
            "then try."
        )
    only_features = reached[0] == "prepare" and files["prepare"] == [str(FEATURES)] and not parameters["prepare"]
    first = ONLY_FEATURES if only_features and _is_apart(after) else reached[0]
    return Change(commit, locked, _once(files), _once(parameters), first)


def _is_apart(params: Mapping[str, Any]) -> bool:
    """Whether requests, labels and tables stay as they are, of data with time; others have no file for each period."""
    names = reach.imported(path.read_text(encoding="utf-8") for path in Path("src").rglob("*.py"))
    before, after = _committed(str(FEATURES)), FEATURES.read_bytes()
    is_timed = "snapshot" not in (params.get("data") or {})
    return is_timed and names is not None and reach.of(before, names) == reach.of(after, names)


def _locked(commit: str) -> lock.Entries:
    content = blob(f"HEAD:{lock.LOCK}")
    locked = lock.entries(content.decode()) if content else {}
    missing = [stage for stage in STAGES if stage not in locked]
    if missing:
        raise MainlineError(f"the last commit ({commit}) has no result of {missing[0]} in dvc.lock. {REBUILD}")
    return locked


def _committed(path: str) -> bytes:
    return blob(f"HEAD:{path}") or b""


def _params(content: bytes) -> Mapping[str, Any]:
    found = plain_yaml.load(content)
    return found if isinstance(found, Mapping) else {}


def _differing() -> list[str]:
    """Name the files that differ from the last commit, those that git does not know yet included."""
    shown = git("status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames")
    return [entry[3:] for entry in shown.split("\0") if entry]


def _is_read(path: str, stage: Mapping[str, Any]) -> bool:
    """Whether a stage depends on a file; of data that DVC tracks, the file that names it counts."""
    named = path.removesuffix(".dvc")
    return any(named == place or named.startswith(f"{place}/") for place in _places(stage))


def _places(stage: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a stage depends on, the files that its links lead to in their place."""
    for dependency in stage.get("deps") or ():
        yield dependency
        links = [each for each in Path(dependency).rglob("*") if each.is_symlink()] if "engine/" in dependency else []
        yield from (str(link.resolve().relative_to(Path.cwd())) for link in links)


def _edited(entry: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Yield the parameters of a stage that differ, by dotted name."""
    for name in (entry.get("params") or {}).get(PARAMS) or {}:
        yield from _apart(name, lock.at(before, name), lock.at(after, name))


def _apart(name: str, before: Any, after: Any) -> Iterator[str]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        if name == "model" and before.get("type") != after.get("type"):
            types = (str(each.get("type")).rpartition(".")[2] for each in (before, after))
            yield f"model {' -> '.join(types)}"  # another estimator has other parameters: each by name says nothing
            return
        for key in {**before, **after}:
            yield from _apart(f"{name}.{key}", before.get(key), after.get(key))
    elif isinstance(before, list) and isinstance(after, list):
        added, removed = (
            [item for item in one if item not in other] for one, other in ((after, before), (before, after))
        )
        if before != after:
            yield " ".join([name, *(f"+{item}" for item in added), *(f"-{item}" for item in removed)])
    elif before != after:
        old, new = ("not set" if value is None else str(value) for value in (before, after))
        yield f"{name} {old} -> {new}"


def _check_locked(commit: str, stage: str, entry: Mapping[str, Any], declared: Mapping[str, Any]) -> None:
    """Refuse a lock that was made from other code or parameters than its own commit has."""
    files = {part["path"]: part["md5"] for part in entry.get("deps") or () if "md5" in part}
    for path, md5 in files.items():
        content = None if md5.endswith(".dir") else blob(f"HEAD:{path}")
        if content is not None and hashlib.md5(content, usedforsecurity=False).hexdigest() != md5:
            raise MainlineError(
                f"the last commit ({commit}) has {path} without its result: {stage} is stale. {REBUILD}"
            )
    for name, value in ((entry.get("params") or {}).get(PARAMS) or {}).items():
        if _plain(lock.at(declared, name)) != _plain(value):
            raise MainlineError(
                f"the last commit ({commit}) has {name} without its result: {stage} is stale. {REBUILD}"
            )


def _plain(value: Any) -> Any:
    """Read 1e-05 as a number, as DVC does: YAML 1.1 takes it for text."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _check_data(files: Mapping[str, list[str]], parameters: Mapping[str, list[str]]) -> None:
    """Refuse a change of the data: the two models would be judged on different rows."""
    moved = [name for name in _once(parameters) if name.partition(".")[0] in ("data", "split")]
    moved += [path for path in files["ingest"] if not path.startswith(MACHINERY)]
    if moved:
        raise MainlineError(
            f"{', '.join(moved)} changes the data, so the two models would be judged on other rows. `make repro`, then "
            "`make gate` compares them on the same."
        )


def _once(found: Mapping[str, list[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item for items in found.values() for item in items))
