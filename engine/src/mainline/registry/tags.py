"""The registry's grammar, which is GTO's, and the tags that are there.

| tag | meaning |
|---|---|
| `model@v1.2.0` | version 1.2.0 was registered at the commit it stands at |
| `model@v1.2.0!` | it was archived: kept for audit, no longer assignable |
| `model#production#3` | production has the version of that commit; the highest number counts |
| `model#production!#4` | production has none any more |

`model` is the name that `dvc.yaml` gives the package under `artifacts` (see `artifact`). Tags of another name are
another line of versions, of which nothing here speaks.

Whoever may push tags can make any of them, so a tag counts only at a commit that was merged: an ancestor of the default
branch. What does not count is skipped, and said in a line.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from mainline.declared.environments import NAME
from mainline.errors import MainlineError, UnknownError
from mainline.registry import artifact, git_tags, maker, origin
from mainline.registry.git_tags import Tag
from mainline.registry.records import Assignment, RecordError, Release, read_assignment, read_release
from mainline.repository.git import listed

NUMBER = r"(?:0|[1-9][0-9]{0,8})"
"""Written in one way, so that no two names mean the same."""
_VERSION = re.compile(rf"^@(v{NUMBER}\.{NUMBER}\.{NUMBER})(!?)$")
_ASSIGNED = re.compile(rf"^#({NAME})(!?)#({NUMBER})$")
"""What follows the artifact's name."""


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
        """The record of the release; None for a tag that somebody else made, or that was copied."""
        try:
            found = read_release(self.message)
        except RecordError:
            return None
        return found if found.version == self.name else None


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


@dataclass(frozen=True)
class Registry:
    """All that counts, and what does not.

    `versions` are newest first, `assignments` oldest first. `skipped` says in a line each which tags do not count, and
    why. `taken` are the names of tags that are there, whether they count or not, without the artifact's.
    """

    versions: list[Version]
    assignments: list[Assigned]
    skipped: list[str]
    taken: frozenset[str]
    foreign: Mapping[str, list[str]] = field(default_factory=dict)
    """Names of the tags that another repository made and that nobody took over, by that repository."""
    unmerged: Sequence[Version] = ()
    """Versions at commits that are not on main; they do not count."""


def read(repository: Path = Path(), line: str | None = None) -> Registry:
    """Read the registry that a repository has.

    Args:
        repository: where git is asked from.
        line: the artifact whose versions they are; the one that is declared now without it.

    Raises:
        MainlineError: when git has no answer, or nothing says which remote has the registry.
    """
    line = line or artifact.name(repository)
    found, skipped = git_tags.read(repository, line)
    taken = frozenset(tag.meaning for tag in found)
    foreign = _foreign(found, repository)
    strangers = {name for names in foreign.values() for name in names}
    found = [tag for tag in found if tag.name not in strangers]
    skipped += _tell_foreign(foreign, repository)
    main = origin.main(repository)
    merged = git_tags.merged(main, repository, line)
    unmerged = [tag for tag in found if tag.name not in merged]
    skipped += [f"tag {tag.name} is skipped: {tag.place} is not on {main}" for tag in unmerged]
    counted = [tag for tag in found if tag.name in merged]
    versions = _versions(counted)
    assignments, lost = _assignments(counted, versions)
    return Registry(versions, assignments, [*skipped, *lost], taken, foreign, _versions(unmerged))


def lines(repository: Path = Path()) -> list[str]:
    """Name the artifacts that have tags of versions here."""
    names = listed("for-each-ref", "--format=%(refname:strip=2)", "refs/tags", at=repository)
    return sorted(
        {name for name, mark, rest in (each.rpartition("@") for each in names) if _VERSION.match(mark + rest)}
    )


def versions(repository: Path = Path()) -> list[Version]:
    """List the registered versions, newest first; archived ones are among them, marked."""
    return read(repository).versions


def newest(count: int, repository: Path = Path()) -> list[Version]:
    """List the newest versions that may still be assigned; archived ones are not a measure for anything."""
    return [version for version in versions(repository) if not version.archived][:count]


