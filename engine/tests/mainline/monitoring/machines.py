"""Several machines that monitor one environment: clones of an origin, with real git and a real store of DVC."""

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mainline.declared.monitoring import Keep
from mainline.monitoring import alarms, rollup, sharing
from mainline.monitoring.packages import Packaged
from mainline.monitoring.store import Store
from tests.mainline.monitoring import logs
from tests.mainline.monitoring.looks import look, version
from tests.project import AUTHOR, Project

Lines = list[dict[str, Any]]
BRANCH = "monitoring/production"
NOW = datetime(2026, 6, 1, tzinfo=UTC)
FAILS = look("2026-03-01", version(missing_values="fail"))


class Machine:
    """A clone with a store of its own, and a log of one file that its server wrote."""

    def __init__(self, folder: Path, packaged: Packaged) -> None:
        self.clone, self.store, self.packaged = Project(folder / "clone"), Store(folder / "store"), packaged
        self.log = folder / "log"
        self.keep = Keep()

    def roll(self, lines: Lines, writer: str) -> None:
        """Roll up a file of these lines."""
        logs.write(self.log, logs.encode(*lines), writer=writer)
        rollup.roll(self.log, self.store, {self.packaged.digest: self.packaged})

    def give(self, found: Any = FAILS) -> str:
        """Share what is here, and what this look found."""
        os.chdir(self.clone.path)
        lines = alarms.read(self.store.alarms())
        self.store.keep_alarms(alarms.write([*lines, *alarms.update(lines, found, 3)]))
        return sharing.give(self.store, "production", found, lambda *_: frozenset(), self.keep, NOW)

    def take(self) -> sharing.Taken:
        """Take what others shared."""
        os.chdir(self.clone.path)
        return sharing.take(self.store, "production", 31)

    @property
    def rows(self) -> int:
        """The rows that the store counts; each of them is here."""
        records = self.store.records().values()
        assert all((self.store.folder / rolled.columns).is_file() for record in records for rolled in record.days)
        return sum(record.rows for record in records)


class Machines:
    """A bare origin with one commit, which declares a store of DVC, and any number of clones."""

    def __init__(self, folder: Path, packaged: Packaged) -> None:
        self.folder, self.packaged = folder, packaged
        first = Project(folder / "first")
        first.path.mkdir(parents=True)
        first.run("git", "init", "--quiet", "--initial-branch=main")
        first.run("dvc", "init", "--quiet")
        first.run("dvc", "remote", "add", "--quiet", "--default", "storage", str(folder / "storage"))
        first.run("git", "add", "--all")
        first.run("git", *AUTHOR, "commit", "--quiet", "-m", "Start")
        self.origin = folder / "origin.git"
        first.run("git", "clone", "--quiet", "--bare", str(first.path), str(self.origin))

    def start(self, name: str) -> Machine:
        """Return another machine."""
        machine = Machine(self.folder / name, self.packaged)
        machine.clone.path.parent.mkdir()
        command = ["git", "clone", "--quiet", str(self.origin), str(machine.clone.path)]
        subprocess.run(command, check=True)
        for key, value in (("user.name", name), ("user.email", f"{name}@example.org")):
            machine.clone.run("git", "config", key, value)
        return machine

    def files(self) -> dict[str, str]:
        """Return every file of the branch."""
        names = self.git("ls-tree", "-r", "--name-only", BRANCH).splitlines()
        return {name: self.git("show", f"{BRANCH}:{name}") for name in names}

    def git(self, *arguments: str) -> str:
        """Ask the origin."""
        command = ["git", "-C", str(self.origin), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
