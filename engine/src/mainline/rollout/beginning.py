"""The start of a follower without a state: the versions that other servers served and aborted, from the events in git.

A folder is empty on a new machine, and in each pod that a cluster moves. The environment is not new there: a version
that was aborted must not come back, and one that is still on trial must not skip its steps.
"""

from collections.abc import Mapping, Sequence

from mainline.declared.rollout import Policy
from mainline.registry.events import Event, standing_abort
from mainline.registry.tags import Assigned, Version
from mainline.rollout.records import Beginning, Quarantine, Ref


def begin(wanted: Ref, policy: Policy | None, given: Sequence[Assigned], told: Sequence[Event]) -> Beginning:
    """Return what to serve at once, what not to try again, and what may return without steps.

    The version that was served last and is not aborted is stable; the assigned one is, if it was served before and is
    in the rollback window, or if no server has said anything yet. Events of versions and packages that the registry
    does not have tell nothing.

    Args:
        wanted: what git assigns.
        policy: the policy on main; None if it cannot be read.
        given: the environment's assignments, oldest first.
        told: the environment's events, oldest first.
    """
    known = {item.version.name: item.version for item in given if item.version}
    about = {name: _about(version, wanted, told) for name, version in known.items()}
    aborts = {
        name: standing_abort(events, [item for item in given if item.version == known[name]])
        for name, events in about.items()
    }
    served = [event.version for event in _newest(about) if event.event == "served"]
    usable = [name for name in dict.fromkeys(served) if not aborts[name] and not known[name].archived]
    stay = usable[: 1 + (policy.declared.rollback_window.revisions if policy else len(usable))]
    abort = aborts.get(wanted.version)
    quarantined = _quarantine(wanted, abort, policy) if abort else ()
    if wanted.version in stay:
        stay = [wanted.version, *(name for name in stay if name != wanted.version)]
    elif abort and not stay:
        earlier = (item.version for item in reversed(given) if item.version)
        stay = [one.name for one in earlier if not aborts[one.name] and not one.archived][:1]
    refs = [ref for name in stay if (ref := _ref(known[name], wanted, about[name]))]
    if refs:
        return Beginning(refs[0], quarantined, tuple(refs[1:]), known=True)
    return Beginning(None if abort else wanted, quarantined)


def _about(version: Version, wanted: Ref, told: Sequence[Event]) -> list[Event]:
    """Return the events of a version's own package."""
    digest = wanted.digest if version.name == wanted.version else version.release.digest if version.release else ""
    return [
        event for event in told
        if event.version == version.name and (not digest or digest.startswith(event.digest))
    ]  # fmt: skip


def _newest(about: Mapping[str, list[Event]]) -> list[Event]:
    """Return the events of all versions, newest first: by the assignment that they name, since clocks may be wrong."""
    told = (event for events in about.values() for event in events)
    return sorted(told, key=lambda one: (one.assignment, one.time), reverse=True)


def _quarantine(wanted: Ref, abort: Event, policy: Policy | None) -> tuple[Quarantine, ...]:
    under = abort.policy or (policy.hash if policy else "")
    reason = abort.reason or "another server aborted it"
    return (Quarantine(wanted.digest, under, reason, abort.time.timestamp(), abort.assignment),)


def _ref(version: Version, wanted: Ref, about: Sequence[Event]) -> Ref | None:
    """Name a version's package: by git, else by an event that has the whole digest."""
    if version.name == wanted.version:
        return wanted
    if version.release:
        return Ref(version.name, version.release.digest)
    return next((Ref(version.name, event.digest) for event in reversed(about) if len(event.digest) == 64), None)
