"""The folder that server and follower share: one of each works in it, and every file in it is replaced whole.

| file | holds | written by |
|---|---|---|
| `state.json` | the rollout's state, before it is acted on | follower |
| `routing.json` | who answers how many of the requests | follower |
| `served.json` | which routes are live, and what was counted | server |
| `status.json` | what people and the server's page are shown | follower |
| `together.json` | with `rollout.together`: what was counted when the server took its routes | follower |
| `outcomes.json` | what came of an experiment's answers, counted by version | server |
| `labelled.json` | the same from labels, where the policy says so | monitor |
| `outcomes/` | the outcomes that clients sent one by one, a file of JSON lines for each experiment | server |
| `workers/` | the like of each worker, if several serve; only of experiments that labels decide | server |
| `look` | when somebody last asked for a look at git | server |
| `monitoring/report/` | what the server's page `/monitor` shows | monitor |
| `requests.zip` | an excerpt of the requests, as a release carries it | released |
| `packages/` | verified packages by digest, each put there by a rename | follower |
| `clone/` | a clone of the repository | follower |
"""

import fcntl
import os
import platform
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Literal

from mainline.errors import MainlineError

FOLDER = Path(".mainline")
"""Where a follower works if no folder is named: in one for each environment."""
Owner = Literal["follower", "server"]
_HALF_MADE = (
    ".clone-*",
    ".incoming-*",
    ".fetch-*",
    ".state.json.partial",
    ".routing.json.partial",
    ".status.json.partial",
)


class StateError(MainlineError):
    """The folder, or what a follower kept in it, cannot be used."""


def folder(environment: str, named: Path | None) -> Path:
    """Return the folder that a follower of an environment works in."""
    return named or FOLDER / environment


@dataclass(frozen=True)
class Place:
    """The folder."""

    folder: Path

    @property
    def state(self) -> Path:
        """The rollout's state."""
        return self.folder / "state.json"

    @property
    def routing(self) -> Path:
        """What the server follows."""
        return self.folder / "routing.json"

    @property
    def served(self) -> Path:
        """What the server says."""
        return self.folder / "served.json"

    @property
    def together(self) -> Path:
        """What the follower counts for the rollout of all servers."""
        return self.folder / "together.json"

    @property
    def status(self) -> Path:
        """What people are shown."""
        return self.folder / "status.json"

    @property
    def outcomes(self) -> Path:
        """What the server counted of an experiment's outcomes."""
        return self.folder / "outcomes.json"

    @property
    def labelled(self) -> Path:
        """What monitoring counted of an experiment's outcomes, from labels."""
        return self.folder / "labelled.json"

    @property
    def mark(self) -> str:
        """What tells this folder from those of other servers whose rows come together in one store."""
        return blake2b(f"{platform.node()}:{self.folder.absolute()}".encode(), digest_size=4).hexdigest()

    @property
    def outcome_log(self) -> Path:
        """The outcomes of each experiment, one by one."""
        return self.folder / "outcomes"

    @property
    def look(self) -> Path:
        """What the server touches if a webhook asks for a look at git."""
        return self.folder / "look"

    @property
    def monitoring(self) -> Path:
        """What monitoring rolled up."""
        return self.folder / "monitoring"

    @property
    def report(self) -> Path:
        """The last report of monitoring, where no other folder is declared."""
        return self.monitoring / "report"

    @property
    def requests(self) -> Path:
        """An excerpt of the requests that production had, from a release."""
        return self.folder / "requests.zip"

    @property
    def packages(self) -> Path:
        """Verified packages by digest."""
        return self.folder / "packages"

    @property
    def clone(self) -> Path:
        """The clone of the repository."""
        return self.folder / "clone"

    def package(self, digest: str) -> Path:
        """Where a verified package is, or would be."""
        return self.packages / digest

    def make(self) -> None:
        """Make the folder where it is not there yet.

        Raises:
            StateError: when nothing can be written in it.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / "lock").touch()
        except OSError as error:
            raise StateError(
                f"cannot work in {self.folder} ({error.strerror}). Name another folder (--state)."
            ) from error

    @contextmanager
    def owned(self, by: Owner = "follower") -> Iterator[Callable[[], bool]]:
        """Keep other followers, or other servers, out until the end of this process, however it ends.

        Yields a function that says whether they still are out: not if the lock's file was removed, since the next one
        makes another.

        Raises:
            StateError: when another one is at work here, or nothing can be written.
        """
        self.make()
        lock = self.folder / ("lock" if by == "follower" else f"{by}.lock")
        with lock.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise StateError(f"another {by} works in {self.folder}. End it, or name another folder.") from error
            yield lambda: lock.exists() and os.path.samestat(os.fstat(file.fileno()), lock.stat())

    def sweep(self) -> None:
        """Remove what a follower that was killed left half-made; the folder must be this process's own."""
        for left in (found for pattern in _HALF_MADE for found in self.folder.glob(pattern)):
            shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()
