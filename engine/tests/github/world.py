"""A fork with its GitHub: what people and GitHub itself do between the runs of workflows."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mainline.github.comment import CHECK
from tests.github import cml_source, docker_recorder
from tests.github.repository import FULL, Item
from tests.github.runner import Finished, Runner
from tests.github.standin import GitHub
from tests.project import Project

PULL_REQUEST, COMMENT, MAIN = "pull-request.yml", "comment.yml", "main.yml"
GATE = {
    "holdout": {"min_rows": 50, "min_days": 10}, "max_bias": 1.0, "baseline_ratio": 1.0, "suspicious_gain": 0.95,
    "slices": {"relative_to_whole": 9.0, "relative_to_production": 1.0}, "skew": {"limit": 90.0, "ignore": []},
    "budgets": {
        "predict_time": 50.0, "package_size": 50.0, "memory": 50.0, "training_time": 100.0, "feature_time": 1.0,
    },
}  # fmt: skip
"""Limits for 94 rows, so that the one comparison that the tests are about decides."""


@dataclass
class World:
    """The maintainer's clone, the stand-in, and what starts workflows."""

    project: Project
    github: GitHub
    runner: Runner

    @property
    def main(self) -> str:
        """The commit that main is at."""
        return self.github.repository.head("main")

    def tags(self) -> set[str]:
        """Name the tags that everybody sees."""
        shown = self.project.run("git", "ls-remote", "--tags", "--refs", "origin").stdout.splitlines()
        return {line.partition("refs/tags/")[2] for line in shown}

    def change(self, branch: str, **parameters: Any) -> str:
        """Declare other hyperparameters on a branch, run the pipeline, commit and push; return the commit."""
        here = self.project
        here.run("git", "fetch", "--quiet", "--tags", "origin")
        known = here.run("git", "branch", "--list", branch).stdout
        here.run("git", "switch", "--quiet", *([branch] if known else ["--create", branch, "origin/main"]))
        here.run("dvc", "checkout", "--quiet", succeed=None)
        here.declare(model={"params": parameters})
        here.run("python", "-m", "mainline", "repro")
        commit = here.commit(f"Use {parameters}")
        here.run("git", "push", "--quiet", "origin", branch)
        return commit

    def merge(self, number: int) -> None:
        """Merge a pull request, as the button does."""
        pull = self.github.repository.pulls[number - 1]
        here = self.project
        here.run("git", "switch", "--quiet", "main")
        here.run("git", "fetch", "--quiet", "origin", f"refs/pull/{number}/head")
        subject = f"Merge pull request #{number} from {pull['head']['label'].replace(':', '/')}"
        here.run("git", "merge", "--quiet", "--no-ff", "--message", f"{subject}\n\n{pull['title']}", "FETCH_HEAD")
        here.run("git", "push", "--quiet", "origin", "main")
        pull["state"] = "closed"

    def look(self, pull: Item, secrets: Mapping[str, str] | None = None, job: str = "model") -> Finished:
        """Run the pull request's checks; secrets are given where GitHub gives them, which for a fork is nowhere."""
        head = self.github.repository.current(pull)["head"]
        payload = {"action": "synchronize", "number": pull["number"], "pull_request": pull}
        run = self._run(PULL_REQUEST, "pull_request", payload, head["sha"], job, secrets)
        self.github.repository.runs[run.number] = {
            "id": run.number, "path": f".github/workflows/{PULL_REQUEST}", "event": "pull_request",
            "head_sha": head["sha"], "head_branch": head["ref"],
            "conclusion": "success" if run.succeeded else "failure",
            "html_url": f"{self.github.url}/{FULL}/actions/runs/{run.number}", "head_repository": head["repo"],
        }  # fmt: skip
        return run

    def queue(self, branch: str, job: str = "model") -> tuple[str, Finished]:
        """Merge a branch onto main as a merge queue does, on a branch of its own, and run the checks of that commit."""
        here = self.project
        here.run("git", "fetch", "--quiet", "origin")
        here.run("git", "switch", "--quiet", "--detach", "origin/main")
        here.run("git", "merge", "--quiet", "--no-ff", "--message", "Queue", f"origin/{branch}")
        commit = here.run("git", "rev-parse", "HEAD").stdout.strip()
        head = f"gh-readonly-queue/main/pr-1-{self.main}"
        here.run("git", "push", "--quiet", "--force", "origin", f"{commit}:refs/heads/{head}")
        here.run("git", "switch", "--quiet", "main")
        group = {"head_sha": commit, "head_ref": f"refs/heads/{head}", "base_sha": self.main}
        payload = {"action": "checks_requested", "merge_group": {**group, "base_ref": "refs/heads/main"}}
        run = self._run(PULL_REQUEST, "merge_group", payload, commit, job)
        self.github.repository.runs[run.number] = {
            "id": run.number, "path": f".github/workflows/{PULL_REQUEST}", "event": "merge_group", "head_sha": commit,
            "head_branch": head, "conclusion": "success" if run.succeeded else "failure", "pull_requests": [],
            "html_url": f"{self.github.url}/{FULL}/actions/runs/{run.number}", "head_repository": {"full_name": FULL},
        }  # fmt: skip
        return commit, run

    def tell(self, run: Finished) -> Finished:
        """Run what follows the checks, with code of main."""
        payload = {"action": "completed", "workflow_run": self.github.repository.runs[run.number]}
        return self._run(COMMENT, "workflow_run", payload, self.main, "comment")

    def compare(self, run: Finished) -> Finished:
        """Run what follows the checks where shared storage is configured, with code of main."""
        payload = {"action": "completed", "workflow_run": self.github.repository.runs[run.number]}
        role = {"AWS_READ_ROLE": "arn:aws:iam::1:role/reader", "AWS_REGION": "eu-central-1"}
        return self._run(COMMENT, "workflow_run", payload, self.main, "storage", variables=role)

    def release(self, secrets: Mapping[str, str] | None = None) -> Finished:
        """Run what follows a push to main, job after job, each with a token of its own permissions."""
        payload = {"ref": "refs/heads/main", "after": self.main}
        commit = self.main
        promoted = self._run(MAIN, "push", payload, commit, "promote", secrets)
        if not promoted.succeeded:
            return promoted
        pushed = self._run(MAIN, "push", payload, commit, "image")
        return Finished(pushed.succeeded, promoted.said + pushed.said, promoted.number)

    def images(self) -> dict[str, str]:
        """Return the digest of each image that was pushed, by its tag."""
        pushed = docker_recorder.read(self.runner.folder / "docker.json")["pushed"]
        own = f"{docker_recorder.REGISTRY}/{FULL}:"
        return {image.removeprefix(own): digest for image, digest in pushed.items() if image.startswith(own)}

    def start(self, workflow: str, event: str, payload: Mapping[str, Any]) -> Finished:
        """Run another workflow of main."""
        return self._run(workflow, event, {"ref": "refs/heads/main", **payload}, self.main)

    def comments(self, number: int) -> list[str]:
        """Return the texts of a pull request's comments."""
        return [item["body"] for item in self.github.repository.comments if item["issue"] == number]

    def check(self, commit: str, name: str = CHECK) -> str:
        """Return the conclusion of the last check of a commit under a name."""
        found = [(item["head_sha"], item["name"], item["conclusion"]) for item in self.github.repository.checks]
        return [conclusion for sha, named, conclusion in found if (sha, named) == (commit, name)][-1]

    def findings(self, run: Finished) -> Path:
        """Name the file that a run kept for the comment."""
        return self.github.repository.files / str(run.number) / "findings" / "gate.json"

    def _run(
        self, workflow: str, event: str, payload: Mapping[str, Any], commit: str, job: str = "",
        secrets: Mapping[str, str] | None = None, variables: Mapping[str, str] | None = None,
    ) -> Finished:  # fmt: skip
        text = self.project.run("git", "show", f"{self.main}:.github/workflows/{workflow}").stdout
        declared = yaml.safe_load(text)["jobs"]
        permissions: dict[str, str] = {}
        for name in [job] if job else declared:
            permissions |= declared[name]["permissions"]
        return self.runner.run(workflow, event, payload, permissions, commit=commit, job=job, secrets=secrets,
                               variables=variables)  # fmt: skip


def connect(project: Project, github: GitHub, runner: Runner) -> World:
    """Make the stand-in the origin of a project, whose maintainer may write there."""
    token = github.grant("maintainer", {"contents": "write"}, {"login": "you", "type": "User"})
    address = github.url.replace("https://", f"https://token:{token}@")
    for name, value in (("http.sslCAInfo", str(github.authority)), ("commit.gpgsign", "false")):
        project.run("git", "config", name, value)
    project.run("git", "remote", "add", "origin", f"{address}/{FULL}")
    return World(project, github, runner)


def build(project: Project, github: GitHub, runner: Runner) -> World:
    """Push a project to the stand-in, with a model that little data is enough for."""
    made = connect(project, github, runner)
    if not {"CML", "CML_SOURCE"} & set(runner.extra):
        cml_source.declare(project.path, cml_source.pack(runner.folder / "cml.tar.gz"))
    project.declare(gate=GATE, data={"through": "2024-05"}, model={"params": {"C": 0.01}})
    project.run("python", "-m", "mainline", "repro")
    project.commit("Another use case")
    project.run("git", "push", "--quiet", "origin", "main")
    return made
