"""All that is known of a version, gathered once: from its tag, its commit, its package and the store.

A version may be a stranger's: its files are read as data, and none of its code is imported or run.
"""

import csv
import io
import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mainline import plain_yaml
from mainline.declared import card
from mainline.declared.card import Card
from mainline.errors import MainlineError
from mainline.evidence import datasets, verdicts
from mainline.evidence.datasets import Data
from mainline.evidence.verdicts import Verdicts
from mainline.package import manifest
from mainline.registry import artifact, lineage, tags
from mainline.registry.lineage import ENVIRONMENT_LOCK, Lineage
from mainline.remote import packages
from mainline.repository import lock
from mainline.repository.git import blob
from mainline.text import utc

_SLICES = "metrics/slices.csv"
_PARAMS = "params.yaml"
_SAID = ("name", "task", "model", "request", "response", "window")
_CARD = "model_card.md"


@dataclass(frozen=True)
class Facts:
    """What a pack is written from.

    `contents` are the package's files, `slices` the rows of `metrics/slices.csv`, `policy` the section `gate` and
    `model` the section `model` of `params.yaml`, `libraries` the lock of the libraries that the stages ran with, all of
    the version's commit.
    """

    artifact: str
    lineage: Lineage
    manifest: Mapping[str, Any]
    contents: Mapping[str, bytes]
    card: Card
    slices: tuple[Mapping[str, str], ...]
    policy: Mapping[str, Any]
    model: Mapping[str, Any]
    locked: lock.Entries
    libraries: str
    data: Data
    verdicts: Verdicts

    @property
    def name(self) -> str:
        """The version as its tag names it, such as `model@v1.0.0`."""
        return f"{self.artifact}@{self.lineage.version}"

    @property
    def digest(self) -> str:
        """The digest of its package."""
        return str(self.manifest["digest"])

    @property
    def released(self) -> str:
        """When it was registered, in UTC."""
        return utc(self.lineage.registered)

    @property
    def primary(self) -> str:
        """The metric that models are compared by, which comes first; '' if nothing was measured."""
        return next((name for name in self.lineage.metrics.get("test", {}) if name != "rows"), "")


def read(name: str) -> Facts:
    """Gather what is known of a version; nothing is written.

    Args:
        name: the version, such as v1.2.0, or 7 or more digits of its package's digest.

    Raises:
        MainlineError: when there is no such version, or its package or data cannot be had as they were released.
    """
    traced = lineage.trace(name)
    version = tags.find(traced.version)
    locked = _locked(traced)
    with tempfile.TemporaryDirectory(prefix="mainline-evidence-") as scratch:
        found, contents = manifest.read(packages.fetch(version, Path(scratch)))
        declared = _card(version.commit, Path(scratch))
    _check(version.name, found, contents)
    params = _params(_text(version.commit, _PARAMS))
    return Facts(
        artifact.name(), traced, found, contents, declared,
        slices=tuple(_slices(_text(version.commit, _SLICES))),
        policy=_section(params, "gate"),
        model=_section(params, "model"),
        locked=locked,
        libraries=_text(version.commit, ENVIRONMENT_LOCK),
        data=datasets.read(version, locked),
        verdicts=verdicts.read(traced),
    )  # fmt: skip


def _check(name: str, found: Mapping[str, Any], contents: Mapping[str, bytes]) -> None:
    """Refuse a package that the stage `package` did not make.

    Raises:
        MainlineError: naming what it does not say.
    """
    lacking = [key for key in _SAID if key not in found] + [file for file in (_CARD,) if file not in contents]
    if lacking:
        raise MainlineError(f"the package of {name} has no {lacking[0]}, so it was not made by this pipeline.")


def _locked(traced: Lineage) -> lock.Entries:
    try:
        return lock.entries(_text(traced.commit.commit, str(lock.LOCK)))
    except lock.LockError as error:
        commit = traced.commit.commit[:10]
        raise MainlineError(
            f"dvc.lock of {traced.version} is damaged, so its data and model cannot be named. `git show "
            f"{commit}:{lock.LOCK}` shows it; a version of a commit with a whole one can have evidence."
        ) from error


def _card(commit: str, scratch: Path) -> Card:
    """Return the card that the commit declares; one of gaps if it has none."""
    file = scratch / card.FILE.name
    content = blob(f"{commit}:{card.FILE}")
    if content is not None:
        file.write_bytes(content)
    return card.load(file)


def _slices(text: str) -> Iterator[Mapping[str, str]]:
    """Yield the rows of a table of segments; those that name none are left out."""
    rows = csv.DictReader(io.StringIO(text))
    yield from (row for row in rows if {"slice", "value", "metric"} <= row.keys())


def _params(text: str) -> Mapping[str, Any]:
    try:
        found = plain_yaml.load(text)
    except yaml.YAMLError:
        return {}
    return found if isinstance(found, Mapping) else {}


def _section(params: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = params.get(name)
    return found if isinstance(found, Mapping) else {}


def _text(commit: str, path: str) -> str:
    return (blob(f"{commit}:{path}") or b"").decode("utf-8", errors="replace")


def dump(content: Any) -> bytes:
    """Write a document: the same content gives the same bytes."""
    return (json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n").encode()
