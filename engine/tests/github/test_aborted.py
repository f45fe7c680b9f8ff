"""`./mainline aborted`, as it runs every six hours until what a server aborted was dealt with."""

import json
import time

import pytest

from mainline.github import proposal
from tests.github.conftest import CML
from tests.github.repository import FULL
from tests.github.standin import GitHub
from tests.mainline.release.conftest import Repository, made, release, repository

__all__ = ["made", "repository"]
BRANCH = "rollback/v1.0.0"
ABORTED = time.time() - 3600


@pytest.fixture
def aborted(github: GitHub, repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository on the stand-in, whose second version a server aborted an hour ago."""
    release()
    repository.change(model={"depth": 4})
    release()
    permissions = {"contents": "write", "pull-requests": "write"}
    for name, value in {**github.environment(github.grant("t0ken", permissions)), "CML": CML}.items():
        monkeypatch.setenv(name, value)
    repository.run("git", "config", "http.sslCAInfo", str(github.authority))
    repository.run("git", "remote", "set-url", "origin", f"{github.url.replace('//', '//token:t0ken@')}/{FULL}")
    repository.run("git", "push", "--quiet", "--tags", "origin", "main")
    _report(repository, ABORTED)
    return repository


def _report(repository: Repository, moment: float, environment: str = "production", version: str = "v1.1.0") -> None:
    """Say on the branch of events that a server aborted a version."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))
    line = json.dumps({"time": at, "event": "aborted", "version": version, "digest": "0" * 64})
    file = repository.path.parent / "events"
    file.write_text(f"{line}\n")
    blob = repository.run("git", "hash-object", "-w", str(file)).stdout.strip()
    tree = repository.run("sh", "-c", f"printf '100644 blob {blob}\tevents.jsonl\n' | git mktree").stdout.strip()
    commit = repository.run("git", "commit-tree", tree, "-m", "Events").stdout.strip()
    repository.run("git", "push", "--quiet", "--force", "origin", f"{commit}:refs/heads/deployments/{environment}")
    repository.run("git", "fetch", "--quiet", "origin")


def _again(repository: Repository) -> str:
    """Look once more, in a clone that has no branch of an earlier run."""
    repository.run("git", "branch", "--delete", "--force", BRANCH)
    return proposal.aborted()


def test_a_revert_that_waits_keeps_its_commit(github: GitHub, aborted: Repository) -> None:
    """Another push would dismiss its approvals and start its checks again; once main moved on, it is made anew."""
    proposal.aborted()
    first = github.repository.head(BRANCH)
    _again(aborted)
    assert github.repository.head(BRANCH) == first
    aborted.merge("Document")
    _again(aborted)
    assert github.repository.head(f"{BRANCH}^") == github.repository.head("main")
    assert len(github.repository.pulls) == 1


def test_work_of_a_person_on_a_revert_is_kept(github: GitHub, aborted: Repository) -> None:
    """What somebody committed to the branch stays, though main has moved on."""
    proposal.aborted()
    aborted.run("git", "switch", "--quiet", BRANCH)
    aborted.run("git", "commit", "--quiet", "--allow-empty", "--message", "Say why")
    aborted.run("git", "push", "--quiet", "origin", BRANCH)
    aborted.run("git", "switch", "--quiet", "main")
    aborted.merge("Document")
    theirs = github.repository.head(BRANCH)
    _again(aborted)
    assert github.repository.head(BRANCH) == theirs


def test_a_revert_that_a_person_closed_is_not_opened_again(github: GitHub, aborted: Repository) -> None:
    """Somebody goes another way; another abort after that is asked about anew."""
    proposal.aborted()
    (pull,) = github.repository.pulls
    pull |= {"state": "closed", "merged_at": None}
    pull["closed_at"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ABORTED + 60))
    assert f"production: {pull['html_url']} was closed since v1.1.0 was aborted." in _again(aborted)
    assert len(github.repository.pulls) == 1
    _report(aborted, ABORTED + 120)
    assert "Roll back from v1.1.0 to v1.0.0" in _again(aborted)
    assert len(github.repository.pulls) == 2


def test_environments_that_go_back_to_one_version_share_a_pull_request(github: GitHub, aborted: Repository) -> None:
    """Main goes back once, so there is one; it names both, and looking again writes nothing."""
    _report(aborted, ABORTED, "staging")
    proposal.aborted()
    (pull,) = github.repository.pulls
    assert pull["title"] == "Roll back from v1.1.0 to v1.0.0"
    assert pull["body"] == (
        "The rollout of v1.1.0 in staging was aborted. The rollout of v1.1.0 in production was aborted. Merged, this "
        "brings v1.0.0 back."
    )
    before = len(github.requests)
    _again(aborted)
    assert {method for method, *_ in map(str.split, github.requests[before:])} == {"GET"}


def test_a_way_back_of_one_environment_stops_no_other(github: GitHub, aborted: Repository) -> None:
    """Staging was taken back from every other version, which is said; production gets its pull request."""
    for number, version in enumerate(("v1.0.0", "v1.1.0", "v1.0.0"), 3):
        aborted.run(
            "git", "tag", "--annotate", "--message", "by hand", f"model#staging#{number}", f"model@{version}^{{}}"
        )
    aborted.run("git", "push", "--quiet", "--tags", "origin")
    _report(aborted, ABORTED, "staging", "v1.0.0")
    said = proposal.aborted()
    assert "staging: staging was rolled back from every other version" in said
    assert [pull["title"] for pull in github.repository.pulls] == ["Roll back from v1.1.0 to v1.0.0"]
