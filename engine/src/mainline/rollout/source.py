"""An environment's version and policy, read from git by a clone of its own; and its package, verified."""

import shutil
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from mainline.declared import deploy_files, environments
from mainline.declared.environments import Environment
from mainline.declared.package_places import Packages
from mainline.declared.rollout import Policy
from mainline.errors import MainlineError, UnknownError
from mainline.exchange.place import Place
from mainline.package import manifest, signing, statement
from mainline.package.signing import SignatureError
from mainline.package.soundness import is_sound
from mainline.registry import artifact, events, packs, tags
from mainline.registry.tags import Version
from mainline.release import backlog
from mainline.remote import packages
from mainline.repository.git import ask
from mainline.rollout import approvals, beginning, package_commands
from mainline.rollout.clone import Clone
from mainline.rollout.package_cache import PackageCache
from mainline.rollout.records import Beginning, Ref


@dataclass(frozen=True)
class Found:
    """The result of one look at git.

    `problem` is empty, or says what could not be read; the other fields hold what is known anyway.
    """

    at: float
    commit: str = ""
    wanted: Ref | None = None
    verified: bool = False
    policy: Policy | None = None
    signed: bool | None = None
    """Whether main asks for a signature; None if that is not known."""
    evidence: bool = False
    """Whether main asks for signed evidence, too."""
    approved: frozenset[tuple[str, str, int]] = frozenset()
    away: bool = False
    """Whether git gave no answer at this look; the rest is what it declared before."""
    problem: str = ""
    beginning: Beginning | None = None
    withdrawn: str = ""
    """Why git no longer lets a version come to serve, although it can be read."""
    model: str = ""
    """The name of the model on main."""
    assignment: int = 0
    """The number of the environment's newest assignment; 0 if that is not known."""
    places: Packages = field(default_factory=Packages)
    """Where main says that packages are, besides the store."""
    skipped: str = ""
    """Which tags do not count, and why; it stops nothing."""
    unreleased: str = ""
    """Which model of main no run gave to the environment; '' if it has that, waits as declared, or nobody can tell."""

    @property
    def said(self) -> str:
        """All that a person should know of this look; '' where all is well."""
        return "; ".join(filter(None, (self.problem, self.skipped)))


