"""Decommission a version: no longer assignable, kept for audit."""

from mainline.declared import environments
from mainline.errors import MainlineError
from mainline.registry import artifact, publication, tags
from mainline.registry.publication import Tag
from mainline.registry.tags import Version
from mainline.release import promotion


def archive(name: str, reason: str) -> str:
    """Mark a version as archived; its tag, its artifacts and its lineage stay.

    Raises:
        MainlineError: when there is no such version, or an environment has it.
    """
    return promotion.insist(lambda: _archive_once(name, reason))


def holders(version: Version) -> list[str]:
    """Name the environments that have a version."""
    return [environment for environment in environments.load_all() if tags.assigned(environment) == version]


def _archive_once(name: str, reason: str) -> str:
    version = tags.find(name)
    if version.archived:
        return f"{name} is archived already."
    for environment in holders(version):
        raise MainlineError(
            f"{environment} has {name}. Promote another version first, or take the one before: "
            f"`./mainline rollback --now --environment {environment}`."
        )
    message = f"{name} is archived\n\n{reason or 'No reason was given.'}\n"
    publication.publish([Tag(f"{artifact.name()}@{name}!", version.commit, message)])
    return f"{name} is archived: it can no longer be assigned, and everything about it is kept."
