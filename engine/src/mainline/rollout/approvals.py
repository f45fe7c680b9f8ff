"""A person's word that a rollout may go on: a tag, so that every follower reads it and everybody sees who and when.

`approval/production/v1.2.0/4f0c21d8a9b3/3`: version 1.2.0, in production, under the policy of that hash, may pass
step 3.
"""

import re
from dataclasses import dataclass

from mainline.declared import environments
from mainline.errors import MainlineError
from mainline.registry import publication, tags
from mainline.registry.publication import Tag
from mainline.registry.tags import NUMBER as N
from mainline.repository.git import listed

_NAME = re.compile(rf"^approval/([a-z][a-z0-9-]*)/(v{N}\.{N}\.{N})/([0-9a-f]{{12}})/({N})$")
Approval = tuple[str, str, int]
"""Version, hash of the policy, and the step's place, from 0."""


def read(environment: str) -> frozenset[Approval]:
    """Return what was approved for an environment."""
    shown = listed("for-each-ref", "--format=%(refname:strip=2)", f"refs/tags/approval/{environment}/")
    matched = filter(None, map(_NAME.match, shown))
    return frozenset((found[2], found[3], int(found[4]) - 1) for found in matched if found[1] == environment)


@dataclass(frozen=True)
class Granted:
    """One approval: which step, from 1, of the policy of which hash, by whom, and when, in seconds since 1970."""

    step: int
    policy: str
    by: str
    when: int


def granted(environment: str, version: str) -> tuple[Granted, ...]:
    """Return who approved what of a version's rollout in an environment, by step; '' where a tag names nobody."""
    form = "--format=%(refname:strip=2)%00%(taggername)%00%(taggerdate:unix)"
    shown = listed("for-each-ref", form, f"refs/tags/approval/{environment}/{version}/")
    rows = (line.split("\0") for line in shown)
    matched = ((_NAME.match(name), by, when) for name, by, when in rows)
    made = [Granted(int(found[4]), found[3], by, int(when or 0)) for found, by, when in matched if found]
    return tuple(sorted(made, key=lambda one: (one.when, one.step)))


def approve(version: str, environment: str, step: int | None) -> str:
    """Let a version's rollout pass an approval step of the policy here.

    Raises:
        MainlineError: when there is no such version or step, or several and none was named.
    """
    publication.fetch()
    found = tags.find(version)
    declared = environments.choose(environment, environments.load_all()).rollout
    places = [place for place, one in enumerate(declared.steps, 1) if one.kind == "approval"]
    if not places:
        raise MainlineError(f"the policy of {environment} has no approval step; nothing waits for you.")
    chosen = places[0] if step is None and len(places) == 1 else step
    if chosen not in places:
        waits = f"{', '.join(map(str, places))}{'' if step is None else f', not at {step}'}"
        raise MainlineError(f"the policy of {environment} waits at steps {waits}; name one of them (--step).")
    name = f"approval/{environment}/{version}/{declared.hash}/{chosen}"
    publication.publish([Tag(name, found.commit, f"{version} may pass step {chosen} in {environment}.\n")])
    return f"{version} may pass step {chosen} in {environment}: tag {name}."
