"""The registry's grammar, which is GTO's, and the tags that are there.

| tag | meaning |
|---|---|
| `model@v1.2.0` | version 1.2.0 was registered at the commit it stands at |
| `model@v1.2.0!` | it was archived: kept for audit, no longer assignable |
| `model#production#3` | production has the version of that commit; the highest number counts |
| `model#production!#4` | production has none any more |

`model` is the name that `dvc.yaml` gives the package under `artifacts` (see `artifact`). Tags of another name are
another line of versions, of which nothing here speaks.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from mainline.errors import MainlineError, UnknownError
from mainline.git import git
from mainline.registry import artifact
from mainline.registry.records import Assignment, RecordError, Release, read_assignment, read_release

ENVIRONMENT = r"[a-z][a-z0-9-]*"
NUMBER = r"(?:0|[1-9][0-9]{0,8})"
"""Written in one way, so that no two names mean the same."""
_VERSION = re.compile(rf"^@(v{NUMBER}\.{NUMBER}\.{NUMBER})(!?)$")
_ASSIGNED = re.compile(rf"^#({ENVIRONMENT})(!?)#({NUMBER})$")
"""What follows the artifact's name."""

_FIELDS = ("refname:strip=2", "objectname", "*objectname", "creatordate:unix", "taggername", "contents")


@dataclass(frozen=True)
class Version:
    """A registered version and the commit it was registered at; `when` is in seconds since 1970, `by` the tagger."""

    name: str
    commit: str
    when: int = field(default=0, compare=False)
    by: str = field(default="", compare=False)
    archived: bool = field(default=False, compare=False)
    message: str = field(default="", compare=False, repr=False)

    @property
    def order(self) -> tuple[int, ...]:
        """Its place among the versions."""
        return tuple(int(part) for part in self.name.removeprefix("v").split("."))

    @property
    def release(self) -> Release | None:
        """What was recorded at the release; None for a tag that somebody else made."""
        try:
            return read_release(self.message)
        except RecordError:
            return None


@dataclass(frozen=True)
class Assigned:
    """The `number`-th assignment of an environment; `version` is None where it was taken back."""

    environment: str
    number: int
    version: Version | None
    when: int
    by: str
    message: str = field(repr=False)

    @property
    def record(self) -> Assignment | None:
        """Why it was made; None for a tag that somebody else made."""
        try:
            return read_assignment(self.message)
        except RecordError:
            return None


def versions(repository: Path = Path()) -> list[Version]:
    """List the registered versions, newest first; archived ones are among them, marked."""
    found, archived = [], set()
    for tag in _tags(repository):
        matched = _VERSION.match(tag.meaning)
        if matched and matched[2]:
            archived.add(matched[1])
        elif matched:
            found.append((matched[1], tag))
    return sorted(
        (Version(name, tag.commit, tag.when, tag.by, name in archived, tag.message) for name, tag in found),
        key=lambda version: version.order,
        reverse=True,
    )


def find(name: str, repository: Path = Path()) -> Version:
    """Return a version by its name, such as v1.2.0.

    Raises:
        UnknownError: naming the nearest one.
    """
    known = {version.name: version for version in versions(repository)}
    if name not in known:
        raise UnknownError(name, "version", known)
    return known[name]


def assignments(environment: str | None = None, repository: Path = Path()) -> list[Assigned]:
    """List what an environment, or each of them, was given, oldest first.

    Raises:
        MainlineError: when an assignment stands at a commit without a version.
    """
    known = {version.commit: version for version in versions(repository)}
    found = []
    for tag in _tags(repository):
        matched = _ASSIGNED.match(tag.meaning)
        if matched is None or environment not in (None, matched[1]):
            continue
        if not matched[2] and tag.commit not in known:
            raise MainlineError(
                f"tag {tag.name} is at commit {tag.commit[:10]}, which no version was registered at. "
                "Fetch all tags (`git fetch --tags`), or remove the tag."
            )
        version = None if matched[2] else known[tag.commit]
        found.append(Assigned(matched[1], int(matched[3]), version, tag.when, tag.by, tag.message))
    return sorted(found, key=lambda item: (item.number, item.environment))


def assigned(environment: str, repository: Path = Path()) -> Version | None:
    """Return the version that an environment has, or None before its first release.

    Raises:
        MainlineError: as `assignments`.
    """
    found = assignments(environment, repository)
    return found[-1].version if found else None


@dataclass(frozen=True)
class _Tag:
    """A tag; `meaning` is what follows the artifact's name."""

    name: str
    meaning: str
    commit: str
    when: int
    by: str
    message: str


def _tags(repository: Path) -> list[_Tag]:
    """Read each tag of the registry with the commit it stands at, annotated or not."""
    template = "%00".join(f"%({name})" for name in _FIELDS) + "%00%01"
    line = artifact.name(repository)
    shown = git("for-each-ref", f"--format={template}", f"refs/tags/{line}[@#]*", at=repository)
    tags = []
    for entry in shown.split("\0\1\n"):
        if entry:
            name, own, peeled, when, by, message = entry.split("\0")
            tags.append(_Tag(name, name.removeprefix(line), peeled or own, int(when or 0), by, message))
    return tags