def find(name: str, repository: Path = Path()) -> Version:
    """Return a version by its name, such as v1.2.0.

    Raises:
        UnknownError: naming the nearest one.
        MainlineError: when there is a tag of that name, and it does not count.
    """
    registry = read(repository)
    known = {version.name: version for version in registry.versions}
    if name not in known:
        about = [line for line in registry.skipped if line.startswith(f"tag {artifact.name(repository)}@{name} ")]
        if about:
            raise MainlineError(f"{about[0]}. A version is what was merged.")
        raise UnknownError(name, "version", known)
    return known[name]


def assignments(environment: str | None = None, repository: Path = Path()) -> list[Assigned]:
    """List what an environment, or each of them, was given, oldest first."""
    return [item for item in read(repository).assignments if environment in (None, item.environment)]


def assigned(environment: str, repository: Path = Path()) -> Version | None:
    """Return the version that an environment has, or None before its first release."""
    found = assignments(environment, repository)
    return found[-1].version if found else None


def next_number(environment: str, registry: Registry) -> int:
    """Return the number of an environment's next assignment: one that no tag has, whether it counts or not."""
    matched = (_ASSIGNED.fullmatch(name) for name in registry.taken)
    return max((int(found[3]) for found in matched if found and found[1] == environment), default=0) + 1


def _foreign(tags: Iterable[Tag], repository: Path) -> dict[str, list[str]]:
    """Name the tags of other repositories, by the repository; a tag that archives belongs to its version's."""
    here = maker.name(repository)
    ours = {None, here, *(maker.adopted(repository) if here else ())}
    found: dict[str, list[str]] = {}
    if here:
        made = {tag.name: maker.of_message(tag.message) for tag in tags}
        for name in made:
            by = made[name] or made.get(name.removesuffix("!"))
            if by not in ours and by is not None:
                found.setdefault(by, []).append(name)
    return found


def _tell_foreign(foreign: Mapping[str, list[str]], repository: Path) -> list[str]:
    """Say in a line whose tags do not count here, and what to do about them."""
    if not foreign:
        return []
    count, here = sum(map(len, foreign.values())), maker.name(repository)
    made = f"{count} tags of the registry were made by {', '.join(foreign)} and do not count in {here}"
    if here in maker.adopted(repository):
        line = (
            f"{made}, which {maker.FILE} has as an old name of this repository. Give the clone its new address "
            f"(`git remote set-url {origin.remote(repository)} URL`); start a follower again with that."
        )
        return [line]
    line = (
        f"{made}. Is this a fork? `./mainline registry --remove` removes them. Was the repository renamed, or are its "
        "versions yours too? `./mainline registry --adopt` takes them over."
    )
    return [line]


def _versions(tags: Iterable[Tag]) -> list[Version]:
    matched = [(found, tag) for tag in tags if (found := _VERSION.fullmatch(tag.meaning))]
    archived = {(found[1], tag.commit) for found, tag in matched if found[2]}
    return sorted(
        (
            Version(found[1], tag.commit, tag.when, tag.by, (found[1], tag.commit) in archived, tag.message)
            for found, tag in matched if not found[2]
        ),
        key=lambda version: version.order,
        reverse=True,
    )  # fmt: skip


def _assignments(tags: Iterable[Tag], versions: Iterable[Version]) -> tuple[list[Assigned], list[str]]:
    """Lay each assignment to a version at its commit; say of which ones there is none."""
    at: dict[str, list[Version]] = {}
    for version in versions:
        at.setdefault(version.commit, []).append(version)
    found, lost = [], []
    for tag in tags:
        matched = _ASSIGNED.fullmatch(tag.meaning)
        if matched is None:
            continue
        item = Assigned(matched[1], int(matched[3]), None, tag.when, tag.by, tag.message)
        if matched[2]:
            found.append(item)
        elif tag.commit in at:
            found.append(replace(item, version=_meant(at[tag.commit], item)))
        else:
            lost.append(
                f"tag {tag.name} is skipped: it is at commit {tag.commit[:10]}, which no version was registered at"
            )
    return sorted(found, key=lambda item: (item.number, item.environment)), lost


def _meant(versions: list[Version], item: Assigned) -> Version:
    """Return the one of a commit's versions, newest first, that an assignment speaks of."""
    said = item.record.version if item.record else ""
    return next((version for version in versions if version.name == said), versions[0])
