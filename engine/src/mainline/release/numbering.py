"""What a change means to those who use the model: which part of the version number moves."""

from collections.abc import Mapping
from typing import Any

import yaml

from mainline.registry import changes
from mainline.registry.records import Bump
from mainline.repository import lock
from mainline.repository.git import git

FIRST = "v1.0.0"


def meaning(before: Mapping[str, Any], after: Mapping[str, Any], old: str, new: str) -> tuple[Bump, str]:
    """Compare two packages and the commits they come from.

    Args:
        before: the manifest of the version that is replaced.
        after: the candidate's manifest.
        old: the version's commit.
        new: the candidate's commit.

    Returns:
        The part that moves and what it was, for people; see `changes.meaning`.
    """
    declared = [yaml.safe_load(git("show", f"{commit}:params.yaml")) for commit in (old, new)]
    locked = [git("show", f"{commit}:{lock.LOCK}") for commit in (old, new)]
    return changes.meaning(
        changes.contract(before, after),
        changes.parameters(*declared),
        *changes.features(*declared),
        changes.code(*locked),
        (changes.window(before), changes.window(after)),
    )


def bump(version: str, part: Bump) -> str:
    """Return the version number after this one."""
    major, minor, patch = (int(number) for number in version.removeprefix("v").split("."))
    return {
        "first": FIRST,
        "major": f"v{major + 1}.0.0",
        "minor": f"v{major}.{minor + 1}.0",
        "patch": f"v{major}.{minor}.{patch + 1}",
    }[part]
