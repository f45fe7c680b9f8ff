"""A copy of the last commit with all that it made, in a folder of its own: an origin, a store, one environment."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import yaml

from mainline import children, files, processes
from mainline.declared import environments
from mainline.errors import MainlineError
from mainline.package import manifest
from mainline.rehearsal import short_policy
from mainline.remote.stores import open_cache
from mainline.repository import lock
from mainline.repository.git import git

BRANCH = "main"
LIMIT = 3600.0
"""Seconds that one command may take."""
SETTINGS = {
    "user.name": "Rehearsal", "user.email": "rehearsal@localhost", "core.hooksPath": os.devnull,
    "commit.gpgSign": "false", "tag.gpgSign": "false",
}  # fmt: skip
"""What git is told in the copy: no hook runs and no key is asked for, whatever a person has declared for their own."""


class RehearsalError(MainlineError):
    """A part of the rehearsal did not do what it should."""


@dataclass(frozen=True)
class Fork:
    """The copy in `folder`, in which only the environment called `environment` is declared."""

    folder: Path
    environment: str

    @property
    def path(self) -> Path:
        """The clone."""
        return self.folder / "fork"

    @property
    def origin(self) -> Path:
        """The bare repository that it pushes to, and that the server follows."""
        return self.folder / "origin.git"

    @property
    def variables(self) -> dict[str, str]:
        """What a command sees: nothing of an account, and the clone's own code."""
        own = {"PYTHONPATH": children.search_path(self.path), "DVC_SITE_CACHE_DIR": str(self.folder / "site")}
        return children.without_secrets() | own

    def run(self, *words: str, ends: Sequence[int] = (0,), also: Mapping[str, str] = MappingProxyType({})) -> str:
        """Run a command of Mainline in the clone, and return what it says.

        Args:
            words: the command and its arguments.
            ends: the exit statuses that are well.
            also: environment variables that it sees besides.

        Raises:
            RehearsalError: with its last line, if it fails.
        """
        return self._run(children.command("mainline", *words), f"./mainline {' '.join(words)}", ends, also)

    def dvc(self, *words: str) -> str:
        """Run DVC in the clone, likewise."""
        return self._run(children.command("dvc", *words), f"dvc {words[0]}")

    def git(self, *words: str) -> str:
        """Run git in the clone, likewise."""
        return self._run(["git", *words], f"git {words[0]}")

    def _run(
        self, command: list[str], name: str, ends: Sequence[int] = (0,), also: Mapping[str, str] = MappingProxyType({})
    ) -> str:
        variables = {**self.variables, **also}
        ran = processes.run(command, LIMIT, cwd=self.path, env=variables, text=True, errors="replace")
        if ran.returncode not in ends:
            lines = [line.strip() for line in (ran.stdout + ran.stderr).splitlines() if line.strip()]
            raise RehearsalError(
                f"`{name}` failed in the copy of the last commit: {lines[-1] if lines else 'silently'}"
            )
        return str(ran.stdout)

    @property
    def digest(self) -> str:
        """The digest of the package that lies there."""
        return str(json.loads((self.path / lock.PACKAGE / manifest.NAME).read_bytes())["digest"])

    def commit(self, message: str) -> None:
        """Commit everything."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)

    def release(self) -> str:
        """Push what is committed, promote it, and return the version that the environment has then."""
        self.git("push", "--quiet", "origin", f"HEAD:{BRANCH}")
        self.run("promote")
        name = self.git("tag", "--list", "--sort=-version:refname", "*@v*").split()[0]
        return name.rpartition("@")[2]


def make(folder: Path, environment: str) -> Fork:
    """Copy the last commit, with its data, model and package, into an empty folder.

    Raises:
        RehearsalError: when something that dvc.lock names is not here.
    """
    found = Fork(folder.resolve(), environment)
    git("clone", "--quiet", "--no-hardlinks", "--no-tags", "--single-branch", ".", str(found.path))
    found.git("init", "--quiet", "--bare", f"--initial-branch={BRANCH}", str(found.origin))
    found.git("remote", "set-url", "origin", str(found.origin))
    found.git("checkout", "--quiet", "-B", BRANCH)
    for name, value in SETTINGS.items():
        found.git("config", name, value)
    _bring(found)
    _declare(found)
    return found


def _bring(found: Fork) -> None:
    """Copy what dvc.lock names out of the cache that is here."""
    found.dvc("remote", "add", "--local", "--force", "here", open_cache().root)
    try:
        found.dvc("pull", "--remote", "here")
    except RehearsalError as error:
        raise RehearsalError(
            "the last commit's data or model is not in the cache here. `./mainline pull` brings it, and `make repro` "
            f"makes it, which then has to be committed. {error}"
        ) from error


def _declare(found: Fork) -> None:
    """Leave one environment, which takes what is on main and rolls out in seconds; and a folder as the store."""
    folder = found.path / environments.FOLDER
    own = folder / f"{found.environment}.yaml"
    raw = yaml.safe_load(own.read_text(encoding="utf-8"))
    for file in folder.glob("*.yaml"):
        file.unlink()
    files.replace(own, yaml.safe_dump(short_policy.environment(raw), sort_keys=False))
    files.replace(found.folder / "service.yaml", yaml.safe_dump(short_policy.server(raw), sort_keys=False))
    os.makedirs(found.folder / "store", exist_ok=True)
    found.run("remote", str(found.folder / "store"))
    found.commit("Declare a rehearsal")
