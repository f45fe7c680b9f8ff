"""Which versions there are and which one an environment has: read from git tags, in GTO's grammar.

`model@v1.2.0` names a version; `model#production#3` assigns the version at its commit to an environment, the highest
number counts; `model#production!#4` takes the assignment back; `model@deprecated` and older kinds are ignored.
"""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from mainline.errors import MainlineError

ARTIFACT = "model"
_VERSION = re.compile(rf"^{ARTIFACT}@(v\d+\.\d+\.\d+)$")
_ASSIGNED = re.compile(rf"^{ARTIFACT}#(?P<stage>[a-z][a-z0-9-]*)(?P<undo>!?)#(?P<number>\d+)$")


@dataclass(frozen=True)
class Version:
    """A registered version and the commit it was registered at."""

    name: str
    commit: str

    @property
    def order(self) -> tuple[int, ...]:
        """Its place among the versions."""
        return tuple(int(part) for part in self.name.removeprefix("v").split("."))


def versions(repository: Path = Path()) -> list[Version]:
    """List the registered versions, newest first."""
    found = [
        Version(matched[1], commit) for tag, commit in _tags(repository).items() if (matched := _VERSION.match(tag))
    ]
    return sorted(found, key=lambda version: version.order, reverse=True)


def assigned(environment: str, repository: Path = Path()) -> Version | None:
    """Return the version that an environment has, or None before its first release.

    Raises:
        MainlineError: when an assignment stands at a commit without a version.
    """
    tags = _tags(repository)
    newest: tuple[int, bool, str] | None = None
    for tag, commit in tags.items():
        matched = _ASSIGNED.match(tag)
        if matched and matched["stage"] == environment:
            newest = max(newest or (0, False, ""), (int(matched["number"]), bool(matched["undo"]), commit))
    if newest is None or newest[1]:
        return None
    for version in versions(repository):
        if version.commit == newest[2]:
            return version
    raise MainlineError(
        f"tag {ARTIFACT}#{environment}#{newest[0]} is at commit {newest[2][:10]}, which no version was registered at. "
        "Fetch all tags (`git fetch --tags`), or remove the tag."
    )


def _tags(repository: Path) -> dict[str, str]:
    """Map each tag to the commit it stands at, annotated or not."""
    shown = subprocess.run(
        ["git", "for-each-ref", "--format=%(refname:strip=2) %(objectname) %(*objectname)", "refs/tags"],  # noqa: S607
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    if shown.returncode != 0:
        raise MainlineError(f"the registry is git, and git says: {shown.stderr.strip()}")
    tags = {}
    for line in shown.stdout.splitlines():
        name, own, *peeled = line.split()
        tags[name] = peeled[0] if peeled else own
    return tags
