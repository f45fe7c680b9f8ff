"""Everything that the 28 tests look at, each thing read once, and refused if it is of another model or too old."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mainline.declared import environments, params
from mainline.declared.environments import Environment
from mainline.declared.params import Params
from mainline.declared.tune import Search
from mainline.gate import findings, tables, workspace
from mainline.gate.findings import Check, Findings
from mainline.monitoring.result import Monitored
from mainline.package import manifest
from mainline.registry import artifact, events, tags
from mainline.registry.events import Event
from mainline.registry.tags import Registry
from mainline.repository import lock, record
from mainline.repository.record import Record
from mainline.score import reports, workflows
from mainline.score.checks import passed
from mainline.score.commit_dates import History
from mainline.score.contents import content, rows_of
from mainline.score.rubric import FOLLOW, GATE, MONITOR, REHEARSE, REPRO, TEST, LackError, Origin, Shown, Step, workflow

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
class Evidence(History):
    """What is here as of `now`, in seconds since 1970.

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

    @cached_property
    def judged(self) -> tuple[Findings, Origin]:
        """What the gate found of this package."""
        digest = self.digest  # without a package the gate has nothing to judge
        found = findings.read(content(findings.FILE, GATE))
        if found.candidate.digest != digest:
            raise LackError(f"{findings.FILE} is of {found.candidate.digest[:12]}, another package", GATE)
        if found.candidate.commit is None:
            raise LackError(f"{findings.FILE} is of a tree with uncommitted changes", GATE)
        return found, self.fresh(self.of_commit(str(findings.FILE), found.candidate.commit), GATE)

    def checks(self, *names: str) -> tuple[list[Check], Origin]:
        """Return checks of the gate that this package passed."""
        found, origin = self.judged
        return passed(found.checks, names, "the gate", GATE), origin

    @cached_property
    def looked(self) -> Monitored:
        """The last report of monitoring, here or on the branch that machines share."""
        return reports.report(self.environment)

    @property
    def look(self) -> Origin:
        """When monitoring looked."""
        said = reports.seconds(self.looked.until)
        return self.fresh(Origin(f"monitoring of {self.environment}", "", said), MONITOR)

    def told(self, *kinds: str) -> tuple[Event, Origin]:
        """Return the newest event of some kinds that a server told of this package."""
        about = [one for one in self.events if one.digest == self.digest and one.event in kinds]
        if not about:
            raise LackError(f"no server told that it {' or '.join(kinds)} this package", FOLLOW)
        return about[-1], self.fresh(
            Origin(artifact.branch("deployments", self.environment), "", about[-1].when), FOLLOW
        )

    @cached_property
    def events(self) -> Sequence[Event]:
        """What servers of the environment told, oldest first."""
        return events.read(self.environment).events

    @cached_property
    def registry(self) -> Registry:
        """Versions and assignments."""
        return tags.read()

    def ran(self, name: str, step: Step) -> tuple[Record, Origin]:
        """Return the record of a run on the package of dvc.lock."""
        found = record.read(name)
        if found is None:
            raise LackError(f"{step.text} has not run here", step)
        if not self.package or found.package != self.package:
            raise LackError(f"{step.text} ran on another package", step)
        return found, self.fresh(self.of_commit(f"{record.FOLDER}/{name}.json", found.commit), step)

    @cached_property
    def rehearsed(self) -> tuple[Mapping[str, str], Origin]:
        """What a rehearsal of this package in this environment showed, by name, if every part did what it should."""
        found, origin = self.ran(record.REHEARSE, REHEARSE)
        result = found.found.get("result", "damaged")
        if result != record.REHEARSED:
            raise LackError(f"the last rehearsal: {result}", REHEARSE)
        if (found.found.get("digest"), found.found.get("environment")) != (self.digest, self.environment):
            raise LackError("another package or environment was rehearsed", REHEARSE)
        if found.code != record.code():
            raise LackError("the code was edited since the rehearsal", REHEARSE)
        return found.found, origin

    @cached_property
    def tested(self) -> tuple[Mapping[str, str], Origin]:
        """The outcome of each of the fork's tests, if they ran on this code."""
        found, origin = self.ran(record.TESTS, TEST)
        if found.code != record.code():
            raise LackError("the code was edited since the tests ran", TEST)
        return found.found, origin

    def claims(self, *names: str) -> Origin:
        """Return where claims of the contract are shown to hold."""
        return self.passed(f"tests/test_contract.py::test_the_use_case_keeps_the_contract[{name}]" for name in names)

    def passed(self, names: Iterable[str]) -> Origin:
        """Return where tests are shown to have passed."""
        outcomes, origin = self.tested
        for name in names:
            if outcomes.get(name) != "passed":
                raise LackError(f"{name.rpartition('::')[2][-60:]} {outcomes.get(name, 'did not run')}", TEST)
        return origin

    def own_tests(self, file: str) -> int:
        """Return how many tests of a file ran; 0 if one of them did not pass."""
        outcomes = [found for name, found in self.tested[0].items() if name.startswith(f"{file}::")]
        return len(outcomes) if set(outcomes) == {"passed"} else 0

    @cached_property
    def scheduled(self) -> frozenset[str]:
        """The commands that workflows run by themselves."""
        return workflows.commands(self.workflow_files())

    def workflow_files(self) -> Iterable[bytes]:
        """Return what each workflow's file holds."""
        return workflows.files()

    def shown(self, said: str, origin: Origin, command: str, lacks: Step | None = None) -> Shown:
        """Return what was shown: half a point if something is lacking, or if no workflow runs the command."""
        by_system = workflows.runs(command, self.scheduled)
        return Shown(said, origin, command, lacks or (None if by_system else workflow(command)))
