"""Run workflow files under act, in host mode: the steps of the real files, as processes of this machine.

What act does not do is checked here: it ignores filters on branches, permissions, timeouts and concurrency (the policy
test reads those), it skips a job whose runner label it was not told of, and it ignores services; both end with 0.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.github import docker_recorder, policy
from tests.github.repository import FULL
from tests.github.standin import API, GitHub, Permissions
from tests.project import ENGINE, ROOT

LABELS = ("ubuntu-24.04",)
USUALLY = re.compile(r"\$\{\{ .* \|\| '([\w.-]+)' \}\}")
"""An expression for a label, with the label where the repository declares none."""
LIMIT = 900  # seconds until a run counts as hanging
STANDINS = ENGINE / "tests" / "github" / "actions"
REPOSITORY = {"full_name": "team/fork", "default_branch": "main"}
SECRETS = {"SIGNING_KEY": "", "BOT_TOKEN": ""}


class FalseGreenError(AssertionError):
    """act ended with 0 although a job did not run."""


@dataclass(frozen=True)
class Finished:
    """A run: whether it succeeded, what it said, and its number."""

    succeeded: bool
    said: str
    number: int


@dataclass
class Runner:
    """Starts the workflows that are on the main branch of a stand-in, each in a folder of its own."""

    github: GitHub
    folder: Path
    number: int = 100
    extra: dict[str, str] = field(default_factory=dict)
    """Variables that every step sees besides what GitHub gives it."""

    def run(
        self, workflow: str, event: str, payload: Mapping[str, Any], permissions: Permissions, *,
        commit: str, job: str = "", secrets: Mapping[str, str] | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> Finished:  # fmt: skip
        """Run a workflow as GitHub would on an event, with a token of just these permissions.

        Args:
            workflow: the file's name.
            event: such as push.
            payload: the event; the repository is added.
            permissions: the token's, as the job's `permissions` declare them.
            commit: whose workflow file it is, and what GITHUB_SHA says.
            job: only this one, whatever it needs.
            secrets: what the repository holds, where the event may see it.
            variables: what the repository declares for its workflows.
        """
        self.number += 1
        home = self.folder / f"run-{self.number}"
        work = home / "work"
        _git("clone", "--quiet", "--no-hardlinks", str(self.github.repository.bare), str(work))
        _git("-C", str(work), "fetch", "--quiet", "origin", "+refs/pull/*/head:refs/remotes/pull/*")
        _git("-C", str(work), "checkout", "--quiet", commit)
        file = work / ".github" / "workflows" / workflow
        refuse_false_greens(policy.load(file))
        if job:  # with a token of its own permissions; what it needs has been run with others
            file.write_text(re.sub(r"^    needs: .*\n", "", file.read_text(), flags=re.MULTILINE))
        token = self.github.grant(f"token-{self.number}", permissions)
        (home / "event.json").write_text(json.dumps({**payload, "repository": self._about()}))
        command = [
            "act", event, "--eventpath", str(home / "event.json"), "--workflows", str(file), "--directory", str(work),
            *(f"--platform={label}=-self-hosted" for label in LABELS),
            *([f"--job={job}"] if job else []),
            "--pull=false", "--container-daemon-socket=-", "--no-cache-server", "--no-skip-checkout", "--rm",
            *self._actions(home), "--secret", f"GITHUB_TOKEN={token}",
            *(f"--secret={name}={value}" for name, value in (secrets or {}).items()),
            *(f"--var={name}={value}" for name, value in (variables or {}).items()),
            *(f"--env={name}={value}" for name, value in self._environment(token, home).items()),
        ]  # fmt: skip
        plain = {
            "PATH": f"{self._programs(home)}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(home),
            "XDG_CACHE_HOME": str(home / "cache"),
            "LANG": "C.UTF-8",
        }
        finished = subprocess.run(
            command, cwd=work, env=plain, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT,
            check=False,
        )  # fmt: skip
        said = finished.stdout + finished.stderr
        refuse_skipped(said, file, job)
        return Finished(finished.returncode == 0, said, self.number)

    def _about(self) -> dict[str, Any]:
        owner, name = FULL.split("/")
        return {
            "full_name": FULL, "name": name, "owner": {"login": owner}, "default_branch": "main",
            "html_url": f"{self.github.url}/{FULL}", "clone_url": f"{self.github.url}/{FULL}.git",
            "private": self.github.private,
        }  # fmt: skip

    def _actions(self, home: Path) -> list[str]:
        """Name a local folder for each action: the real one of a folder named by ACTIONS, else the tests' own."""
        real = os.environ.get("ACTIONS")
        given = []
        for used in sorted({line for file in workflow_files() for line in uses(file)}):
            name, _, reference = used.partition("@")
            own = STANDINS / name.rpartition("/")[2]
            source = Path(real) / name if real and (Path(real) / name).is_dir() else own
            target = home / "actions" / name
            shutil.copytree(source, target)
            given += ["--local-repository", f"{name}@{reference}={target}"]
        return given

    def _programs(self, home: Path) -> Path:
        """Put the recorder before a docker of this machine, which may have an engine and must not be asked."""
        (home / "bin").mkdir()
        (home / "bin" / "docker").symlink_to(docker_recorder.__file__)
        return home / "bin"

    def _environment(self, token: str, home: Path) -> dict[str, str]:
        given = self.github.environment(token)
        for name in ("GITHUB_TOKEN", "CI"):
            del given[name]
        return {
            **given, **self.extra, "VENV": str(self._venv(home, Path(sys.prefix))),
            "VENV_MLEM": str(self._venv(home, ROOT / ".venv-mlem")), "ARTIFACTS": str(self.github.repository.files),
            "THIS_RUN": str(self.number), "DVC_NO_ANALYTICS": "1", "GIT_CONFIG_GLOBAL": str(home / "gitconfig"),
            "DVC_SITE_CACHE_DIR": str(home / "site"), "GITHUB_API_URL": self.github.url + API,
            "PYTEST_ADDOPTS": "-k 'test_periods or test_contract'", "RUNNER_TEMP": str(home),
            "DOCKER_RECORDS": str(self.folder / "docker.json"),
        }  # fmt: skip

    def _venv(self, home: Path, source: Path) -> Path:
        """Show an environment, if it is there, to the doors under another name; its marks say of which locks it is."""
        target = home / source.name.replace(".", "v")
        target.mkdir()
        for path in source.glob("*"):
            (target / path.name).symlink_to(path)
        return target


