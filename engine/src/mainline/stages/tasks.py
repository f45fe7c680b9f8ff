"""The work on a partition, wherever it runs: a pure function from bytes and arguments to bytes and a report.

The stage's own process reads what a task is given and writes what comes of it; whoever works sees neither workspace nor
ledger. What a function keeps between two calls may save time and decides nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from mainline.stages import purity
from mainline.stages.entries import Entry
from mainline.stages.versions import Version

Inputs = Mapping[str, bytes]
"""The content of files by their paths, as far as they are there."""
Work = Callable[..., Entry]
"""Called with inputs and a task's arguments; what is beside the partition, such as static tables, it brings along."""


@dataclass(frozen=True)
class Task:
    """A partition to work on.

    Args:
        name: as people know it, such as `orders 2013-02`.
        period: what it belongs to; '' for what belongs to none.
        reads: the files that the work is given.
        arguments: everything else that it is given, as JSON can hold it.
        beside: files and versions of the data that shaped the work itself, equal for all partitions.
        fetches: files that the work is given as well, by the versions that git names: whoever works reads them from the
            store, so that they pass through no other machine.
    """

    name: str
    period: str
    reads: tuple[Path, ...]
    arguments: tuple[Any, ...] = ()
    beside: tuple[Path | Version, ...] = ()
    fetches: tuple[Version, ...] = ()

    def __str__(self) -> str:
        return self.name

    def inputs(self) -> dict[str, bytes]:
        """Read what the work is given."""
        return {file.as_posix(): file.read_bytes() for file in self.reads if file.exists()}


Job = tuple[int, Task]
"""A task with its place among all."""


class Watch(NamedTuple):
    """What work may reach beside its inputs, if its results are to be reused."""

    allowed: Sequence[Path]
    modules: frozenset[Path]


class Outcome(NamedTuple):
    """What came of a task.

    Args:
        entry: the files and the report.
        reasons: why it, and what its code makes, is not reused; none if it may be.
        foreign: whether it was computed on another kind of processor than this machine's.
    """

    entry: Entry
    reasons: Sequence[str] = ()
    foreign: bool = False


def perform(work: Work, task: Task, inputs: Inputs, watch: Watch | None) -> Outcome:
    """Do the work of a task in this process, under the watch if there is one.

    Raises:
        VersionError: when a version that git names cannot be read.
    """
    inputs = {**inputs, **{version.path: version.fetch() for version in task.fetches}}
    if watch is None:
        return Outcome(work(inputs, *task.arguments))
    with purity.watched([*watch.allowed, *task.reads], watch.modules) as reasons:
        entry = work(inputs, *task.arguments)
    return Outcome(entry, reasons)


def apart(files: Iterable[Path], elsewhere: Mapping[str, Version]) -> tuple[tuple[Path, ...], tuple[Version, ...]]:
    """Part files to read here from those that are not here, and that git names by version."""
    reads, fetches = list[Path](), list[Version]()
    for file in files:
        version = elsewhere.get(file.as_posix())
        if version is None or file.exists():
            reads.append(file)
        else:
            fetches.append(version)
    return tuple(reads), tuple(fetches)
