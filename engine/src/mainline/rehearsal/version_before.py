"""The version that is released before the rehearsed one: the same model with another card, or one without a feature."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from mainline import files
from mainline.declared import params
from mainline.declared.card import FILE as CARD
from mainline.errors import ParamsError, nearest
from mainline.gate.tables import TRAINED, WORTH, packaged_hash
from mainline.package import manifest
from mainline.rehearsal.fork import Fork, RehearsalError
from mainline.repository import lock

NOTE = "This package stands in for the version before, in a rehearsal on one machine."
PARAMS = "params.yaml"


@dataclass(frozen=True)
class Before:
    """The version before, as the last commit of the copy has it: without which feature, '' with all of them."""

    feature: str

    def renew(self, fork: Fork) -> None:
        """Commit the package of the last commit again; a feature that was left out is declared, and the model fitted.

        Raises:
            RehearsalError: when another package comes out.
        """
        if not self.feature:
            fork.git("revert", "--no-edit", "HEAD")
            fork.dvc("checkout")
            return
        fork.git("checkout", "--quiet", "HEAD^", "--", PARAMS)
        fork.run("repro")
        fork.commit(f"Add the feature {self.feature}")


def make(fork: Fork, feature: str | None) -> Before:
    """Commit a version before: with another card, or without a feature, which costs a fit.

    Args:
        fork: the copy, as the last commit has it.
        feature: which one to leave out; '' for one that `./mainline explain` found to help; None for none.

    Raises:
        ParamsError: when no such feature is declared.
        RehearsalError: when `./mainline explain` found none that is sure to help.
    """
    chosen = _choose(fork, feature) if feature is not None else ""
    if chosen:
        _leave_out(fork, chosen)
    else:
        _edit_card(fork)
    return Before(chosen)


def _choose(fork: Fork, named: str) -> str:
    """Return the named feature, or of those sure to help the least: the gate may refuse a model without more."""
    declared = params.load(fork.path / PARAMS)
    if named:
        if named not in declared.features or len(declared.features) == 1:
            raise ParamsError("--feature", f"{named} is not one of several features", nearest(named, declared.features))
        return named
    proven = [row for row in _worth(fork) if float(row["low"]) > 0]
    if not proven:
        raise RehearsalError(
            f"{WORTH} names no feature that is sure to help this model. Run `./mainline explain` and commit the table, "
            "or name a feature: `./mainline rehearse --feature NAME`."
        )
    return str(min(proven, key=lambda row: float(row["loss"]))["feature"])


def _worth(fork: Fork) -> Iterator[dict[str, Any]]:
    """Yield what was measured of the features of the packaged model."""
    found, table = manifest.verify(fork.path / lock.PACKAGE), fork.path / WORTH
    if table.is_file():
        with table.open(encoding="utf-8", newline="") as file:
            yield from (row for row in csv.DictReader(file) if row.get(TRAINED) == packaged_hash(found))


def _leave_out(fork: Fork, feature: str) -> None:
    """Train without a feature."""
    file = fork.path / PARAMS
    raw = yaml.safe_load(file.read_text(encoding="utf-8"))
    raw["features"].remove(feature)
    files.replace(file, yaml.safe_dump(raw, sort_keys=False, allow_unicode=True))
    fork.run("repro")
    fork.commit(f"Leave out the feature {feature}")


def _edit_card(fork: Fork) -> None:
    """Make another digest of the same model: its card says that it stands in."""
    file = fork.path / CARD
    raw = (yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else None) or {}
    raw["caveats"] = [*(raw.get("caveats") or []), NOTE]
    files.replace(file, yaml.safe_dump(raw, sort_keys=False, allow_unicode=True))
    fork.run("repro")
    fork.commit("Stand in for the version before")
