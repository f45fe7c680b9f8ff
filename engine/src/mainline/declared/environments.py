"""The environments that `deploy/*.yaml` declares, and the way from one to the next."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from mainline.declared import reading, rollout
from mainline.declared.reading import Section, load
from mainline.errors import ParamsError, UnknownError, nearest
from mainline.registry.tags import ENVIRONMENT

FOLDER = Path("deploy")


class Promotion(Section):
    """When an environment takes a version.

    `after` names the environment that must have it first, None for what is on main. `manual` waits for a person. `was`
    is the name that the environment had before: until it gets a version, it has what that one has.
    """

    after: str | None
    was: str | None = None
    approval: Literal["automatic", "manual"]
    signature: Literal["optional", "required"]


class Environment(Section):
    """One file of `deploy/`; how it serves and rolls out is read by those who do that."""

    promotion: Promotion
    service: dict[str, Any] = Field(default_factory=dict)
    rollout: dict[str, Any] = Field(default_factory=dict)


def load_all(folder: Path = FOLDER) -> dict[str, Environment]:
    """Read every environment, in the order in which a version reaches them.

    Raises:
        ParamsError: when there is none, one is wrong, or the way between them is.
    """
    found = {file.stem: load(file, Environment) for file in sorted(folder.glob("*.yaml"))}
    for name, environment in found.items():
        rollout.read(environment.rollout, f"{folder}/{name}.yaml")
    if not found:
        raise ParamsError("folder", "declares no environment", "write deploy/production.yaml", f"{folder}/")
    for name, environment in found.items():
        after = environment.promotion.after
        if not re.fullmatch(ENVIRONMENT, name):
            raise ParamsError("name", f"is '{name}'", "use a-z, 0-9 and -", f"{folder}/{name}.yaml")
        if after is not None and after not in found:
            known = nearest(after, found)
            raise ParamsError("promotion.after", f"'{after}' is no environment", known, f"{folder}/{name}.yaml")
        if environment.promotion.was in found:
            said = f"'{environment.promotion.was}' is declared itself"
            raise ParamsError("promotion.was", said, "name one that is gone", f"{folder}/{name}.yaml")
    return {name: found[name] for name in _in_order(found)}


def choose(name: str, declared: Mapping[str, Environment]) -> Environment:
    """Return an environment by its name.

    Raises:
        UnknownError: naming those that there are.
    """
    if name not in declared:
        raise UnknownError(name, f"environment of {FOLDER}/", declared)
    return declared[name]


def is_signature_required(file: Path) -> bool:
    """Return whether an environment's file asks for signed packages; one that says nothing of promotion does not.

    Raises:
        ParamsError: when the file, or what it says of promotion, is wrong.
    """
    declared = reading.read(file).get("promotion")
    if declared is None:
        return False
    checked = reading.check_section(Promotion, declared, "promotion", reading.name(file))
    return checked.signature == "required"


def _in_order(environments: dict[str, Environment]) -> list[str]:
    """Sort by the number of environments before; a circle is refused."""
    return sorted(environments, key=lambda name: (_depth(name, environments), name))


def _depth(name: str, environments: dict[str, Environment]) -> int:
    depth, after = 0, environments[name].promotion.after
    while after is not None:
        depth, after = depth + 1, environments[after].promotion.after
        if depth > len(environments):
            file = f"{FOLDER}/{name}.yaml"
            raise ParamsError("promotion.after", "leads in a circle", "leave it empty in one of them", file)
    return depth
