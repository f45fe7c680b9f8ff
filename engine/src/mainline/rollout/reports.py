"""Reports to others, if this machine may push: events on a branch, and a revert to be reviewed after an abort."""

import json
from datetime import UTC, datetime

from mainline.registry import artifact, branches, events
from mainline.release import rollback
from mainline.release.rollback import NothingToRevertError
from mainline.repository import tree
from mainline.repository.git import blob
from mainline.repository.tree import Entry
from mainline.rollout.records import Event


def deliver(outbox: tuple[Event, ...], environment: str) -> frozenset[int]:
    """Send reports; return those that need not be sent again. The current folder is the clone.

    Raises:
        MainlineError: when the origin does not take it; it is tried again.
    """
    named = artifact.name()
    for model in dict.fromkeys(event.model or named for event in outbox):
        told = [event for event in outbox if (event.model or named) == model and event.kind != "revert"]
        append([line(event) for event in told], environment, model)
    for event in outbox:
        if event.kind == "revert" and (event.model or named) == named:  # main cannot go back to another model's version
            prepare_revert(event, environment)
    return frozenset(event.id for event in outbox)


def line(event: Event) -> str:
    """Write an event as `engine/docs/delivery.md` defines it; the same event is always the same line."""
    when = datetime.fromtimestamp(event.time, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    said = {"time": when, "event": event.kind, "version": event.version, "digest": event.digest}
    known = {name: value for name in ("reason", "policy", "assignment") if (value := getattr(event, name))}
    return json.dumps(said | known)


def append(lines: list[str], environment: str, model: str = "") -> None:
    """Append lines to the environment's branch at the origin; those that are there already are left out.

    Args:
        lines: each an event.
        environment: whose events they are.
        model: and of which model; that of `dvc.yaml` without it.

    Raises:
        MainlineError: when the origin does not take it.
    """
    if not lines:
        return

    def change(tip: str) -> dict[str, Entry]:
        before = (tip and blob(f"{tip}:{events.FILE}")) or b""  # byte by byte: lines of others need not be UTF-8
        new = [text for text in lines if text.encode() not in before.splitlines()]
        ending = b"\n" if before and not before.endswith(b"\n") else b""
        content = before + ending + "".join(f"{text}\n" for text in new).encode()
        return {events.FILE: Entry("100644", tree.store(content))} if new else {}

    said = json.loads(lines[-1])
    branches.update(
        artifact.branch("deployments", environment, model=model), change, f"{said['event']}: {said['version']}"
    )


def prepare_revert(event: Event, environment: str) -> None:
    """Push a branch that brings main back to the version that serves, for people to review and merge.

    Raises:
        MainlineError: when the origin does not take it.
    """
    try:
        rollback.prepare(event.version, environment)
    except NothingToRevertError:
        return
    rollback.share(event.version)
