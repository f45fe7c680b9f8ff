"""`promote`: what CI runs after a merge. What is on main becomes what the environments have.

In this order, so that a kill anywhere leaves nothing half and the next run ends right: the gate decides, artifacts are
pushed and checked there, the package is signed, the gate's report is kept, and at last all tags are written at once.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from mainline import progress
from mainline.declared import environments
from mainline.declared.environments import Environment
from mainline.errors import MainlineError
from mainline.model import losses
from mainline.registry import artifact, maker, origin, publication, records, reference, tags
from mainline.registry.publication import Tag, TakenError
from mainline.registry.records import Assignment, Kind
from mainline.registry.tags import Registry, Version
from mainline.release import candidate, delay, readiness, registration, report, requirements
from mainline.release.candidate import Candidate
from mainline.release.delay import ALREADY
from mainline.repository import lock
from mainline.repository.git import ask

TRIES = 5
"""How often the registry is read again after somebody else wrote to it at the same moment."""

_SKIPS = re.compile(r"\[(?:skip ci|ci skip|no ci|skip actions|actions skip)\]|^skip-checks: ?true$", re.I | re.M)


def promote() -> str:
    """Bring the environments in line with main; say in a line each what happened.

    The gate is asked only if main has a package that no version has.

    Raises:
        MainlineError: when the candidate may not be released, or something it needs is not there. Nothing was released.
    """
    return insist(_promote_once)


def approve(environment: str) -> str:
    """Give an environment what the one before it has, on a person's word.

    Raises:
        MainlineError: when there is no such environment, or nothing to give.
    """
    return insist(lambda: _approve_once(environment))


def insist(attempt: Callable[[], str]) -> str:
    """Try on the newest registry, and again where somebody else wrote to it in the meantime.

    Raises:
        MainlineError: as the attempt, or when others were faster every time.
    """
    for _ in range(TRIES):
        publication.fetch()
        say_skipped()
        try:
            return attempt()
        except TakenError as error:
            progress.say(f"{error} The registry is read again.")
    raise MainlineError(f"others wrote to the registry {TRIES} times in a row. Run this again when they are done.")


def say_skipped() -> None:
    """Say in a line each which tags of the registry do not count, and why."""
    for line in tags.read().skipped:
        progress.say(line)


def _promote_once() -> str:
    declared = environments.load_all()
    losses.check(declared)
    found = candidate.find()
    if found is None:
        return _leave_to_newest()
    registry = tags.read()
    if registry.foreign and not registry.versions:  # a renamed repository must not take its next model for its first
        raise MainlineError("nothing is released until you decide which versions count; see the line above.")
    refuse_rewritten(registry)
    version = known(found.package)
    waiting = {name: delay.reason(name, declared, found, version) for name in declared}
    if version is not None and all(waiting.values()):
        return _report("Nothing is released: this commit leaves the model as it is.", waiting, version.name)
    if version is not None:
        refuse_archived(version)
        new: list[Tag] = []
    else:
        version, tag = registration.register(found, declared)
        new = [tag]
    targets = [name for name, reason in waiting.items() if not reason]
    kinds: dict[str, Kind] = {
        name: "return" if not new and requirements.had(name, version) else "release" for name in targets
    }
    held = readiness.secure(
        version, {name: declared[name] for name in targets}, None if not new else Path(lock.PACKAGE)
    )
    if origin.tip() != found.commit:
        return _leave_to_newest()
    given = [assignment(name, version, kinds[name], found, declared, held.get(name)) for name in targets]
    if new:
        report.keep()
    publication.publish([*new, *given])
    headline = f"{version.name} is released." if new else f"{version.name} is back: this model was released before."
    if not new and "return" not in kinds.values():
        headline = f"{version.name} is promoted."
    return "\n".join([_report(headline, waiting, version.name), *reference.tell(declared)])


def _leave_to_newest() -> str:
    """Say that another run releases what is newest on main.

    Raises:
        MainlineError: when there will be none.
    """
    branch, tip = origin.branch(), origin.tip()
    said = skips(tip)
    if said:
        raise MainlineError(
            f"{branch} has moved on to {tip[:10]}, whose message says {said}, so it has no run of its own, and "
            f"nothing is released. Start the workflow Main by hand, or `{candidate.pull()}` and `./mainline promote`."
        )
    return f"{branch} has moved on; its newest commit is released by a run of its own."


def skips(commit: str) -> str:
    """Return the words in a commit's message for which GitHub starts no run of its push; '' without them."""
    found = _SKIPS.search(ask("log", "-1", "--format=%B", commit, "--"))
    return found[0] if found else ""


