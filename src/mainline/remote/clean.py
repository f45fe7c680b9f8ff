"""Objects in the store that nothing needs: no version, no branch, no tag, not the workspace.

What is needed is found by reading the lock of each commit that a name points at. Where one of them cannot be read,
nothing is removed: what it needs is unknown.
"""

import time
from dataclasses import dataclass

from mainline import lock
from mainline.errors import MainlineError
from mainline.git import git
from mainline.registry import publish, tags
from mainline.remote import objects, transfer
from mainline.remote.store import StorageError, Store, open_cache, open_remote

DAY = 86_400  # seconds


@dataclass(frozen=True)
class Unneeded:
    """Objects that may go, with their sizes in bytes; `kept` counts those that stay, `young` those too new to tell."""

    sizes: dict[str, int]
    kept: int
    young: int

    @property
    def total(self) -> int:
        """Their size together, in bytes."""
        return sum(self.sizes.values())


def find(older_than: float) -> tuple[Store, Unneeded]:
    """Look for objects of the store that nothing needs.

    Args:
        older_than: in days; a younger object may belong to a branch that is not pushed yet.

    Raises:
        MainlineError: when it cannot be told what is needed.
    """
    publish.fetch()
    needed = _needed()
    there = open_remote()
    everything = there.everything()
    newest = time.time() - older_than * DAY
    unneeded = {oid: about for oid, about in everything.items() if oid not in needed}
    old = {oid: size for oid, (size, changed) in unneeded.items() if changed <= newest}
    return there, Unneeded(old, len(everything) - len(unneeded), len(unneeded) - len(old))


def remove(there: Store, unneeded: Unneeded) -> None:
    """Remove them, listings first: a listing without its files would vouch for what is not there."""
    names = sorted(unneeded.sizes, key=lambda oid: (not objects.is_listing(oid), oid))
    there.remove(names)


def _needed() -> set[str]:
    """Name every object that a registered version, branch, tag, stash or the workspace needs."""
    stores = [open_cache(), open_remote()]
    found: set[str] = set()
    seen: set[objects.Output] = set()
    for name, commit in _names().items():
        for output in _outputs(name, commit):
            if output not in seen:
                seen.add(output)
                found.update(_expand(name, output, stores))
    if lock.LOCK.exists():
        found.update(oid for output in objects.of_workspace() for oid in _expand("the workspace", output, stores))
    return found


def _names() -> dict[str, str]:
    """Map a name to each commit that something points at, whatever kind of reference it is."""
    shown = git("for-each-ref", "--format=%(objectname) %(*objectname) %(objecttype) %(*objecttype) %(refname)")
    commits = {}
    for line in shown.splitlines():
        *parts, name = line.split(" ")
        own, peeled, kind, peeled_kind = parts
        if "commit" in (kind, peeled_kind):
            commits[peeled or own] = name
    commits |= {version.commit: f"version {version.name}" for version in tags.versions()}
    return {name: commit for commit, name in commits.items()}


def _outputs(name: str, commit: str) -> list[objects.Output]:
    try:
        return objects.of_commit(commit)
    except MainlineError as error:
        raise MainlineError(f"nothing was removed: what {name} needs cannot be told. {error}") from error


def _expand(name: str, output: objects.Output, stores: list[Store]) -> list[str]:
    try:
        return transfer.expand([output], stores)
    except StorageError as error:
        if not name.startswith("version ") and all(store.lacks([output.oid]) for store in stores):
            return [output.oid]  # a branch that was never pushed: the store has no folder of it that could break
        raise MainlineError(f"nothing was removed: what {name} needs cannot be told. {error}") from error
