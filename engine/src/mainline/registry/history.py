"""What was released and what each environment had, from the tags alone.

Everything comes from one look at git's tags. What a tag does not say, because a person or GTO made it, is None.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mainline.declared import deploy_files
from mainline.errors import MainlineError, nearest
from mainline.model.metrics import is_better_if_higher
from mainline.registry import clone, tags
from mainline.registry.records import Release
from mainline.registry.tags import Assigned, Version

DEFAULT = "production"


class HistoryError(MainlineError):
    """The registry does not have what was asked for."""


@dataclass(frozen=True)
class Quality:
    """The primary metric of a version on its own test rows: the first that is recorded.

    `baseline` is the baseline's on the same rows. `change` is relative to the version that it replaced (-0.02 is 2 %
    better); a metric of which more is better changes by what it lacks to 1. `same_rows` says whether both were tested
    on the same rows, and None that it is not known.
    """

    metric: str
    value: float
    baseline: float | None
    change: float | None
    same_rows: bool | None


@dataclass(frozen=True)
class Registered:
    """A version as the history tells it; `when` is in seconds since 1970, `environments` have it now."""

    version: str
    commit: str
    when: int
    by: str | None
    digest: str | None
    quality: Quality | None
    bump: str | None
    reason: str | None
    replaced: str | None
    archived: bool
    environments: list[str]
    accepted: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Given:
    """An assignment as the history tells it; `when` is in seconds since 1970, `version` None where it was taken back.

    `until` is when the environment got the next one, None for what it has now.
    """

    environment: str
    number: int
    version: str | None
    when: int
    until: int | None
    by: str | None
    kind: str | None
    replaced: str | None
    main: str | None


@dataclass(frozen=True)
class History:
    """The registry's past, newest first, of one environment or of all; `skipped` says which tags do not count."""

    environment: str | None
    versions: list[Registered]
    assignments: list[Given]
    skipped: list[str] = field(default_factory=list)


def read(environment: str | None = None, repository: Path = Path(), line: str | None = None) -> History:
    """Tell what was released, and what the environment or each of them had.

    Args:
        environment: whose; of all without it.
        repository: where git is asked from.
        line: the artifact, such as one that `dvc.yaml` named before; the one that it declares now without it.

    Raises:
        HistoryError: when nobody ever spoke of such an environment or artifact; it names the nearest that is known.
        MainlineError: when this clone does not have what the registry is in.
    """
    registry = tags.read(repository, line)
    if line is None:
        clone.check(registry, repository)
    elif not registry.taken:
        known = nearest(line, tags.lines(repository))
        raise HistoryError(f"there are no versions of an artifact '{line[:60]}' here; {known}")
    found, given = registry.versions, registry.assignments
    if environment is not None:
        check_environment(environment, given, repository)
    told = _given(given)
    now = {item.environment: item.version for item in told if item.until is None}
    kept = [item for item in told if environment in (None, item.environment)]
    had = {item.version for item in kept}
    releases = {version.name: version.release for version in found}
    rows = [_registered(version, releases, now) for version in found if environment is None or version.name in had]
    return History(environment, rows, kept[::-1], registry.skipped)


def check_environment(environment: str, given: Iterable[Assigned], repository: Path = Path()) -> None:
    """Check an environment's name against those that were assigned or are declared in `deploy/`.

    Raises:
        HistoryError: naming the nearest.
    """
    declared = {file.stem for file in deploy_files.environment_files(repository / deploy_files.FOLDER)}
    known = {item.environment for item in given} | declared | {DEFAULT}
    if environment not in known:
        raise HistoryError(f"there is no environment '{environment[:60]}'; {nearest(environment, known)}")


def quality(release: Release | None, replaced: Release | None) -> Quality | None:
    """Compare a release with the one it replaced by the primary metric; None where its record has none, or null."""
    test = release.metrics.get("test", {}) if release else {}
    metric = next((name for name in test if name != "rows"), None)
    value = test.get(metric or "")
    if release is None or metric is None or value is None:
        return None
    baseline = release.metrics.get("baseline", {}).get(metric)
    before = replaced.metrics.get("test", {}).get(metric) if replaced else None
    higher = is_better_if_higher(metric)
    if replaced is None or before is None or before == (1 if higher else 0):
        return Quality(metric, value, baseline, None, None)
    same = release.window.get("test") == replaced.window.get("test")
    change = (1 - value) / (1 - before) if higher else value / before
    return Quality(metric, value, baseline, change - 1, same)


def _registered(version: Version, releases: Mapping[str, Release | None], now: Mapping[str, str | None]) -> Registered:
    release = version.release
    replaced = release.replaces if release else None
    return Registered(
        version.name, version.commit, version.when, version.by or None,
        digest=release.digest if release else None,
        quality=quality(release, releases.get(replaced or "")),
        bump=release.bump if release else None,
        reason=release.reason if release else None,
        replaced=replaced,
        archived=version.archived,
        environments=sorted(name for name, has in now.items() if has == version.name),
        accepted=[item.model_dump() for item in release.accepted] if release else [],
    )  # fmt: skip


def _given(given: Iterable[Assigned]) -> list[Given]:
    """Tell assignments oldest first. Within an environment the number counts, whatever clocks said."""
    by_environment: dict[str, list[Assigned]] = {}
    for item in given:
        by_environment.setdefault(item.environment, []).append(item)
    told: list[tuple[int, Given]] = []
    for items in by_environment.values():
        latest = 0
        for place, item in enumerate(items):
            latest = max(latest, item.when)
            told.append((latest, _tell(item, items[place - 1] if place else None, items[place + 1 : place + 2])))
    return [item for _, item in sorted(told, key=lambda pair: pair[0])]


def _tell(item: Assigned, before: Assigned | None, after: list[Assigned]) -> Given:
    record = item.record
    return Given(
        item.environment, item.number, item.version.name if item.version else None, item.when,
        until=after[0].when if after else None,
        by=(record.by if record else item.by) or None,
        kind=record.kind if record else None,
        replaced=before.version.name if before and before.version else None,
        main=record.main if record else None,
    )  # fmt: skip
