"""Say whose tags count here; adopt or remove others'."""

import argparse

from mainline.errors import MainlineError
from mainline.registry import maker, origin, publication, tags
from mainline.remote import collection
from mainline.repository.git import git

BATCH = 100
"""Tags that one push removes."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    decided = parser.add_mutually_exclusive_group()
    decided.add_argument("--adopt", action="store_true", help="take over the tags that another repository made")
    decided.add_argument("--remove", action="store_true", help="remove them, here and at the origin")


def run(arguments: argparse.Namespace) -> str:
    """Say which tags another repository made, take them over, or remove them here and at the origin.

    Raises:
        MainlineError: when there are none to take over or to remove, or the origin refuses.
    """
    publication.fetch()
    known = tags.read()
    found = known.foreign
    if not found:
        if arguments.adopt or arguments.remove:
            raise MainlineError(
                "every tag of the registry was made here, so there is nothing to take over or to remove."
            )
        return f"{len(known.versions)} versions, all of them made here."
    here = maker.name()
    if here in maker.adopted() and (arguments.adopt or arguments.remove):
        raise MainlineError(
            f"{maker.FILE} has {here} as an old name of this repository, so tags of {', '.join(found)} are its own. "
            f"Nothing was changed. Give the clone its new address: `git remote set-url {origin.remote()} URL`."
        )
    if arguments.adopt:
        maker.adopt(found)
        return f"{maker.FILE} takes over the tags of {', '.join(found)}. Commit it and bring it to main.\n{_bring()}"
    if arguments.remove:
        names = sorted(name for listed in found.values() for name in listed)
        return _remove(names)
    return "\n".join(known.skipped)


def _bring() -> str:
    """Bring the artifacts of what was taken over into the cache, from the stores that are declared."""
    try:
        brought = collection.pull()
    except MainlineError as error:
        return f"Their artifacts are not all here: {error} Declare the store that has them: `./mainline remote URL`."
    way = "`./mainline remote URL`, `./mainline push --all`"
    return f"{brought} If the store of their repository is not to be yours: {way}."


def _remove(names: list[str]) -> str:
    for first in range(0, len(names), BATCH):
        some = [f"refs/tags/{name}" for name in names[first : first + BATCH]]
        remote = origin.remote()
        if remote:
            git("push", "--quiet", remote, "--delete", *some)
        for name in some:
            git("update-ref", "-d", name)
    return f"{len(names)} tags of other repositories are removed. What is released here begins with v1.0.0."
