"""The versions that a candidate is compared with: those it would replace, in every environment that will take it."""

from collections.abc import Mapping

from mainline.declared.environments import Environment
from mainline.registry import tags
from mainline.registry.tags import Assigned, Version


def newest(name: str, declared: Mapping[str, Environment]) -> Assigned | None:
    """Return the last assignment of an environment; that of the one it `was`, if it never had one of its own."""
    own = tags.assignments(name)
    was = declared[name].promotion.was if name in declared else None
    found = own or (tags.assignments(was) if was else [])
    return found[-1] if found else None


def current(name: str, declared: Mapping[str, Environment]) -> Version | None:
    """Return the version that an environment has, or had under the name that it `was`."""
    found = newest(name, declared)
    return found.version if found else None


def environments(declared: Mapping[str, Environment]) -> list[str]:
    """Name the environments to compare with, one for each version, in the order in which a version reaches them.

    An environment that has nothing yet takes part in no comparison while another one has a version: the way from
    nothing to a first release is open once. If no declared environment has a version, those that are not declared any
    more stand in, so that a renamed file never switches the comparison off. Only a repository without any version gets
    the last declared environment, for a first release.
    """
    found: dict[str, str] = {}
    for item in (newest(name, declared) for name in declared):
        if item is not None and item.version is not None:
            found.pop(item.version.name, None)  # the last environment with a version speaks for it
            found[item.version.name] = item.environment
    return list(found.values()) or list(forgotten(declared)) or [list(declared)[-1]]


def forgotten(declared: Mapping[str, Environment]) -> dict[str, Version]:
    """Return the version of each environment that has one and is declared neither by its name nor as what one `was`."""
    known = {*declared, *(each.promotion.was for each in declared.values())}
    last = {item.environment: item.version for item in tags.assignments() if item.environment not in known}
    return {name: version for name, version in last.items() if version is not None}


def tell(declared: Mapping[str, Environment]) -> list[str]:
    """Name in a line each the environments that are no longer declared, and how to carry one over."""
    return [
        f"{name} has {version.name} and is not declared in deploy/ any more. If another one took its place, write "
        f"`was: {name}` under `promotion` in that one's file."
        for name, version in forgotten(declared).items()
    ]
