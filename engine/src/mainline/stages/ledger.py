"""Partitions of a data stage whose bytes are taken from an earlier run, since everything that reaches them is the same.

A key names a partition by content alone: what it reads, the stage's fingerprint, and its arguments. Nothing is taken
that does not match its hash, and nothing is kept of work that did more than compute on its arguments (`purity`), or
whose code or data changed while it ran. Only stages that DVC runs keep and take anything.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mainline import progress
from mainline.data import local_files
from mainline.declared import compute
from mainline.declared.compute import Compute
from mainline.errors import UseCaseError
from mainline.stages import computing, entries, fingerprint, presence, purity, versions
from mainline.stages.entries import DamagedError, Entry
from mainline.stages.fingerprint import Fingerprint, hash_file
from mainline.stages.harness import DEBUG, NO_REUSE, is_reused, is_set
from mainline.stages.tasks import Outcome, Task, Watch, Work
from mainline.stages.versions import Store, Version
from mainline.text import count

Report = Any
"""What JSON can hold: lists, texts, whole numbers, and mappings by text."""


def elsewhere(folder: Path) -> dict[str, Version]:
    """Return the versions that git names of files of a folder, by their paths, where `compute.yaml` says they are."""
    declared = compute.load().store
    return versions.below(folder, Store(declared.endpoint, declared.region) if declared else None)


class Ledger:
    """The partitions of one run of a stage."""

    def __init__(self, stage: str, data: Path) -> None:
        self.stage = stage
        self._fingerprint: Fingerprint | None = None
        self._allowed: list[Path] = []
        self._hashes: dict[Path, str] = {}
        self._used: set[str] = set()
        self._periods: dict[str, bool] = {}
        self._taken: set[str] = set()
        self._earlier: list[str] = []
        self._refusal = self._unwritten = ""
        self._foreign = 0
        self._keys: dict[Task, str] = {}
        if is_reused():
            self._begin(data)
        self._compute = Compute() if is_set(DEBUG) else compute.load()  # a debugger stops in this process

    def reports(self, work: Work, tasks: Sequence[Task]) -> Iterator[Report]:
        """Yield the report of each partition, in order, once its files are written: as they were before, or made now.

        Args:
            work: what is done for each.
            tasks: the partitions.
        """
        found: dict[int, Report] = {}
        watch = Watch(self._allowed, self._fingerprint.files) if self._fingerprint else None
        with progress.counted(len(tasks), self.stage) as show:
            due, missing = 0, self._missing(tasks, found, show)
            for place, outcome in computing.run(work, missing, watch, show, self._compute):
                found[place] = self._keep(tasks[place], outcome)
                while due in found:
                    yield found.pop(due)
                    due += 1
            yield from (found[place] for place in sorted(found))

    def _missing(
        self, tasks: Sequence[Task], found: dict[int, Report], show: Callable[[Task], None]
    ) -> Iterator[tuple[int, Task]]:
        """Yield the tasks whose results are not taken, each with its place; note the reports of the others."""
        for place, task in enumerate(tasks):
            entry = self._take(task)
            if entry is None:
                yield place, task
            else:
                show(task)
                entry.write()
                found[place] = entry.report

    @contextmanager
    def watched(self, reads: Sequence[Path]) -> Iterator[None]:
        """Watch what is done for all partitions together."""
        if self._fingerprint is None:
            yield
            return
        with purity.watched([*self._allowed, *reads], self._fingerprint.files) as found:
            yield
        self._refuse(found)

    def close(self, unit: str) -> None:
        """Say how many periods were taken from an earlier run, and forget what this run did not use.

        Raises:
            UseCaseError: when work turned out to do more than compute after periods had been taken.
        """
        if self._fingerprint is None:
            return
        if self._refusal or self._unwritten:
            entries.forget(self.stage)
            self._refuse_taken(unit)
            progress.say(f"{self.stage}: no {unit} is kept for reuse: {self._refusal or self._unwritten}.")
            return
        entries.prune(self.stage, self._used)
        if self._foreign:
            progress.say(
                f"{self.stage}: {count(self._foreign, 'result')} of workers with another kind of processor, by which "
                "last bits may differ: not kept for reuse"
            )
        reused = [self._periods[period] for period in self._periods if period]
        if self._earlier and reused:
            others = _family(self._fingerprint) not in self._earlier
            why = "; its code, libraries or settings were others" if others else ""
            progress.say(f"{self.stage}: {sum(reused)} of {count(len(reused), unit)} taken from an earlier run{why}")

    def _refuse_taken(self, unit: str) -> None:
        """Refuse to end with periods of an earlier run beside work that may have reached them."""
        if self._refusal and self._taken:
            raise UseCaseError(
                f"{self._refusal}, so no {unit} may be reused, but {len(self._taken)} were taken from an earlier run "
                "before that was seen. They are forgotten: `make repro` computes all of them."
            )

    def _begin(self, data: Path) -> None:
        opened, acts = local_files.so_far(), purity.so_far()
        self._fingerprint = fingerprint.take(self.stage, data)
        self._earlier = entries.families(self.stage)
        # A run that ends well leaves one family; the later ones are of runs that failed, and of those ours stays.
        for family in {*self._earlier[1:]} - {_family(self._fingerprint)}:
            entries.drop(self.stage, family)
        self._allowed = fingerprint.beside(self.stage, data)
        self._refuse([*acts, *purity.unknown(opened, self._allowed, self._fingerprint.files)])

    def _take(self, task: Task) -> Entry | None:
        """Return what is kept of a task; None if nothing is, or if it may not be taken."""
        if self._fingerprint is None:
            return None
        self._keys[task] = key = self._key(self._fingerprint, task)
        # What was pure before need not have been so now: it may have looked for a file that was not there yet.
        entry = None if self._refusal else self._read(key, task)
        self._periods[task.period] = self._periods.get(task.period, True) and entry is not None
        if entry is not None:
            self._used.add(key)
            self._taken.add(task.period)
        return entry

    def _key(self, of_code: Fingerprint, task: Task) -> str:
        reads, fetches = _apart(task)
        for file in reads:
            if file not in self._hashes:
                self._hashes[file] = hash_file(file)
        named = [[file.as_posix(), self._hashes[file]] for file in reads]
        named += [[version.path, f"{version.url} {version.version_id} {version.etag}"] for version in fetches]
        content = [of_code.digest, named, task.name, list(task.arguments)]
        return f"{_family(of_code)}-{hashlib.sha256(json.dumps(content).encode()).hexdigest()}"

    def _read(self, key: str, task: Task) -> Entry | None:
        try:
            return entries.read(self.stage, key)
        except DamagedError:
            progress.say(f"{self.stage}: what was kept of {task} is damaged; it is computed again.")
            entries.remove(self.stage, key)
        return None

    def _keep(self, task: Task, outcome: Outcome) -> Report:
        """Write what was made of a task, keep it for the next run if it may be, and return its report."""
        entry = Entry(outcome.entry.files, _plain(outcome.entry.report))
        entry.write()
        self._refuse(outcome.reasons)
        self._foreign += outcome.foreign
        of_no_use = self._refusal or self._unwritten or outcome.foreign
        if self._fingerprint and not of_no_use and not self._changed(_apart(task)[0]):
            try:
                entries.write(self.stage, self._keys[task], entry)
                self._used.add(self._keys[task])
            except OSError as error:
                self._unwritten = f"{error.strerror or error}"
        return entry.report

    def _changed(self, reads: Sequence[Path]) -> bool:
        """Whether code or data changed since the stage began, so that the key may not name what was computed.

        Time decides nothing but to keep less. The stage began before any code of the use case was imported.
        """
        code = self._fingerprint.files if self._fingerprint else frozenset()
        return fingerprint.changed((*code, *reads), presence.began(self.stage))

    def _refuse(self, reasons: Sequence[str]) -> None:
        self._refusal = self._refusal or next(iter(reasons), "")


@contextmanager
def opened(stage: str, data: Path, unit: str) -> Iterator[Ledger]:
    """Offer a ledger while a stage works; a stage that fails or is killed keeps what it has made.

    Args:
        stage: its name in `dvc.yaml`.
        data: the folder that it declares and whose files count for each partition by themselves.
        unit: what a period is.
    """
    if is_set(NO_REUSE):
        entries.forget(stage)
    ledger = Ledger(stage, data)
    yield ledger
    ledger.close(unit)


def _apart(task: Task) -> tuple[list[Path], list[Version]]:
    """Part the files here that reach a task's result from the versions that do."""
    given = (*task.beside, *task.reads, *task.fetches)
    return [one for one in given if isinstance(one, Path)], [one for one in given if isinstance(one, Version)]


def _family(of_code: Fingerprint) -> str:
    """Return what all keys of the same code, libraries and settings begin with."""
    return of_code.digest[:16]


def _plain(report: Report) -> Report:
    """Return a report as it comes back from an entry."""
    return json.loads(json.dumps(report))
