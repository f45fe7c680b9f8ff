"""What main has and the environments have not, although nothing holds it back: a merge that no run released."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from mainline.declared.environments import Environment
from mainline.registry import commits, tags
from mainline.release import delay, promotion
from mainline.release.candidate import Candidate
from mainline.repository import lock
from mainline.repository.git import ask
from mainline.text import few


@dataclass(frozen=True)
class Backlog:
    """A model of main that `./mainline promote` would give to environments now."""

    commit: str
    """The commit that brought it to main."""
    when: int
    """The time of that commit, in seconds since 1970."""
    version: str | None
    """Its name; None if it was never released."""
    environments: tuple[str, ...]
    skips: str
    """The words for which GitHub starts no run for the tip of main; '' without them."""

    @property
    def told(self) -> str:
        """What main has and who lacks it, as a sentence that goes on after the branch's name."""
        what = self.version or "a model that no run released"
        since = f"{datetime.fromtimestamp(self.when, UTC):%Y-%m-%d} ({self.commit[:10]})"
        return f"has had {what} since {since}, and {few(self.environments)} could take it and did not"


def find(declared: Mapping[str, Environment], environment: str | None = None) -> Backlog | None:
    """Return what no run released; None if the environments have main's model, or wait as declared.

    A repository without a version is not behind: nothing is in production that could differ from main.

    Args:
        declared: all environments.
        environment: the one that is asked about; all without it.

    Raises:
        MainlineError: when the registry or main's lock cannot be read.
    """
    tip = commits.tip()
    package = lock.package_at(tip) if tip else ""
    if not package or not tags.versions():
        return None
    version = promotion.known(package)
    asked = Candidate(tip, package)
    named = [name for name in declared if environment in (None, name)]
    lacking = tuple(name for name in named if not delay.reason(name, declared, asked, version))
    if not lacking:
        return None
    commit, _, when = ask("log", "-1", "--first-parent", "--format=%H %ct", tip, "--", str(lock.LOCK)).partition(" ")
    return Backlog(commit, int(when), version.name if version else None, lacking, promotion.skips(tip))
