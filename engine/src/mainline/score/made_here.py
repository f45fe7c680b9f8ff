"""What git and the pipeline hold of the model that is here: declarations, dvc.lock, the package, tables of people."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mainline.declared import environments, params
from mainline.declared.environments import Environment
from mainline.declared.params import Params
from mainline.declared.tune import Search
from mainline.gate import tables, workspace
from mainline.package import manifest
from mainline.repository import lock
from mainline.score.commit_dates import History
from mainline.score.contents import content, rows_of
from mainline.score.rubric import REPRO, LackError, Origin, Step

Compare = Callable[[], tuple[str, tuple[str, ...]]]
Key = Callable[[Params, Search], tuple[str, int]]


def key(settings: Params, declared: Search) -> tuple[str, int]:
    """Return the name of the declared search on the data that is here, and how many trials it has.

    Raises:
        LackError: when the data are not here.
    """
    from mainline.experiments import candidates, search  # scikit-learn takes a second

    try:
        return search.key(settings, declared), len(candidates.plan(settings, declared))
    except search.NoRowsError as error:
        raise LackError(str(error).partition(". ")[0], REPRO) from error


@dataclass(frozen=True)
class Made(History):
    """What the pipeline and people made of the model that is here, as of `now`, in seconds since 1970.

    `compare` holds the checkout to dvc.lock, and `search` names the declared search for hyperparameters.

    Everything raises a MainlineError if it is missing, damaged, of another model or older than declared.
    """

    compare: Compare = workspace.compare_with_lock
    search: Key = key

    @cached_property
    def params(self) -> Params:
        """What `params.yaml` says."""
        return params.load()

    @cached_property
    def deployed(self) -> Environment:
        """How the environment is declared."""
        return environments.load(self.place)

    @property
    def place(self) -> Path:
        """The file that declares it."""
        return environments.FOLDER / f"{self.environment}.yaml"

    @cached_property
    def locked(self) -> lock.Entries:
        """The stages of dvc.lock."""
        return lock.entries(self.lock_text)

    @cached_property
    def lock_text(self) -> str:
        """What dvc.lock holds."""
        return self.content(lock.LOCK, REPRO).decode(errors="replace")

    @cached_property
    def package(self) -> str:
        """The hash by which dvc.lock names the package."""
        return lock.package(self.lock_text) if self.locked else ""

    @cached_property
    def lock(self) -> Origin:
        """The commit of a dvc.lock that is true of code, parameters and data."""
        self.locked  # noqa: B018 - or else the message is DVC's
        stale, _ = self._compared
        if stale:
            more = stale.count("is stale")
            said = stale if more < 2 else f"{more} stages are stale"
            raise LackError(f"dvc.lock is not of what is here: {said}", REPRO)
        return self.committed(lock.LOCK)

    @cached_property
    def digest(self) -> str:
        """The digest of the package, if it is the one that dvc.lock names."""
        self.lock  # noqa: B018 - a package of other code is of another model
        folder = Path(lock.PACKAGE)
        if str(folder) in self._compared[1] or not (folder / manifest.NAME).is_file():
            raise LackError(f"{folder} is not here as dvc.lock names it", REPRO)
        return str(json.loads((folder / manifest.NAME).read_bytes())["digest"])

    @cached_property
    def _compared(self) -> tuple[str, tuple[str, ...]]:
        return self.compare()

    @cached_property
    def trained(self) -> str:
        """The name of the trained model; '' if its parameters are others by now."""
        return tables.trained_hash()

    def content(self, path: Path, step: Step) -> bytes:
        """Return what a file holds; `step` makes it."""
        return content(path, step)

    def measured(self, path: str) -> Any:
        """Return what a stage wrote into `metrics/`, of JSON or as rows of CSV, if it is what dvc.lock names."""
        self.lock  # noqa: B018 - of which it is a part
        outs = (out for entry in self.locked.values() for out in entry.get("outs") or [])
        named = next((out["md5"] for out in outs if out["path"] == path), "")
        held = self.content(Path(path), REPRO)
        if hashlib.md5(held, usedforsecurity=False).hexdigest() != named:
            raise LackError(f"{path} is not what dvc.lock names", REPRO)
        return json.loads(held) if path.endswith(".json") else rows_of(held)

    def table(self, path: Path, step: Step, *beside: Path) -> tuple[list[dict[str, str]], Origin]:
        """Return the rows that a person measured of the trained model, and the commit that has them.

        The same command writes the tables `beside` it. A run that found the same again changed only those.
        """
        rows = self._measured_of_model(self.content(path, step))
        if not rows:
            raise LackError(f"{path} is of another trained model", step)
        also = [one for one in beside if one.is_file() and self._measured_of_model(self.content(one, step))]
        return rows, self.committed(path, *also)

    def _measured_of_model(self, held: bytes) -> list[dict[str, str]]:
        """Return the rows of a table; none if one of them is of another trained model."""
        rows = rows_of(held)
        return rows if self.trained and all(row.get(tables.TRAINED) == self.trained for row in rows) else []
