"""The deployments to an environment and their outcomes, from tags, main and the servers' events.

`engine/docs/delivery.md` defines the words; this follows it.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Literal

from mainline.registry import commits
from mainline.registry.commits import Change
from mainline.registry.events import Event
from mainline.registry.tags import Assigned
from mainline.repository.git import GitError

Content = Literal["model", "code", "model and code"]
FIXES = ("return", "rollback")
REAPPLY = "reapply"
"""git's word for the revert of a revert: what was taken back is deployed again, as planned work."""


@dataclass(frozen=True)
class Deployment:
    """Something new in an environment; `when` is in seconds since 1970, `leads` in seconds.

    `what` is the kind of an assignment, `REAPPLY` or a commit of main, `version` what the environment had afterwards.
    `leads` has the lead time of each change of main that came with it, None where that cannot be told. `failed` says
    how, None for a good one; `fix` is whether it was unplanned, to mend a failed one.
    """

    content: Content
    what: str
    version: str
    when: int
    leads: tuple[int, ...] | None
    served: bool = False
    failed: str | None = None
    fix: bool = False


@dataclass(frozen=True)
class Told:
    """The deployments in order of time, and how much of what was found told nothing."""

    deployments: list[Deployment]
    repeated: int
    unmatched_events: int
    unreachable: int


def tell(given: Sequence[Assigned], events: Sequence[Event], environment: str, repository: Path = Path()) -> Told:
    """Tell the deployments of an environment from its assignments, oldest first."""
    kept = _effective(given)
    ranges, unreachable = _ranges(kept, environment, repository)
    models = _models(kept, ranges)
    code, missing = _code(given, kept, environment, repository)
    found = sorted([*models, *code], key=lambda item: item.when)
    told, unmatched = _match(found, kept, [(event, _moment(event, given)) for event in events])
    told = _follow(told)
    repeated = sum(item.version is not None for item in given) - len(kept)
    return Told(told, repeated, unmatched, unreachable + missing)


def is_code(item: Deployment) -> bool:
    """Whether a deployment left the model as it was; failures and fixes are followed among such and among others."""
    return item.content == "code"


def _effective(given: Sequence[Assigned]) -> list[Assigned]:
    """Leave out assignments that change nothing, because the environment has that version, or has none after them."""
    kept, has = [], None
    for item in given:
        name = item.version.name if item.version else None
        if name is not None and name != has:
            kept.append(item)
        has = name
    return kept


def _kinds(kept: Sequence[Assigned]) -> list[str]:
    """Return why each was made; without a record, what the environment had before came back.

    A return to the very version that the fix before it replaced takes that fix back: it mends nothing.
    """
    names = [item.version.name if item.version else "" for item in kept]
    kinds: list[str] = []
    for place, (item, name) in enumerate(zip(kept, names, strict=True)):
        kind = item.record.kind if item.record else "return" if name in names[:place] else "release"
        takes_back = place > 1 and kinds[-1] in FIXES and name == names[place - 2]
        kinds.append(REAPPLY if kind == "return" and takes_back else kind)
    return kinds


def _ranges(kept: Sequence[Assigned], environment: str, repository: Path) -> tuple[list[list[Change] | None], int]:
    """Return the changes of main that came with each, None where it cannot be told, and how many are not here.

    A rollback brings nothing of main, so the changes since the deployment before come with the next one.
    """
    asked = [item.record.main if item.record and item.record.kind != "rollback" else "" for item in kept]
    chain = _chain(list(filter(None, asked)), environment, repository)
    found: list[list[Change] | None] = []
    before, unreachable = "", 0
    for main in asked:
        found.append(None)
        if main and before:
            try:
                found[-1] = _part(chain, before, main) or commits.between(before, main, environment, repository)
            except GitError:
                unreachable += 1
        before = main or before
    return found, unreachable


def _chain(mains: Sequence[str], environment: str, repository: Path) -> list[Change]:
    """Return the changes of main between the first and the last of its commits that asked for a deployment."""
    try:
        return commits.between(mains[0], mains[-1], environment, repository) if len(mains) > 2 else []
    except GitError:
        return []


def _part(chain: Sequence[Change], before: str, main: str) -> list[Change]:
    """Return what lies between two commits on a chain, as `commits.between` does; nothing where one is not on it."""
    places = {change.commit: place for place, change in enumerate(chain)}
    first, last = places.get(before), places.get(main)
    return [] if first is None or last is None else list(chain[first + 1 : last + 1])


