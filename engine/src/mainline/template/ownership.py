"""Whose is what: `engine/upgrade.yaml` of a version of the template."""

from collections.abc import Sequence

import yaml

from mainline.declared.reading import Section, check_section
from mainline.repository.git import blob
from mainline.template import predecessor

FILE = "engine/upgrade.yaml"


class Ownership(Section):
    """Files and folders by what an upgrade does with them; the file itself explains each list."""

    replaced: list[str]
    merged: list[str]
    told: list[str]
    declared: list[str]

    def is_yours(self, path: str) -> bool:
        """Whether a file is named as the fork's, also where it lies in a folder of ours."""
        return below(path, [*self.told, *self.declared])

    def is_ours(self, path: str) -> bool:
        """Whether a file comes from the template."""
        return below(path, [*self.replaced, *self.merged]) and not self.is_yours(path)


def of(commit: str) -> Ownership:
    """Return what a commit of the template declares; before it declared anything, what was true then.

    Raises:
        ParamsError: when the file is not what it should be.
    """
    content = blob(f"{commit}:{FILE}")
    declared = predecessor.OWNERSHIP if content is None else yaml.safe_load(content.decode())
    return check_section(Ownership, declared, file=FILE)


def below(path: str, places: Sequence[str]) -> bool:
    """Whether a path is one of these files, or in one of these folders."""
    return any(path == place or path.startswith(f"{place}/") for place in places)
