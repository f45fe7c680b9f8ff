"""What git holds of a project as it was fetched last, read once for all pages; nothing asks the network."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from pydantic import ValidationError

from mainline.declared import deploy_files
from mainline.monitoring import alarms, sharing
from mainline.monitoring.result import Alarm, Monitored
from mainline.registry import addresses, artifact, events, gate_reports, history, origin, packs, tags
from mainline.registry.events import Event
from mainline.registry.history import Given, History, Registered
from mainline.registry.tags import Version
from mainline.repository import subjects, tree
from mainline.repository.git import ask, blob, git

_TEXT = (".md",)
_PICTURES = (".png", ".svg")


@dataclass(frozen=True)
class Environment:
    """What is known of an environment; `given` is newest first, `events` oldest first.

    `alarms` are all that there ever were, closed ones too, in the order in which they opened.
    """

    name: str
    given: Sequence[Given] = ()
    events: Sequence[Event] = ()
    monitored: Monitored | None = None
    alarms: Sequence[Alarm] = ()

    @property
    def now(self) -> Given | None:
        """What it has now; None before its first version, and after it was taken back."""
        newest = self.given[0] if self.given else None
        return newest if newest and newest.version else None


@dataclass(frozen=True)
class Authored:
    """Who wrote a version's commit, and its subject."""

    author: str = ""
    subject: str = ""


@dataclass(frozen=True)
class Record:
    """All of it. `packs` names the content of each version's published evidence, `guides` each document's blob.

    `reports` has the blob of what the gate found by the digest of the package that it was asked about.
    """

    artifact: str
    address: str
    main: str
    history: History
    tagged: Mapping[str, Version]
    authored: Mapping[str, Authored]
    environments: Sequence[Environment]
    packs: Mapping[str, str] = field(default_factory=dict)
    reports: Mapping[str, str] = field(default_factory=dict)
    guides: Mapping[str, str] = field(default_factory=dict)
    pictures: Mapping[str, str] = field(default_factory=dict)

    @property
    def versions(self) -> list[Registered]:
        """The versions, newest first."""
        return self.history.versions

    @property
    def first(self) -> Environment | None:
        """The environment that matters most: production, or else the last by name."""
        return next((one for one in self.environments if one.name == history.DEFAULT), None) or next(
            iter(self.environments[::-1]), None
        )


def read() -> Record:
    """Read what git holds here.

    Raises:
        MainlineError: when this clone does not have what the registry is in.
    """
    found = history.read()
    tagged = {version.name: version for version in tags.read().versions}
    main = origin.commit(origin.main()) or origin.commit("HEAD")
    documents = _documents(main)
    return Record(
        artifact=artifact.name(),
        address=addresses.web(),
        main=main,
        history=found,
        tagged=tagged,
        authored=_authored([version.commit for version in tagged.values()]),
        environments=_environments(found, main),
        packs=_packs(),
        reports=gate_reports.listed(),
        guides={path: name for path, name in documents.items() if PurePosixPath(path).suffix in _TEXT},
        pictures={path: name for path, name in documents.items() if PurePosixPath(path).suffix in _PICTURES},
    )


def _environments(found: History, main: str) -> list[Environment]:
    """Return those that are declared on the default branch and those that ever had a version."""
    given = defaultdict(list)
    for item in found.assignments:
        given[item.environment].append(item)
    files = tree.entries(main, "deploy") if main else {}
    declared = {
        path.stem
        for path, entry in ((PurePosixPath(name), entry) for name, entry in files.items())
        if path.parent.name == "deploy" and path.suffix == ".yaml"
        if not deploy_files.is_preview(blob(entry.blob) or b"")
    }
    return [
        Environment(name, given[name], events.read(name).events, monitored(name), alarmed(name))
        for name in sorted(declared | given.keys())
    ]


def monitored(environment: str) -> Monitored | None:
    """Return the newest look at an environment that machines shared; None where none is there that can be read."""
    looks = []
    for content in _shared(environment, sharing.RESULT):
        try:
            looks.append(Monitored.model_validate_json(content))
        except ValidationError:
            continue
    return max(looks, key=lambda look: look.until, default=None)


def alarmed(environment: str) -> list[Alarm]:
    """Return every alarm of an environment that machines shared, closed ones included; the oldest first."""
    return alarms.fold(alarms.read(alarms.join(*_shared(environment, alarms.FILE))))


def _shared(environment: str, file: str) -> list[bytes]:
    """Return a file of monitoring's branch, here and as it was fetched last, as far as it is there."""
    branch = f"{origin.HEADS}{sharing.branch(environment)}"
    places = (branch, origin.tracking(origin.remote() or "origin", branch))
    return [*filter(None, (blob(f"{place}:{file}") for place in places))]


def _authored(commits: Sequence[str]) -> dict[str, Authored]:
    """Read author and subject of each commit, by one call of git."""
    if not commits:
        return {}
    asked = "".join(f"{one}\n" for one in commits)
    shown = git("log", "-z", "--no-walk=unsorted", "--stdin", "--format=%H%x00%an%x00%s%x00%b", given=asked)
    entries = zip(*[iter(shown.split("\0"))] * 4, strict=False)  # no text of a commit has a NUL
    return {commit: Authored(author, subjects.told(subject, body)) for commit, author, subject, body in entries}


def _packs() -> dict[str, str]:
    """Name the content of each version's published evidence, as it was fetched last."""
    place = ask("rev-parse", "--verify", "--quiet", packs.place())
    prefix = f"{artifact.name()}/"
    shown = ask("ls-tree", "-d", "-z", f"{place}:{prefix}") if place else ""
    lines = (line.partition("\t") for line in shown.split("\0") if line)
    return {name: about.split()[2] for about, _, name in lines}


def _documents(main: str) -> dict[str, str]:
    """Name the guides and their pictures at the tip of the default branch, each with its blob."""
    places = ("README.md", "engine/README.md", "engine/docs", "engine/CHANGELOG.md", "docs")
    found = tree.entries(main, *places) if main else {}
    return {path: entry.blob for path, entry in found.items() if entry.mode != "120000"}