def _models(kept: Sequence[Assigned], ranges: Sequence[list[Change] | None]) -> list[Deployment]:
    """Tell the deployments of models. What a return or a rollback replaces has failed."""
    kinds = _kinds(kept)
    told = []
    for place, (item, kind, changes) in enumerate(zip(kept, kinds, ranges, strict=True)):
        after = next(iter(kinds[place + 1 :]), "")
        carried = [change for change in changes or [] if not _is_code_only(change)]
        both = any(change.machinery for change in carried)
        leads = None if changes is None else tuple(max(0, item.when - change.written) for change in carried)
        name = item.version.name if item.version else ""
        failed = f"a {after} replaced it" if after in FIXES else None
        content: Content = "model and code" if both else "model"
        told.append(Deployment(content, kind, name, item.when, leads, failed=failed, fix=kind in FIXES))
    return told


def _code(
    given: Sequence[Assigned], kept: Sequence[Assigned], environment: str, repository: Path
) -> tuple[list[Deployment], int]:
    """Tell the deployments of code alone since the first model; and 1 where main's commits are not here."""
    newest = commits.tip(repository)
    if not kept or kept[0].version is None or not newest:
        return [], 0
    first = kept[0].record.main if kept[0].record else kept[0].version.commit
    try:
        changes = commits.between(first, newest, environment, repository)
    except GitError:
        return [], 1
    found = []
    for change in changes:
        had = [item.version for item in given if item.when <= change.merged]
        if _is_code_only(change) and had and had[-1]:
            found.append((change, had[-1].name))
    reverted, fixes = _reverts([change for change, _ in found])
    return [_code_deployment(change, name, reverted, fixes) for change, name in found], 0


def _reverts(changes: Sequence[Change]) -> tuple[set[str], set[str]]:
    """Return which changes another one reverts, and which are such a revert; oldest first.

    The revert of a revert is none: what was reverted comes back, and the revert has mended what it was made for.
    """
    brought_by = {commit: change.commit for change in changes for commit in change.brought}
    reverted: set[str] = set()
    fixes: set[str] = set()
    for change in changes:
        taken_back = {brought_by[commit] for commit in change.undone if commit in brought_by} - {change.commit}
        failed = taken_back - fixes
        reverted |= failed
        if failed:
            fixes.add(change.commit)
    return reverted, fixes


def _code_deployment(change: Change, version: str, reverted: Container[str], fixes: Container[str]) -> Deployment:
    """Tell one; it has failed when another one says that it reverts something of it."""
    failed = "reverted" if change.commit in reverted else None
    lead = max(0, change.merged - change.written)
    return Deployment(
        "code", change.commit[:10], version, change.merged, (lead,), failed=failed, fix=change.commit in fixes
    )


def _is_code_only(change: Change) -> bool:
    return change.machinery and not change.model


def _match(
    found: Sequence[Deployment], kept: Sequence[Assigned], events: Sequence[tuple[Event, int]]
) -> tuple[list[Deployment], int]:
    """Lay each event to the newest deployment before it that left the environment with that package."""
    digests = {item.version.name: item.version.release for item in kept if item.version}
    told, unmatched = list(found), 0
    for event, moment in events:
        release = digests.get(event.version)
        same = release is None or release.digest.startswith(event.digest)
        places = [i for i, item in enumerate(told) if item.version == event.version and item.when <= moment]
        if not places or not same:
            unmatched += 1
        elif event.event == "served":
            told[places[-1]] = replace(told[places[-1]], served=True)
        else:
            told[places[-1]] = replace(told[places[-1]], failed=event.event)
    return told, unmatched


def _moment(event: Event, given: Sequence[Assigned]) -> int:
    """Return when an event was: by its server's clock, as far as that is within the assignment that it names."""
    since = next((item.when for item in given if item.number == event.assignment), None)
    if since is None:
        return event.when
    until = next((item.when - 1 for item in given if item.number > event.assignment), event.when)
    return max(since, min(event.when, until))


def _follow(found: Sequence[Deployment]) -> list[Deployment]:
    """Mark what comes next after a failed one, among models and among code, as made to fix it."""
    told = list(found)
    for code in (True, False):
        places = [i for i, item in enumerate(found) if is_code(item) == code]
        for before, after in pairwise(places):
            if found[before].failed:
                told[after] = replace(told[after], fix=True)
    return told
