"""Evidence that commits hold: which commit changed a file last, and whether that is young enough to count."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mainline.declared.score import Scoring
from mainline.registry.origin import is_shallow
from mainline.repository.git import ask
from mainline.score.rubric import LackError, Origin, Step
from mainline.seconds import DAY


@dataclass(frozen=True)
class History:
    """The commits up to `revision`, as of `now`, in seconds since 1970."""

    environment: str
    now: int
    declared: Scoring

    @property
    def revision(self) -> str:
        """The commit whose files are looked at."""
        return "HEAD"

    def committed(self, path: Path, *beside: Path) -> Origin:
        """Return the last commit that changed a file, or one beside it; it must hold them as they are here."""
        paths = [str(path), *map(str, beside)]
        if self._is_shallow:
            raise LackError("this clone is shallow, so no date is known", Step(0, "`git fetch --unshallow`"))
        if self.is_edited(*paths):
            raise LackError(f"{path} is not committed as it is here", Step(0, f"commit {path}"))
        return self.fresh(self.of_commit(str(path), self.last_commit(*paths)))

    def is_edited(self, *paths: str) -> bool:
        """Whether files are others here than in the commit."""
        return bool(ask("status", "--porcelain", "--", *paths))

    def last_commit(self, *paths: str) -> str:
        """Return the last commit that changed one of some files; '' if there is none."""
        return ask("log", "-1", "--format=%H", self.revision, "--", *paths)

    def of_commit(self, source: str, commit: str) -> Origin:
        """Return evidence of a commit, which this branch must have."""
        if commit not in self._dates:
            is_ours = commit and ask("rev-list", "-1", commit) == ask("merge-base", commit, self.revision) != ""
            self._dates[commit] = int(ask("show", "--no-patch", "--format=%ct", commit)) if is_ours else None
        when = self._dates[commit]
        if when is None:
            raise LackError(f"{source} is of no commit of this branch", Step(0, "commit, and run it again"))
        return Origin(source, commit, when)

    def fresh(self, origin: Origin, step: Step | None = None) -> Origin:
        """Return evidence that is young enough."""
        age, allowed = (self.now - origin.when) // DAY, self.declared.evidence_days
        if age > allowed:
            raise LackError(f"{origin.source} is {age} days old; {allowed} count", step or Step(1, "run it again"))
        return origin

    @cached_property
    def _is_shallow(self) -> bool:
        return is_shallow()

    @cached_property
    def _dates(self) -> dict[str, int | None]:
        """When commits of this branch were made; None of others."""
        return {}
