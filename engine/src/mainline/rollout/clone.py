"""A follower's own clone of the repository: made whole, brought up to date, and made anew if it is damaged."""

import os
import shutil
import tempfile
from pathlib import Path

from mainline.errors import MainlineError
from mainline.exchange.place import Place
from mainline.registry import origin, packs
from mainline.repository.git import GitAwayError, GitWriteError, ask, git

REMOTE = "origin"
"""The remote of the follower's own clone."""


class Clone:
    """The clone of the repository at `url` in a follower's folder."""

    def __init__(self, url: str, place: Place) -> None:
        self.url, self.place = url, place

    def fetch(self) -> str:
        """Bring the clone up to date; say why not, or ''."""
        try:
            try:
                self._update()
            except (GitAwayError, GitWriteError):  # the clone is as good as it was
                raise
            except MainlineError:  # a loss of power leaves locks and empty objects, which no other try mends
                origin.head(self.url, self.place.folder)
                self._make(anew=True)
                self._update()
        except GitWriteError as error:
            return str(error)
        except MainlineError as error:
            return f"git is away: {error}"
        return ""

    def enter(self) -> bool:
        """Make the clone the current folder; say whether there is one that git can use."""
        if not self._is_cloned():
            return False
        os.chdir(self.place.clone)
        return True

    def _update(self) -> None:
        self._make()
        os.chdir(self.place.clone)
        branch, _ = origin.head(REMOTE)
        if not branch:
            raise MainlineError("the repository has no default branch yet. Push one.")
        main = origin.tracking(REMOTE, branch)
        told = (f"{origin.HEADS}deployments/*", f"{origin.HEADS}{packs.BRANCHES}")
        self._take(f"+{branch}:{main}", *(f"+{name}:{origin.tracking(REMOTE, name)}" for name in told))
        git("symbolic-ref", f"refs/remotes/{REMOTE}/HEAD", main)
        git("checkout", "--quiet", "--force", "--detach", origin.commit(main))
        # --prune-tags would be ignored beside a refspec; as ones of their own, deleted tags are pruned.
        self._take(*(f"+{name}:{name}" for name in origin.tags()))  # main says how its tags are called

    def _take(self, *wanted: str) -> None:
        git("fetch", "--quiet", "--force", "--prune", "--no-tags", REMOTE, *wanted)

    def _is_cloned(self) -> bool:
        """Whether the clone is one that git can use; in a damaged one it would turn to a repository around it."""
        clone = self.place.clone
        return clone.is_dir() and ask("rev-parse", "--show-toplevel", at=clone) == str(clone.resolve())

    def _make(self, anew: bool = False) -> None:
        """Clone the repository where that is not done yet, or anew; the clone appears whole.

        Raises:
            MainlineError: when git does not give it.
        """
        clone = self.place.clone
        if anew or not self._is_cloned():
            self.place.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".clone-", dir=self.place.folder) as scratch:
                made = Path(scratch) / "clone"
                git("clone", "--quiet", "--no-checkout", "--no-tags", "--single-branch", self.url, str(made),
                    at=self.place.folder)  # fmt: skip
                git("config", "user.name", "mainline follower", at=made)
                git("config", "user.email", "follower@localhost", at=made)
                shutil.rmtree(clone, ignore_errors=True)
                made.rename(clone)
        if ask("config", f"remote.{REMOTE}.url", at=clone) != self.url:  # each look would write it anew
            git("remote", "set-url", REMOTE, self.url, at=clone)
