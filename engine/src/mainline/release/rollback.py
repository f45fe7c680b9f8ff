"""Go back to a version: as a revert to be merged, or at once with the revert to follow."""

from mainline import progress
from mainline.declared import environments
from mainline.errors import MainlineError
from mainline.registry import artifact, origin, publication, tags
from mainline.registry.tags import Assigned, Version
from mainline.release import candidate, machinery, promotion, readiness, trial
from mainline.repository import lock, tree
from mainline.repository.git import ask, git

SHAPED = ("dvc.yaml", "dvc.lock", "params.yaml", "metrics")
"""The paths that make a version, beside the use case's code that its stages ran."""


class NothingToRevertError(MainlineError):
    """main has the model of the version that it is to go back to."""


def prepare(name: str | None, environment: str, whole: bool = False) -> str:
    """Commit, on a branch of its own, what main would be with a version's model; the workspace stays as it is.

    The use case's code, parameters, lock and metrics that make the model are the version's; everything else is main's,
    the machinery above all. A version that another machinery made is refused, since its lock would not be true here,
    unless the machinery is to go back whole.

    Args:
        name: the version; the one before in the environment where it is None.
        environment: whose version is to go back.
        whole: take the machinery back, too.

    Raises:
        NothingToRevertError: when main has its model already.
        MainlineError: when there is no such version, or another machinery made it.
    """
    publication.fetch()
    promotion.say_skipped()
    version, current = choose(name, environment)
    main = origin.tip()
    if lock.package_at(main) == lock.package_at(version.commit):
        if version == current:
            raise NothingToRevertError(f"{origin.branch()} and {environment} have the model of {version.name} already.")
        raise NothingToRevertError(
            f"{origin.branch()} has the model of {version.name} already. `./mainline rollback {version.name} --now"
            f"{'' if environment == 'production' else f' --environment {environment}'}` gives it to {environment}."
        )
    branch = artifact.branch("rollback", version.name)
    _refuse_to_overwrite(branch, main)
    mixed = _runnable(main, version, environment, whole)
    message = f"Roll back to {version.name}\n\n{environment} has {current.name if current else 'no version'}."
    commit = tree.commit(mixed, message, main)
    git("update-ref", f"refs/heads/{branch}", commit)
    return (
        f"The revert is on branch {branch}: {main[:10]} with the model of {version.name}"
        f"{' and the machinery that made it' if whole else ''}.\n"
        f"  git push {origin.remote() or 'REMOTE'} {branch}     "
        f"and open a pull request; its merge brings {version.name} back\n"
        f"To have it in {environment} at once: `./mainline rollback {version.name} --now`."
    )


def share(version: str) -> None:
    """Push the branch that `prepare` made, for people to review and merge.

    One that is there already stays as it is, with its approvals and checks, unless main has moved past it; one that a
    person committed to stays in any case.

    Raises:
        MainlineError: when the remote does not take it.
    """
    branch, remote = f"{origin.HEADS}{artifact.branch('rollback', version)}", origin.remote()
    there = origin.refs(remote, branch).get(branch, "")
    if not there or _is_outdated(remote, branch, there):
        lease = f"--force-with-lease={branch}:{there}"
        origin.push(remote, {branch: origin.commit(branch)}, lease)


def _is_outdated(remote: str, branch: str, there: str) -> bool:
    """Whether main has moved past a branch that nobody but `prepare` committed to."""
    git("fetch", "--quiet", "--no-tags", remote, branch)
    behind, own = git("rev-list", "--count", "--left-right", f"{origin.tip()}...{there}").split()
    return int(behind) > 0 and int(own) <= 1


def assign_now(name: str | None, environment: str) -> str:
    """Assign a version at once, before the revert is merged.

    What only this machine refuses, such as a laptop with other libraries, is said and stops nothing: servers check what
    they are given. A version that other libraries made is refused, since the servers have those of main.

    Raises:
        MainlineError: when there is no such version, it is archived or made with other libraries, or the environment
            has it already.
    """
    return promotion.insist(lambda: _assign_once(name, environment))


def choose(name: str | None, environment: str) -> tuple[Version, Version | None]:
    """Return the version to go back to, and the one that the environment has.

    Raises:
        MainlineError: when there is none to go back to.
    """
    environments.choose(environment, environments.load_all())
    given = tags.assignments(environment)
    current = given[-1].version if given else None
    if name is not None:
        return tags.find(name), current
    before = [version for version in _good(given) if version != current and not version.archived]
    if before:
        return before[-1], current
    if len({item.version for item in given if item.version}) < 2:
        raise MainlineError(f"{environment} never had another version; there is nothing to go back to.")
    raise MainlineError(
        f"{environment} was rolled back from every other version that it had. Name the one to return to: "
        f"`./mainline rollback VERSION --environment {environment}`; `./mainline history` lists them."
    )


