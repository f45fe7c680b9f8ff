"""What a change means to those who use the model: which part of the version number moves."""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from mainline import lock
from mainline.git import ask, git
from mainline.params import SHAPING
from mainline.registry.records import Bump

FIRST = "v1.0.0"
CODE = ("src/", "requirements/")


def meaning(before: Mapping[str, Any], after: Mapping[str, Any], old: str, new: str) -> tuple[Bump, str]:
    """Compare two packages and the commits they come from.

    Args:
        before: the manifest of the version that is replaced.
        after: the candidate's manifest.
        old: the version's commit.
        new: the candidate's commit.

    Returns:
        major for another request or response, minor for other code or parameters, patch for other data alone; and what
        it was, for people.
    """
    schema = [name for name in ("request", "response") if _contract(before[name]) != _contract(after[name])]
    if schema:
        return "major", f"the {' and the '.join(schema)} changed"
    changed = [*_parameters(old, new), *_code(old, new)]
    if changed:
        more = f" and {len(changed) - 5} more" if len(changed) > 5 else ""
        return "minor", ", ".join(changed[:5]) + more
    if before["window"] != after["window"]:
        return "patch", f"data: {_span(before)} became {_span(after)}"
    return "patch", "the data changed, or another machine built it"


def bump(version: str, part: Bump) -> str:
    """Return the version number after this one."""
    major, minor, patch = (int(number) for number in version.removeprefix("v").split("."))
    return {
        "first": FIRST,
        "major": f"v{major + 1}.0.0",
        "minor": f"v{major}.{minor + 1}.0",
        "patch": f"v{major}.{minor}.{patch + 1}",
    }[part]


def package_at(commit: str) -> str:
    """Name the package that a commit's lock names, by content; '' where it has none."""
    locked = ask("show", f"{commit}:{lock.LOCK}")
    return lock.package(locked) if locked else ""


def _contract(fields: Any) -> Any:
    """What clients depend on: everything but the words about it."""
    if isinstance(fields, Mapping):
        return {name: value for name, value in fields.items() if name not in ("description", "example")}
    return [_contract(field) for field in fields]


def _parameters(old: str, new: str) -> list[str]:
    """Name the parameters that shape the model and differ, but for the data's window."""
    before, after = (yaml.safe_load(git("show", f"{commit}:params.yaml")) for commit in (old, new))
    names = [section for section in SHAPING if section != "data"]
    flat = [dict(_flat({name: params.get(name) for name in names})) for params in (before, after)]
    return sorted(name for name in flat[0].keys() | flat[1].keys() if flat[0].get(name) != flat[1].get(name))


def _flat(value: Any, at: str = "") -> list[tuple[str, Any]]:
    if isinstance(value, Mapping):
        return [pair for name, item in value.items() for pair in _flat(item, f"{at}.{name}" if at else str(name))]
    return [(at, value)]


def _code(old: str, new: str) -> list[str]:
    """Name the files that the stages run, and that differ."""
    before, after = (_hashes(git("show", f"{commit}:{lock.LOCK}")) for commit in (old, new))
    return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))


def _hashes(locked: str) -> dict[str, str]:
    deps = (dep for entry in lock.entries(locked).values() for dep in entry.get("deps") or [])
    return {dep["path"]: dep["md5"] for dep in deps if dep["path"].startswith(CODE)}


def _span(manifest: Mapping[str, Any]) -> str:
    months: Sequence[str] = sorted(month for part in manifest["window"].values() for month in part)
    return f"{months[0]} to {months[-1]}"