class Source:
    """The repository at `url` as one environment sees it. The current folder must be the clone."""

    def __init__(self, url: str, environment: str, place: Place) -> None:
        self.url, self.environment, self.place = url, environment, place
        self._clone = Clone(url, place)
        self._digests: dict[str, str] = {}
        self._checked: dict[Ref, tuple[bool, str, str]] = {}
        """The conditions of a check: whether a signature was required, by which keys, and the evidence that was."""

    def look(self) -> Found:
        """Fetch, and say what git declares; where git is away, what it declared at the last look."""
        problem = self._clone.fetch()
        return replace(self._read(problem), away=bool(problem))

    def recall(self) -> Found:
        """Return what git declared at the last look, without the network."""
        return self._read("")

    def bring(self, found: Found) -> Found:
        """Bring the wanted package here, verified; say so, or why not."""
        if found.wanted is None:
            return found
        if found.signed is None:
            return _with(found, "whether main asks for a signature cannot be read", verified=False)
        try:
            if found.evidence:
                version = found.wanted.version
                statement.verify(packs.read(version), (packs.subject(version), found.wanted.digest))
            self._bring(found.wanted, found.signed, found.evidence, found.places.cache)
        except SignatureError as error:
            self._checked.pop(found.wanted, None)
            return _with(found, str(error), verified=False, withdrawn=f"its signature is not trusted: {error}")
        except MainlineError as error:
            return _with(found, str(error), verified=False)
        return _with(found, "", verified=True)

    def begin(self, found: Found) -> Beginning | None:
        """Return what a follower that remembers nothing begins with; None if that is not known."""
        if found.wanted is None or not self._clone.enter():
            return None
        told = events.read(self.environment).events
        return beginning.begin(found.wanted, found.policy, tags.assignments(self.environment), told)

    def enter(self) -> bool:
        """Make the clone the current folder; say whether there is one that git can use."""
        return self._clone.enter()

    def _read(self, problem: str) -> Found:
        if not self._clone.enter():
            return Found(time.time(), problem=problem or "nothing was fetched yet")
        found = Found(time.time(), ask("rev-parse", "HEAD"), problem=problem)
        try:
            declared = self._declared()
            found = _with(found, "", policy=declared.rollout, signed=declared.requires_signature)
            found = replace(found, evidence=declared.requires_evidence, places=declared.packages)
        except MainlineError as error:
            found = _with(found, str(error))
        try:
            found = replace(found, model=artifact.name())
            registry = tags.read()
            found = _with(found, "", skipped="; ".join(registry.skipped), unreleased=self._unreleased())
            given = [item for item in registry.assignments if item.environment == self.environment]
            version = given[-1].version if given else None
            found = replace(found, assignment=given[-1].number if given else 0)
            if version is None:
                reason = f"git assigns no version to {self.environment}"
                return _with(found, f"{reason}; what serves stays", withdrawn=reason)
            if version.archived:
                reason = f"{version.name} is archived"
                return _with(found, f"{reason}; what serves stays. Assign another version.", withdrawn=reason)
            wanted = Ref(version.name, self._digest(version, found.signed))
            approved = approvals.read(self.environment)
            ready = self._is_ready(wanted, found.signed, found.evidence)
            return _with(found, "", wanted=wanted, approved=approved, verified=ready)
        except MainlineError as error:
            return _with(found, str(error))

    def _declared(self) -> Environment:
        """Return what main declares for the environment."""
        file = environments.FOLDER / f"{self.environment}.yaml"
        if not file.is_file():
            known = [one.stem for one in deploy_files.environment_files()]
            raise UnknownError(self.environment, "environment on main", known)
        return environments.load(file)

    def _unreleased(self) -> str:
        try:
            found = backlog.find(environments.load_all(), self.environment)
        except MainlineError:  # the run that releases says it; a fault of another environment is none of this one's
            return ""
        return found.told if found else ""

    def _digest(self, version: Version, required: bool | None) -> str:
        """Return the digest of a version: from its record, else from its package."""
        if version.release is not None:
            return version.release.digest
        key = f"{artifact.name()}@{version.name}"
        if key not in self._digests:
            with tempfile.TemporaryDirectory(prefix=".incoming-", dir=self.place.folder) as scratch:
                package = self._download(version.name, Path(scratch), required is not False)
                self._digests[key] = manifest.verify(package)["digest"]
        return self._digests[key]

    def _is_ready(self, wanted: Ref, required: bool | None, evidence: bool) -> bool:
        """Whether the package was checked as main asks now; with a policy that cannot be read, as it was then."""
        strict, keys, pack = self._checked.get(wanted, (False, None, ""))
        is_evident = not evidence or (pack != "" and pack == packs.named(wanted.version))
        is_trusted = keys == _keys() and (strict or not required) and is_evident
        return is_trusted and self.place.package(wanted.digest).is_dir()

    def _bring(self, wanted: Ref, required: bool, evidence: bool, cache: Path | None) -> None:
        target = self.place.package(wanted.digest)
        if not is_sound(target, wanted.digest):
            shutil.rmtree(target, ignore_errors=True)
            self.place.packages.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".incoming-", dir=self.place.folder) as scratch:
                package = self._obtain(wanted, Path(scratch), required, cache)
                packages.check_digest(wanted.version, manifest.verify(package)["digest"], wanted.digest)
                self._check(package, wanted)
                package.rename(target)
        else:
            self._trust(wanted, target, required)
        self._checked[wanted] = required, _keys(), packs.named(wanted.version) if evidence else ""

    def _trust(self, wanted: Ref, package: Path, required: bool) -> None:
        """Verify the signature of a package that is here already: main may ask for one, or revoke a key, later."""
        release = tags.find(wanted.version).release
        bundle = release.signature if release else None
        signing.check(package, bundle, required)

    def _obtain(self, wanted: Ref, scratch: Path, required: bool, cache: Path | None) -> Path:
        """Get a package from the cache of this machine, else fetch it; its signature is verified either way."""
        if cache is None:
            return self._download(wanted.version, scratch, required)
        package = scratch / "package"
        known = PackageCache(cache)
        if known.bring(wanted.digest, package, lambda: self._download(wanted.version, scratch, required)):
            self._trust(wanted, package, required)
        return package

    def _download(self, version: str, scratch: Path, required: bool) -> Path:
        """Fetch and verify a package in a process of its own, which can be ended where storage hangs."""
        package = scratch / "package"
        package_commands.fetch(version, package, self.environment, required)
        return package

    def _check(self, package: Path, wanted: Ref) -> None:
        package_commands.check(package, wanted.version, self.environment)


def _keys() -> str:
    """Name what main trusts by its content."""
    return ask("rev-parse", "--verify", "--quiet", f"HEAD:{signing.PUBLIC.as_posix()}")


def _with(found: Found, problem: str, **known: object) -> Found:
    """Add what is known, and keep the first problem."""
    return replace(found, **known, problem=found.problem or problem)  # type: ignore[arg-type]
