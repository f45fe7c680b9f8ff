"""The environments that `deploy/*.yaml` declares, and the way from one to the next: the one reader of these files."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import Field

from mainline.declared import deploy_files, reading, rollout
from mainline.declared.cluster import Cluster
from mainline.declared.destinations import Destination
from mainline.declared.monitoring import Monitoring
from mainline.declared.package_places import Packages
from mainline.declared.promotion import Promotion
from mainline.declared.reading import Section
from mainline.declared.replay import Replay
from mainline.declared.service import Settings
from mainline.declared.streams import Stream
from mainline.errors import ParamsError, UnknownError, nearest

FOLDER = deploy_files.FOLDER
NAME = r"[a-z][a-z0-9-]*"
"""How an environment may be called."""


class _File(Section):
    """A file as it is written."""

    promotion: Promotion
    service: Settings = Settings()
    rollout: dict[str, Any] = Field(default_factory=dict)
    monitoring: Monitoring = Monitoring()
    replay: Replay = Replay()
    cluster: Cluster = Cluster()
    packages: Packages = Packages()
    stream: Stream | None = None
    destinations: list[Destination] = Field(default_factory=list, max_length=20)


@dataclass(frozen=True)
class Environment:
    """One file of `deploy/`: when an environment takes a version, how it serves and is monitored, where files go."""

    promotion: Promotion
    service: Settings
    rollout: rollout.Policy
    monitoring: Monitoring
    destinations: list[Destination] = field(default_factory=list)
    replay: Replay = field(default_factory=Replay)
    cluster: Cluster = field(default_factory=Cluster)
    packages: Packages = field(default_factory=Packages)
    stream: Stream | None = None

    @property
    def requires_signature(self) -> bool:
        """Whether only signed packages are taken."""
        return self.promotion.signature != "optional"

    @property
    def requires_evidence(self) -> bool:
        """Whether only versions with signed evidence are taken."""
        return self.promotion.signature == "evidence"


def load(file: Path) -> Environment:
    """Read an environment's file, every section of it checked.

    Raises:
        ParamsError: on the first thing wrong, naming its place, what is allowed and the nearest known key.
    """
    return _check(_sections(reading.read(file), file), file)


def parse(text: str, file: Path) -> Environment:
    """Check what an environment's file holds, such as that of another commit; errors name `file`.

    Raises:
        ParamsError: as `load`.
    """
    return _check(_sections(reading.parse(text, "", reading.name(file)), file), file)


def load_server(file: Path) -> Environment:
    """Read what a server is started with: such a file has a service, and may say nothing of promotion.

    Raises:
        ParamsError: as `load`, and if there is no section `service`.
    """
    raw = _sections(reading.read(file), file)
    usual = {"after": None, "approval": "automatic", "signature": "optional"}
    found = _check({"promotion": usual, **raw}, file)
    if "service" not in raw:
        remedy = "add it; {} takes every default, and the shipped deploy/production.yaml shows each key"
        raise ParamsError("service", "is missing", remedy, reading.name(file))
    return found


def load_all(folder: Path = FOLDER) -> dict[str, Environment]:
    """Read every environment, in the order in which a version reaches them.

    Raises:
        ParamsError: when there is none, one is wrong, or the way between them is.
    """
    found = {file.stem: load(file) for file in deploy_files.environment_files(folder)}
    if not found:
        raise ParamsError("folder", "declares no environment", "write deploy/production.yaml", f"{folder}/")
    for name, environment in found.items():
        after = environment.promotion.after
        if not re.fullmatch(NAME, name):
            raise ParamsError("name", f"is '{name}'", "use a-z, 0-9 and -", f"{folder}/{name}.yaml")
        if after is not None and after not in found:
            known = nearest(after, found)
            raise ParamsError(
                "promotion.after", f"'{after}' is not a known environment", known, f"{folder}/{name}.yaml"
            )
        if after is None and environment.promotion.tests:
            said = "is declared, but nothing says in which environment that is shown"
            place = f"promotion.{environment.promotion.tests[0]}"
            raise ParamsError(place, said, "name it under promotion.after", f"{folder}/{name}.yaml")
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


def _sections(raw: Any, file: Path) -> dict[str, Any]:
    """Return the sections of a file as read from YAML; one that is named and left empty means its defaults."""
    if not isinstance(raw, dict):
        sections = ", ".join(_File.model_fields)
        raise ParamsError("", "is not a mapping", f"it holds the sections {sections}", reading.name(file))
    if deploy_files.PREVIEW in raw:
        remedy = "name another file; `./mainline preview` serves what it declares (engine/docs/previews.md)"
        raise ParamsError(
            deploy_files.PREVIEW, "makes this a file of previews, not an environment", remedy, reading.name(file)
        )
    empty: Mapping[str, Any] = {"destinations": [], "stream": None}
    return {name: empty.get(name, {}) if section is None else section for name, section in raw.items()}


def _check(raw: dict[str, Any], file: Path) -> Environment:
    name = reading.name(file)
    checked = reading.check_section(_File, raw, "", name)
    policy = rollout.read(checked.rollout, name)
    if policy.declared.analysis.outcome and checked.service.log.directory is None:
        said = "is null, but rollout.analysis.outcome looks up in the prediction log which version answered"
        raise ParamsError("service.log.directory", said, "name a directory, such as logs/predictions", name)
    if policy.declared.analysis.outcome and not policy.declared.analysis.outcome.metric and checked.service.workers > 1:
        said = "is more than 1, but rollout.analysis.outcome counts what clients send, which one process keeps"
        raise ParamsError("service.workers", said, "declare 1, or a metric, by which labels are read", name)
    return Environment(
        checked.promotion, checked.service, policy, checked.monitoring, checked.destinations, checked.replay,
        checked.cluster, checked.packages, checked.stream,
    )  # fmt: skip


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