def _good(given: list[Assigned]) -> list[Version]:
    """Return the versions that an environment came by, oldest first, without those that it was taken back from."""
    found: list[Version] = []
    for item in given:
        if item.version is None:
            continue
        if item.version in found:
            found = found[: found.index(item.version)]
        elif item.record and item.record.kind == "rollback":
            found = found[:-1]
        found.append(item.version)
    return found


def _refuse_to_overwrite(branch: str, main: str) -> None:
    """Raise where the branch of an earlier rollback is in use, or has work of a person on it.

    Raises:
        MainlineError: naming where, and the way on.
    """
    here = f"refs/heads/{branch}"
    trees = [entry.split("\n") for entry in git("worktree", "list", "--porcelain").split("\n\n")]
    used = [lines[0].removeprefix("worktree ") for lines in trees if f"branch {here}" in lines]
    if used:
        raise MainlineError(
            f"{branch} is checked out in {used[0]}, so it cannot be recreated. "
            f"`git switch {origin.branch()}` there first."
        )
    own = ask("rev-list", "--count", f"{main}..{here}")
    if own and int(own) > 1:
        raise MainlineError(
            f"{branch} has other commits than the revert. Keep them under another name "
            f"(`git branch --move {branch} NAME`), and run this again."
        )


def _runnable(main: str, version: Version, environment: str, whole: bool) -> str:
    """Write the tree of main with a version's model, and try it.

    Raises:
        MainlineError: naming why the two do not go together, and the ways to the same model.
    """
    branch = origin.branch()
    try:
        mixed = _tree(main, version.commit, whole)
    except machinery.OtherMachineryError as error:
        why = f"{version.name} does not go with the machinery that {branch} has: {error}"
        raise MainlineError(f"{why}. {_ways(version, environment)}") from error
    fault = trial.problem(mixed, main, version.commit)
    if fault:
        why = f"{branch} with the files of {version.name} does not run, since its machinery was changed later"
        raise MainlineError(f"{why}: {fault.rstrip('.')}. {_ways(version, environment)}")
    return mixed


def _ways(version: Version, environment: str) -> str:
    """Name what else brings the model back; servers refuse a version that was made with other libraries than theirs."""
    at_once = ""
    if machinery.has_same_libraries(version.commit, origin.tip()):
        at_once = f" `./mainline rollback {version.name} --now` gives {environment} the version at once."
    return f"No branch was made.{at_once} {_by_training(version)}"


def _by_training(version: Version) -> str:
    """Name the ways to a version's model on main, where the machinery of main did not make it."""
    way = (
        f"To have its model on {origin.branch()}, train it with today's machinery: "
        f"`git checkout {artifact.name()}@{version.name} -- params.yaml src/usecase`, `make repro`, a pull request."
    )
    if not machinery.can_return(version.commit):
        return way
    return f"{way} Or `./mainline rollback {version.name} --machinery` takes gate and server of then back too."


def _by_revert(main: str, version: Version) -> str:
    """Name the way to a version's model on main after it was assigned."""
    try:
        machinery.returning(main, version.commit, whole=False)
    except machinery.OtherMachineryError:
        return _by_training(version)
    return f"`./mainline rollback {version.name}` prepares the revert; merge it."


def _assign_once(name: str | None, environment: str) -> str:
    version, current = choose(name, environment)
    if version == current:
        raise MainlineError(f"{environment} has {version.name} already.")
    promotion.refuse_archived(version)
    main = origin.tip()
    declared = environments.load_all()
    held: dict[str, str] = {}
    try:
        held = readiness.secure(version, {environment: declared[environment]}, None)
    except readiness.UnservedError as error:
        if not machinery.has_same_libraries(version.commit, main):
            raise
        progress.say(
            f"{version.name} is assigned although this machine refuses it ({error.why}): {origin.branch()} has the "
            f"libraries that made it. The servers of {environment} check it too; `./mainline status` there says how."
        )
    asked = candidate.Candidate(main, lock.package_at(main))
    publication.publish(
        [promotion.assignment(environment, version, "rollback", asked, declared, held.get(environment))]
    )
    replaced = f" instead of {current.name}" if current else ""
    if lock.package_at(version.commit) == asked.package:
        return f"{environment} has {version.name}{replaced}, as {origin.branch()} says."
    return (
        f"{environment} has {version.name}{replaced}.\n"
        f"GIT AND {environment.upper()} DIFFER: {origin.branch()} still names another model. "
        f"{_by_revert(main, version)}"
    )


def _tree(main: str, version: str, whole: bool) -> str:
    """Write the tree of main in which what shapes the model is the version's.

    Raises:
        OtherMachineryError: when another machinery made the version.
    """
    shaping = [*SHAPED, *machinery.returning(main, version, whole)]
    old, new = (tree.entries(commit, *shaping) for commit in (version, main))
    return tree.write(main, {path: old.get(path) for path in old.keys() | new.keys()})