def _approve_once(environment: str) -> str:
    declared = environments.load_all()
    chosen = environments.choose(environment, declared)
    after = chosen.promotion.after
    found = candidate.find()
    if found is None:
        raise MainlineError(f"{origin.branch()} has moved on. `{candidate.pull()}`, look again, and approve that.")
    version = reference.current(after, declared) if after else known(found.package)
    if version is None:
        raise MainlineError(
            f"there is nothing to promote: {after or origin.branch()} has no version. Run `./mainline promote`."
        )
    if tags.assigned(environment) == version:
        return f"{environment} {ALREADY}: {version.name}."
    refuse_archived(version)
    if lacking := requirements.lacking(environment, declared, version):
        raise MainlineError(f"{environment} does not take {version.name} yet, it {lacking}.")
    held = readiness.secure(version, {environment: chosen}, None)
    publication.publish([assignment(environment, version, "approval", found, declared, held.get(environment))])
    return f"{environment} has {version.name}."


def known(package: str) -> Version | None:
    """Return the version whose package has this content; None for a new one."""
    return next((version for version in tags.versions() if lock.package_at(version.commit) == package), None)


def assignment(
    environment: str,
    version: Version,
    kind: Kind,
    asked: Candidate,
    declared: Mapping[str, Environment],
    held: str | None = None,
) -> Tag:
    """Compose the tag that gives an environment a version; `held` is the digest by which its registry has it."""
    before = reference.current(environment, declared)
    number = tags.next_number(environment, tags.read())
    by = ask("config", "user.name") or "unknown"
    record = Assignment(
        version=version.name, environment=environment, kind=kind, replaces=before.name if before else None,
        main=asked.commit, main_digest=asked.package.removesuffix(".dir"), by=by, registry=maker.name(),
        artifact=held,
    )  # fmt: skip
    line = f"{environment}: {version.name}" + (f" replaces {before.name}" if before else "") + f" ({kind})"
    return Tag(f"{artifact.name()}#{environment}#{number}", version.commit, records.write([line], record))


def refuse_rewritten(registry: Registry) -> None:
    """Raise where main has lost every version that was released, as after a push by force.

    The next model would count as a first release, and be held against no other. A tag that somebody made by hand is no
    release and stops nothing.

    Raises:
        MainlineError: naming the newest version, and the ways on.
    """
    lost = [] if registry.versions else [version for version in registry.unmerged if version.release]
    if lost:
        newest, branch, remote = lost[0], origin.branch(), origin.remote()
        push = f"git push --force {remote} {newest.commit[:10]}:{origin.HEADS}{branch}"
        back = f"git branch --force {branch} {newest.commit[:10]}"
        raise MainlineError(
            f"{branch} has no commit of a released version any more; {artifact.name()}@{newest.name} is at "
            f"{newest.commit[:10]}. Was it pushed by force? Nothing is released, since the next model would count as a "
            f"first one. Bring the commits back (`{push if remote else back}`, and what came after it), or move the "
            "registry's tags to the new commits (`git filter-repo` does that), or delete the tags to begin anew."
        )


def refuse_archived(version: Version) -> None:
    """Raise where a version was decommissioned.

    Raises:
        MainlineError: naming what to do instead.
    """
    if version.archived:
        tag, remote = f"{artifact.name()}@{version.name}!", origin.remote()
        there = f"git push {remote} --delete 'refs/tags/{tag}' && " if remote else ""
        raise MainlineError(
            f"{version.name} is archived and can no longer be assigned. Change what is on {origin.branch()}, or take "
            f"that decision back: `{there}git tag --delete '{tag}'`."
        )


def _report(headline: str, waiting: Mapping[str, str], version: str) -> str:
    width = max(len(name) for name in waiting)
    return "\n".join(
        ["", headline, "", *(f"  {name:<{width}}  {reason or f'has {version}'}" for name, reason in waiting.items())]
    )
