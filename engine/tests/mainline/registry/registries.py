"""Real repositories with a registry in them: commits and tags whose times a test sets."""

import os
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mainline.registry import records
from mainline.registry.records import Assignment, Release

START = datetime(2026, 1, 1, tzinfo=UTC)
"""Day 0 of every test."""


def at(day: float) -> int:
    """Return the moment so many days after the start, in seconds since 1970."""
    return round((START + timedelta(days=day)).timestamp())


def digest(version: str) -> str:
    """Return the digest that a version of these registries has."""
    return "".join(f"{int(part) % 256:02x}" for part in version.removeprefix("v").split(".")) + "ab" * 29


@dataclass
class Registry:
    """A repository at `path`; versions and numbers of assignments are kept to fill in what a test leaves out."""

    path: Path
    commits: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    current: dict[str, str] = field(default_factory=dict)

    def git(self, *arguments: str, day: float = 0, given: str | None = None, author: float | None = None) -> str:
        """Run git as Ada at a time; `author` is the day something was written, where that was another."""
        hidden = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        who = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in ADA.items()}
        when = {"GIT_COMMITTER_DATE": f"{at(day)} +0000"}
        when["GIT_AUTHOR_DATE"] = f"{at(day if author is None else author)} +0000"
        private = {"HOME": str(self.path.parent), "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run(
            ["git", *arguments], cwd=self.path, env={**hidden, **who, **when, **private}, input=given,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{arguments}: {done.stderr}"
        return done.stdout.strip()

    def commit(self, day: float, subject: str = "Change", author: float | None = None, **files: str) -> str:
        """Commit files, `__` in their names standing for `/` and `_dot_` for `.`; return the commit."""
        for name, content in files.items():
            file = self.path / name.replace("__", "/").replace("_dot_", ".")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", subject, day=day, author=author)
        return self.git("rev-parse", "HEAD")

    def merge(self, day: float, branch: str) -> str:
        """Merge a branch into the one checked out, as a host does, and return the merge."""
        self.git("merge", "--quiet", "--no-ff", "-m", f"Merge {branch}", branch, day=day)
        return self.git("rev-parse", "HEAD")

    def register(self, version: str, day: float, rmse: float = 14.0, **record: Any) -> None:
        """Tag the commit checked out as a version, as promote does."""
        self.commits[version] = self.git("rev-parse", "HEAD")
        made = release(version, rmse, **{"replaces": self.current.get("production"), **record})
        self.tag(f"model@{version}", day, records.write([f"model {version}"], made))

    def assign(self, version: str, day: float, kind: str = "release", environment: str = "production",
               main: str | None = None) -> None:  # fmt: skip
        """Give an environment a version, as promote and rollback do; `main` is what is checked out."""
        self.numbers[environment] = self.numbers.get(environment, 0) + 1
        made = Assignment.model_validate(
            {
                "version": version, "environment": environment, "kind": kind, "by": "Grace",
                "replaces": self.current.get(environment), "main": main or self.git("rev-parse", "HEAD"),
                "main_digest": digest(version),
            }
        )  # fmt: skip
        message = records.write([f"{environment}: {version}"], made)
        self.tag(f"model#{environment}#{self.numbers[environment]}", day, message, self.commits[version])
        self.current[environment] = version

    def release(self, version: str, day: float, **record: Any) -> str:
        """Commit another model, register it and give it to production at once; return the commit."""
        commit = self.commit(day, f"Train {version}", dvc_dot_lock=lock(version))
        self.register(version, day, **record)
        self.assign(version, day)
        return commit

    def events(self, environment: str, content: str | bytes, branch: str = "") -> None:
        """Put a file of servers' events on their branch, which has nothing in common with main."""
        file = self.path.parent / "events"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        blob = self.git("hash-object", "-w", str(file))
        tree = self.git("mktree", given=f"100644 blob {blob}\tevents.jsonl\n")
        commit = self.git("commit-tree", tree, "-m", "Report")
        self.git("update-ref", branch or f"refs/heads/deployments/{environment}", commit)

    def tag(self, name: str, day: float, message: str, commit: str = "HEAD") -> None:
        """Make an annotated tag."""
        self.git("tag", "-a", name, commit, "--cleanup=verbatim", "-F", "-", day=day, given=message)


ADA = {"NAME": "Ada", "EMAIL": "ada@example.org"}


def release(version: str, rmse: float, **other: Any) -> Release:
    """Return a version's record; a test says what it depends on and no more."""
    plain: dict[str, Any] = {
        "version": version, "digest": digest(version), "replaces": None, "bump": "minor", "reason": "model.params",
        "verdict": "pass", "headline": "It may be released.", "runs": [], "signature": None,
        "metrics": {"test": {"rows": 100, "rmse": rmse}, "baseline": {"rows": 100, "rmse": 17.0}},
        "window": {"train": ["2013-01"], "test": ["2013-03"]},
    }  # fmt: skip
    return Release.model_validate({**plain, **other})


def lock(content: str) -> str:
    """Return a lock with one stage, whose package is named by its content."""
    return (
        "schema: '2.0'\nstages:\n  package:\n    cmd: python\n    outs:\n"
        f"    - path: models/package\n      hash: md5\n      md5: {content}.dir\n      size: 100\n      nfiles: 3\n"
    )


def create(path: Path) -> Registry:
    """Make an empty repository with one commit on day 0."""
    path.mkdir(parents=True)
    made = Registry(path)
    made.git("init", "--quiet", "--initial-branch=main")
    made.commit(0, "Start")
    return made
