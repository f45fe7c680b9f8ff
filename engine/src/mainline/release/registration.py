"""Register a version: the gate decides, the meaning of the change gives the number, the tag keeps the evidence."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mainline import digits, progress
from mainline.declared.environments import Environment
from mainline.errors import MainlineError
from mainline.gate.findings import Findings
from mainline.package import manifest, signing
from mainline.periods import told
from mainline.registry import artifact, maker, records, reference, tags
from mainline.registry.publication import Tag
from mainline.registry.records import Accepted, Bump, Release
from mainline.registry.tags import Version
from mainline.release import candidate, numbering
from mainline.release.candidate import Candidate
from mainline.remote import packages
from mainline.repository import lock
from mainline.text import clean


def register(found: Candidate, declared: Mapping[str, Environment]) -> tuple[Version, Tag]:
    """Compose the version that a commit's package becomes, and its tag; nothing is written yet.

    Args:
        found: the commit of main.
        declared: the environments; it is compared with every version that one of them has.

    Raises:
        MainlineError: when the gate does not let it pass, or the package is not at hand.
    """
    from mainline.gate import examination  # judging takes libraries that no other command on versions waits for

    described = candidate.read_manifest()
    compared = reference.environments(declared)
    accepted: dict[str, Accepted] = {}
    for environment in compared:
        judged = examination.examine(environment)
        progress.say(clean(judged.headline))
        accepted |= {item.check: Accepted(**item.model_dump()) for item in judged.accepted}
        if judged.candidate.digest != described["digest"]:
            raise MainlineError("the package changed while the gate looked at it. Run this again.")
    current = tags.assigned(compared[-1])
    part, reason = _meaning(current, described, found, judged)
    release = _release(described, judged, current, part, reason, list(accepted.values()))
    tag = Tag(f"{artifact.name()}@{release.version}", found.commit, records.write(_lines(release), release))
    return Version(release.version, found.commit, message=tag.message), tag


def _meaning(
    current: Version | None, described: Mapping[str, Any], found: Candidate, judged: Findings
) -> tuple[Bump, str]:
    if current is None:
        return "first", "the first release"
    if judged.production is None:  # accepted by a person, or the gate would have stopped it
        return "major", f"the package of {current.name} is not to be had, so old clients may break"
    with tempfile.TemporaryDirectory(prefix="mainline-promote-") as scratch:
        before = manifest.verify(packages.fetch(current, Path(scratch)))
    return numbering.meaning(before, described, current.commit, found.commit)


def _release(
    described: Mapping[str, Any],
    judged: Findings,
    current: Version | None,
    part: Bump,
    reason: str,
    accepted: list[Accepted],
) -> Release:
    key = signing.private_key()
    return Release(
        version=_name(part),
        digest=described["digest"],
        replaces=current.name if current else None,
        bump=part,
        reason=reason[:600],
        verdict="warn" if judged.verdict == "warn" else "pass",
        headline=judged.headline,
        metrics=candidate.measured(),
        window=described["window"],
        runs=candidate.ran(),
        signature=signing.sign(Path(lock.PACKAGE), key) if key else None,
        accepted=accepted,
        registry=maker.name(),
    )


def _name(part: Bump) -> str:
    """Return the version that comes after the newest one, past names that tags have which do not count."""
    registry = tags.read()
    moved: Bump = "minor" if part == "first" else part
    name = numbering.bump(registry.versions[0].name, moved) if registry.versions else numbering.FIRST
    while f"@{name}" in registry.taken:
        name = numbering.bump(name, moved)
    return name


def _lines(release: Release) -> list[str]:
    """The tag's summary for people, as `git show` or `git tag -n` prints it."""
    test, window = release.metrics.get("test", {}), release.window
    name = next(iter(name for name in test if name != "rows"), "")
    value = test.get(name)
    quality = "" if value is None else f": {name} {digits.four(value)} on {told(window['test'])}"
    replaced = f" replaces {release.replaces}" if release.replaces else ""
    return [
        f"{artifact.name()} {release.version}{quality}",
        "",
        f"digest   {release.digest}",
        f"change   {release.bump}{replaced}: {release.reason}",
        f"trained  {told(window['train'])}",
        f"gate     {release.verdict}: {release.headline}",
        *(f"accepted {item.by}: {item.check} ({item.verdict}): {item.reason}" for item in release.accepted),
        f"signed   {'yes' if release.signature else 'no'}",
    ]
