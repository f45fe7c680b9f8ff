"""What an upgrade does with each file: taken, merged, kept or refused."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mainline import processes
from mainline.repository.git import raw
from mainline.repository.tree import Entry, store
from mainline.template import libraries
from mainline.template.ownership import Ownership, below

Files = Mapping[str, Entry]
MERGE_LIMIT = 60.0
"""Seconds for one file; milliseconds are usual."""


@dataclass
class Plan:
    """The changes to the fork's tree, and the files of ours that the fork changed in a way that cannot be kept.

    Files that are replaced are `edited`; `conflicts` are files that are merged and were changed at the same lines.
    """

    changes: dict[str, Entry | None] = field(default_factory=dict)
    edited: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)

    @property
    def lost(self) -> list[str]:
        """All files whose edits the version does not keep."""
        return [*self.edited, *self.conflicts]


def make(before: Files, fork: Files, after: Files, ownership: tuple[Ownership, Ownership]) -> Plan:
    """Decide about every file that comes from the template.

    Args:
        before: the files of the template that the fork has the machinery of.
        fork: the files of the fork.
        after: the files of the version to come.
        ownership: what the template declared then, and what the version declares.

    Returns:
        The plan, in which an edited file is replaced all the same: whoever asks decides whether that may be.
    """
    plan = Plan()
    then, now = ownership
    whole = [*then.replaced, *now.replaced]
    for path in sorted(before.keys() | fork.keys() | after.keys()):
        if not (then.is_ours(path) or (now.is_ours(path) and not then.is_yours(path))):
            continue
        was, here, comes = before.get(path), fork.get(path), after.get(path)
        if not now.is_ours(path) and not now.is_yours(path):
            comes = None  # the place is the fork's alone by now: what was ours goes, and no example comes
            if was is None:
                continue
        if below(path, whole) and here not in (was, comes):
            plan.edited.append(path)
        elif here not in (was, comes) and not libraries.is_lock(path):
            comes, conflict = _merge(was, here, comes)
            plan.conflicts += [path] if conflict else []
        if here != comes:
            plan.changes[path] = comes
    return plan


def _merge(was: Entry | None, here: Entry | None, comes: Entry | None) -> tuple[Entry | None, bool]:
    """Return what a file of ours becomes that the fork changed, and whether the fork's change is lost by that."""
    if comes == was or here is None:  # the template did not touch it, or the fork deleted it
        return here, False
    if was is None or comes is None:
        return comes, True
    with tempfile.TemporaryDirectory(prefix="mainline-merge-") as scratch:
        files = [Path(scratch) / name for name in ("here", "was", "comes")]
        for file, entry in zip(files, (here, was, comes), strict=True):
            file.write_bytes(raw("cat-file", "blob", entry.blob))
        merged = processes.run(["git", "merge-file", "--stdout", *map(str, files)], MERGE_LIMIT)
    return (comes, True) if merged.returncode else (Entry(comes.mode, store(merged.stdout)), False)