def workflow_files() -> list[Path]:
    """List the workflow files."""
    return sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def uses(file: Path) -> list[str]:
    """List the actions of a workflow file."""
    jobs = policy.load(file)["jobs"].values()
    return [step["uses"] for job in jobs for step in job["steps"] if "uses" in step]


def refuse_false_greens(workflow: Mapping[str, Any]) -> None:
    """Refuse a workflow of which act would leave out something and end with 0.

    Raises:
        FalseGreenError: naming the job.
    """
    for name, job in workflow["jobs"].items():
        if "services" in job:
            raise FalseGreenError(f"{name} has services, which act ignores")
        usual = USUALLY.fullmatch(job["runs-on"])
        label = usual[1] if usual else job["runs-on"]
        if "matrix" not in label and label not in LABELS:
            raise FalseGreenError(f"{name} runs on {label}, which act was not told of and would skip")


def label_of(workflow: str, job: str, event: str, payload: Mapping[str, Any], declared: str) -> str:
    """Ask act which label a job gets, if the repository declares one; nothing is run."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "event.json"
        file.write_text(json.dumps({"repository": REPOSITORY, **payload}), encoding="utf-8")
        command = [
            "act", event, "--dryrun", "--eventpath", str(file), "--workflows", f".github/workflows/{workflow}",
            f"--job={job}", f"--platform={LABELS[0]}=-self-hosted", f"--var=MAINLINE_RUNNER={declared}",
            f"--env=GITHUB_REPOSITORY={REPOSITORY['full_name']}", "--pull=false", "--no-cache-server",
            "--container-daemon-socket=-", "--action-offline-mode",
        ]  # fmt: skip
        environment = {**os.environ, "GITHUB_REPOSITORY": str(REPOSITORY["full_name"])}
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT, env=environment)
    said = ran.stdout + ran.stderr
    other = re.search(r"Skipping unsupported platform -- Try running with `-P ([\w.-]+)=", said)
    if other:
        return other[1]
    assert "Run Set up job" in said, said
    return LABELS[0]


def refuse_skipped(said: str, file: Path, job: str) -> None:
    """Refuse a run in which a job did not end, in so many words, well or not."""
    if "Skipping unsupported platform" in said:
        raise FalseGreenError("act skipped a job whose runner label it does not know")
    wanted = [name for name in policy.load(file)["jobs"] if job in ("", name)]
    ended = sum(said.count(words) for words in ("Job succeeded", "Job failed"))
    if ended < len(wanted):
        raise FalseGreenError(f"{ended} of {len(wanted)} jobs ended: {said[-3000:]}")


def _git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], check=True)
