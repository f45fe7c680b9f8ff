"""What the stand-in knows of its one repository, and how it answers: a function per operation."""

import base64
import io
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

OWNER, NAME = "you", "your-fork"
FULL = f"{OWNER}/{NAME}"
BOT = {"login": "github-actions[bot]", "type": "Bot"}
LIMIT = 65_536
Item = dict[str, Any]


class RefusedError(Exception):
    """GitHub would answer with this status and these words."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Repository:
    """Everything that the tests and the workflows put there; `bare` is its git, `files` where artifacts are kept."""

    bare: Path
    files: Path
    address: str = ""
    pulls: list[Item] = field(default_factory=list)
    issues: list[Item] = field(default_factory=list)
    dispatches: list[Item] = field(default_factory=list)
    comments: list[Item] = field(default_factory=list)
    checks: list[Item] = field(default_factory=list)
    runs: dict[int, Item] = field(default_factory=dict)
    releases: list[Item] = field(default_factory=list)
    assets: dict[int, tuple[int, Item, bytes]] = field(default_factory=dict)
    deployments: list[Item] = field(default_factory=list)
    statuses: list[tuple[int, Item]] = field(default_factory=list)
    rulesets: list[Item] = field(default_factory=list)
    environments: dict[str, Item] = field(default_factory=dict)
    branch_policies: list[Item] = field(default_factory=list)
    default_branch: str = "main"
    ids: Any = field(default_factory=lambda: count(1001))

    def head(self, reference: str) -> str:
        """Return the commit of a branch or another reference of its git."""
        command = ["git", "-C", str(self.bare), "rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()

    def git(self, *arguments: str) -> str:
        """Ask its git for something of a commit."""
        command = ["git", "-C", str(self.bare), *arguments]
        finished = subprocess.run(command, capture_output=True, text=True, check=False)
        if finished.returncode != 0:
            raise RefusedError(404, "Not Found")
        return finished.stdout

    def open(self, branch: str, title: str, body: str | None = None, base: str = "main", fork: str = FULL) -> Item:
        """Open a pull request, as the button does."""
        number, owner = len(self.pulls) + 1, fork.partition("/")[0]
        pull = {
            "number": number, "id": next(self.ids), "state": "open", "title": title, "body": body,
            "html_url": f"{self.address}/{FULL}/pull/{number}",
            "head": {"ref": branch, "label": f"{owner}:{branch}", "repo": {"full_name": fork}},
            "base": {"ref": base, "label": f"{OWNER}:{base}", "sha": self.head(base), "repo": {"full_name": FULL}},
        }  # fmt: skip
        self.pulls.append(pull)
        return self.current(pull)

    def current(self, pull: Item) -> Item:
        """Bring a pull request's commit up to date with its branch, and keep it where GitHub does."""
        own = pull["head"]["repo"]["full_name"] == FULL
        reference = f"refs/pull/{pull['number']}/head"
        sha = self.head(pull["head"]["ref"] if own else reference)
        if own:
            command = ["git", "-C", str(self.bare), "update-ref", reference, sha]
            subprocess.run(command, check=True)
        pull["head"]["sha"] = sha
        return pull

    def artifacts(self, run: int) -> list[Item]:
        """List what a run kept, an earlier attempt's first; the zip of each is made as GitHub does."""
        folder = self.files / str(run)
        found = sorted(folder.iterdir()) if folder.exists() else []
        address = f"{self.address}/api/v3/repos/{FULL}/actions/artifacts"
        return [
            {"id": run * 100 + number, "name": path.name.partition("~")[0], "expired": False,
             "size_in_bytes": len(_zip(path)), "archive_download_url": f"{address}/{run * 100 + number}/zip"}
            for number, path in enumerate(found)
        ]  # fmt: skip

    def archive(self, number: int) -> bytes:
        """Return an artifact as the zip that is downloaded."""
        folder = self.files / str(number // 100)
        return _zip(sorted(folder.iterdir())[number % 100])


def _zip(path: Path) -> bytes:
    """Zip a folder; one file named `hostile.zip` is taken as it is, to be what no uploader would make."""
    if (path / "hostile.zip").exists():
        return (path / "hostile.zip").read_bytes()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for file in sorted(path.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(path).as_posix())
    return packed.getvalue()


Operation = Callable[[Repository, list[int], dict[str, str], Any, Item], tuple[int, Any]]


def _find(items: list[Item], number: int, key: str = "id") -> Item:
    found = next((item for item in items if item[key] == number), None)
    if found is None:
        raise RefusedError(404, "Not Found")
    return found


def _user(_: Repository, __: list[int], ___: dict[str, str], ____: Any, user: Item) -> tuple[int, Any]:
    return 200, user


def _hash(_: Repository, __: list[int], ___: dict[str, str], ____: Any, _____: Item) -> tuple[int, Any]:
    return 200, {"hash_algorithm": "sha1"}


def _pulls(repo: Repository, _: list[int], query: dict[str, str], body: Any, __: Item) -> tuple[int, Any]:
    if body is not None:
        if any((p["head"]["label"], p["state"]) == (f"{OWNER}:{body['head']}", "open") for p in repo.pulls):
            raise RefusedError(422, "A pull request already exists")
        if not repo.head(body["head"]):
            raise RefusedError(422, "Validation Failed: head")
        return 201, repo.open(body["head"], body["title"], body.get("body"), body["base"])
    state, head = query.get("state", "open"), query.get("head")
    found = [p for p in repo.pulls if state in ("all", p["state"]) and head in (None, p["head"]["label"])]
    return 200, [repo.current(pull) for pull in found]


def _pull(repo: Repository, numbers: list[int], _: dict[str, str], body: Any, __: Item) -> tuple[int, Any]:
    pull = _find(repo.pulls, numbers[0], "number")
    pull.update(body or {})
    return 200, repo.current(pull)


def _issues(repo: Repository, _: list[int], query: dict[str, str], body: Any, user: Item) -> tuple[int, Any]:
    """Answer for all issues; GitHub counts pull requests among them, so the numbers go on from those."""
    if body is None:
        state = query.get("state", "open")
        listed = [*repo.issues, *({**pull, "pull_request": {}} for pull in repo.pulls)]
        named = query.get("labels", "")
        found = [item for item in listed if not named or {"name": named} in item.get("labels", [])]
        return 200, [_as_issue(item) for item in found if state in ("all", item["state"])]
    number = 1001 + len(repo.issues)
    made = {"id": next(repo.ids), "number": number, "state": "open", "user": user, **body, "body": _short(body["body"])}
    made["labels"] = [{"name": label} for label in body.get("labels", [])]
    repo.issues.append({**made, "html_url": f"{repo.address}/{FULL}/issues/{number}"})
    return 201, repo.issues[-1]


def _as_issue(item: Item) -> Item:
    keys = ("id", "number", "state", "title", "body", "user", "html_url", "pull_request", "labels")
    return {key: item[key] for key in keys if key in item}


def _issue(repo: Repository, numbers: list[int], _: dict[str, str], body: Any, __: Item) -> tuple[int, Any]:
    issue = _find(repo.issues, numbers[0], "number")
    issue.update({**body, **({"body": _short(body["body"])} if "body" in body else {})})
    return 200, issue


def _dispatch(repo: Repository, _: list[int], __: dict[str, str], body: Any, ___: Item) -> tuple[int, Any]:
    repo.dispatches.append(body)
    return 204, None


def _comments(repo: Repository, numbers: list[int], _: dict[str, str], body: Any, user: Item) -> tuple[int, Any]:
    pull = _find(repo.pulls, numbers[0], "number")
    if body is None:
        return 200, [comment for comment in repo.comments if comment["issue"] == pull["number"]]
    comment = {"id": next(repo.ids), "user": user, "issue": pull["number"]}
    address = f"{pull['html_url']}#issuecomment-{comment['id']}"
    repo.comments.append({**comment, "body": _short(body["body"]), "html_url": address})
    return 201, repo.comments[-1]


def _comment(repo: Repository, numbers: list[int], _: dict[str, str], body: Any, __: Item) -> tuple[int, Any]:
    comment = _find(repo.comments, numbers[0])
    if body is None:
        repo.comments.remove(comment)
        return 204, None
    comment["body"] = _short(body["body"])
    return 200, comment


def _short(text: str) -> str:
    if len(text) > LIMIT:
        raise RefusedError(422, f"Body is too long (maximum is {LIMIT} characters)")
    return text


def _check(repo: Repository, _: list[int], __: dict[str, str], body: Any, ___: Item) -> tuple[int, Any]:
    if not repo.head(body["head_sha"]):
        raise RefusedError(422, "No commit found for SHA")
    repo.checks.append({"id": next(repo.ids), **body})
    return 201, {**repo.checks[-1], "output": {"title": "", "summary": ""}}


def _run(repo: Repository, numbers: list[int], _: dict[str, str], __: Any, ___: Item) -> tuple[int, Any]:
    return 200, repo.runs.get(numbers[0]) or _find([], 0)


def _compare(repo: Repository, _: list[int], query: dict[str, str], __: Any, ___: Item) -> tuple[int, Any]:
    base, head = query["basehead"].split("...")
    began = repo.git("merge-base", base, head).strip()
    return 200, {"base_commit": {"sha": base}, "merge_base_commit": {"sha": began}, "commits": []}


def _tree(repo: Repository, _: list[int], query: dict[str, str], __: Any, ___: Item) -> tuple[int, Any]:
    deep = ["-r", "-t"] if "recursive" in query else []
    listed = repo.git("-c", "core.quotePath=false", "ls-tree", "--long", *deep, query["sha"]).splitlines()
    split = [(*about.split(), path) for about, _, path in (line.partition("\t") for line in listed)]
    found = [
        {"mode": mode, "type": kind, "sha": sha, "path": path, **({} if size == "-" else {"size": int(size)})}
        for mode, kind, sha, size, path in split
    ]
    return 200, {"sha": query["sha"], "tree": found, "truncated": False}


def _blob(repo: Repository, _: list[int], query: dict[str, str], __: Any, ___: Item) -> tuple[int, Any]:
    content = base64.encodebytes(repo.git("cat-file", "blob", query["sha"]).encode()).decode()
    return 200, {"sha": query["sha"], "size": len(content), "content": content, "encoding": "base64"}


def _runs(repo: Repository, _: list[int], query: dict[str, str], __: Any, ___: Item) -> tuple[int, Any]:
    keys = ("head_sha", "event")
    found = [run for run in repo.runs.values() if all(run[key] == query.get(key, run[key]) for key in keys)]
    return 200, {"total_count": len(found), "workflow_runs": found}


def _artifacts(repo: Repository, numbers: list[int], query: dict[str, str], _: Any, __: Item) -> tuple[int, Any]:
    found = [item for item in repo.artifacts(numbers[0]) if query.get("name") in (None, item["name"])]
    return 200, {"total_count": len(found), "artifacts": found}


def _releases(repo: Repository, _: list[int], __: dict[str, str], body: Any, user: Item) -> tuple[int, Any]:
    if body is not None:
        if not body["draft"] and not repo.head(f"refs/tags/{body['tag_name']}"):
            repo.git("tag", body["tag_name"], repo.default_branch)  # as GitHub makes one that is not there
        made = {"id": next(repo.ids), "assets": [], "author": user, **body}
        made["upload_url"] = f"{repo.address}/api/uploads/repos/{FULL}/releases/{made['id']}/assets{{?name,label}}"
        made["html_url"] = f"{repo.address}/{FULL}/releases/tag/{body['tag_name']}"
        repo.releases.insert(0, made)
        return 201, made
    return 200, [{**release, "assets": _assets_of(repo, release["id"])} for release in repo.releases]


def _release(repo: Repository, numbers: list[int], _: dict[str, str], body: Any, __: Item) -> tuple[int, Any]:
    release = _find(repo.releases, numbers[0])
    release.update(body)
    return 200, {**release, "assets": _assets_of(repo, release["id"])}


def _assets_of(repo: Repository, release: int) -> list[Item]:
    return [item for owner, item, _ in repo.assets.values() if owner == release]


def _assets(repo: Repository, numbers: list[int], query: dict[str, str], body: Any, _: Item) -> tuple[int, Any]:
    _find(repo.releases, numbers[0])
    if body is None:
        return 200, _assets_of(repo, numbers[0])
    if any(item["name"] == query["name"] for item in _assets_of(repo, numbers[0])):
        raise RefusedError(422, "already_exists")
    number = next(repo.ids)
    url = f"{repo.address}/api/v3/repos/{FULL}/releases/assets/{number}"
    item = {"id": number, "name": query["name"], "size": len(body), "state": "uploaded", "url": url}
    repo.assets[number] = (numbers[0], item, body)
    return 201, item


def _asset(repo: Repository, numbers: list[int], _: dict[str, str], __: Any, ___: Item) -> tuple[int, Any]:
    if numbers[0] not in repo.assets:
        raise RefusedError(404, "Not Found")
    return 200, repo.assets[numbers[0]][1]


def _deployments(repo: Repository, _: list[int], query: dict[str, str], body: Any, user: Item) -> tuple[int, Any]:
    if body is None:
        keys = ("environment", "task", "sha", "ref")
        return 200, [d for d in repo.deployments if all(d.get(k) == query[k] for k in keys if k in query)]
    kept = {name: body[name] for name in ("ref", "task", "environment", "description", "payload")}
    repo.deployments.insert(0, {"id": next(repo.ids), "sha": repo.head(body["ref"]), "creator": user, **kept})
    return 201, repo.deployments[0]


def _statuses(repo: Repository, numbers: list[int], _: dict[str, str], body: Any, user: Item) -> tuple[int, Any]:
    _find(repo.deployments, numbers[0])
    if body is not None:
        status = {"id": next(repo.ids), "creator": user, "state": body["state"], "description": body["description"]}
        repo.statuses.append((numbers[0], status))
        return 201, status
    return 200, [status for owner, status in repo.statuses if owner == numbers[0]]


def _rulesets(repo: Repository, _: list[int], __: dict[str, str], body: Any, ___: Item) -> tuple[int, Any]:
    if body is None:
        return 200, repo.rulesets
    repo.rulesets.append({"id": next(repo.ids), **body})
    return 201, repo.rulesets[-1]


def _ruleset(repo: Repository, numbers: list[int], _: dict[str, str], body: Any, __: Item) -> tuple[int, Any]:
    found = _find(repo.rulesets, numbers[0])
    found.update(body)
    return 200, found


def _about(repo: Repository, _: list[int], __: dict[str, str], ___: Any, ____: Item) -> tuple[int, Any]:
    return 200, {"full_name": FULL, "name": NAME, "default_branch": repo.default_branch}


def _environment(repo: Repository, _: list[int], query: dict[str, str], body: Any, __: Item) -> tuple[int, Any]:
    """Answer for an environment; as GitHub does it, what a change leaves out is reset."""
    name = query["name"]
    if body is not None:
        rules: list[Item] = [{"type": "branch_policy"}] if body.get("deployment_branch_policy") else []
        if body.get("wait_timer"):
            rules.append({"type": "wait_timer", "wait_timer": body["wait_timer"]})
        if body.get("reviewers"):
            people = [{"type": item["type"], "reviewer": {"id": item["id"]}} for item in body["reviewers"]]
            itself = body.get("prevent_self_review", False)
            rules.append({"type": "required_reviewers", "prevent_self_review": itself, "reviewers": people})
        policy = body.get("deployment_branch_policy")
        repo.environments[name] = {"name": name, "protection_rules": rules, "deployment_branch_policy": policy}
    if name not in repo.environments:
        raise RefusedError(404, "Not Found")
    return 200, repo.environments[name]


def _policies(repo: Repository, _: list[int], query: dict[str, str], body: Any, __: Item) -> tuple[int, Any]:
    name = query["name"]
    if not (repo.environments.get(name, {}).get("deployment_branch_policy") or {}).get("custom_branch_policies"):
        raise RefusedError(404, "Not Found")
    if body is not None:
        repo.branch_policies.append({"id": next(repo.ids), "environment": name, **body})
        return 200, repo.branch_policies[-1]
    found = [policy for policy in repo.branch_policies if policy["environment"] == name]
    return 200, {"total_count": len(found), "branch_policies": found}


REPOSITORY = "/repos/{owner}/{repo}"
OPERATIONS: dict[str, tuple[Operation, str]] = {
    "/users/{username}": (_user, "metadata"),
    REPOSITORY: (_about, "metadata"),
    f"{REPOSITORY}/hash-algorithm": (_hash, "contents"),
    f"{REPOSITORY}/pulls": (_pulls, "pull-requests"),
    f"{REPOSITORY}/pulls/{{pull_number}}": (_pull, "pull-requests"),
    f"{REPOSITORY}/dispatches": (_dispatch, "contents"),
    f"{REPOSITORY}/issues": (_issues, "issues"),
    f"{REPOSITORY}/issues/{{issue_number}}": (_issue, "issues"),
    f"{REPOSITORY}/issues/{{issue_number}}/comments": (_comments, "pull-requests"),
    f"{REPOSITORY}/issues/comments/{{comment_id}}": (_comment, "pull-requests"),
    f"{REPOSITORY}/check-runs": (_check, "checks"),
    f"{REPOSITORY}/actions/runs/{{run_id}}": (_run, "actions"),
    f"{REPOSITORY}/actions/workflows/{{workflow_id}}/runs": (_runs, "actions"),
    f"{REPOSITORY}/actions/runs/{{run_id}}/artifacts": (_artifacts, "actions"),
    f"{REPOSITORY}/compare/{{basehead}}": (_compare, "contents"),
    f"{REPOSITORY}/git/trees/{{tree_sha}}": (_tree, "contents"),
    f"{REPOSITORY}/git/blobs/{{file_sha}}": (_blob, "contents"),
    f"{REPOSITORY}/releases": (_releases, "contents"),
    f"{REPOSITORY}/releases/{{release_id}}": (_release, "contents"),
    f"{REPOSITORY}/releases/{{release_id}}/assets": (_assets, "contents"),
    f"{REPOSITORY}/releases/assets/{{asset_id}}": (_asset, "contents"),
    f"{REPOSITORY}/deployments": (_deployments, "deployments"),
    f"{REPOSITORY}/deployments/{{deployment_id}}/statuses": (_statuses, "deployments"),
    f"{REPOSITORY}/rulesets": (_rulesets, "administration"),
    f"{REPOSITORY}/rulesets/{{ruleset_id}}": (_ruleset, "administration"),
    f"{REPOSITORY}/environments/{{environment_name}}": (_environment, "actions, administration"),
    f"{REPOSITORY}/environments/{{environment_name}}/deployment-branch-policies": (
        _policies,
        "actions, administration",
    ),
}
"""How each operation is answered, and which permission it takes: to read for GET, to write for the others.

Two permissions are the one to read and the one to write.
"""
