"""A machine's pull request: opened once, updated after, with a report that fits."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from mainline.errors import MainlineError
from mainline.gate import findings
from mainline.github import proposal
from mainline.pipeline import retraining
from mainline.registry import origin
from mainline.repository.git import GitError
from tests.github.standin import GitHub
from tests.mainline.report import examples
from tests.project import FLIGHTS


@pytest.fixture
def changed(clone: Path) -> Path:
    """A clone whose parameters changed, with what the gate found."""
    shutil.copy2(FLIGHTS / "params.yaml", clone)
    shutil.copytree(FLIGHTS / "deploy", clone / "deploy")
    (clone / ".gitignore").write_text("/metrics/report/\n")
    findings.FILE.parent.mkdir(parents=True)
    findings.FILE.write_text(examples.passing().model_dump_json())
    return clone


def test_one_pull_request_is_opened_and_updated(github: GitHub, changed: Path) -> None:
    """A second proposal replaces the branch and the text of the first."""
    proposal.propose("retrain")
    (pull,) = github.repository.pulls
    first = github.repository.current(pull)["head"]["sha"]
    assert (pull["head"]["ref"], pull["base"]["ref"]) == ("retrain", "main")
    assert examples.passing().headline.split()[0] in pull["body"]
    text = (changed / "params.yaml").read_text()
    (changed / "params.yaml").write_text(text.replace("through: 2013-09", "through: 2013-10"))
    findings.FILE.write_text(examples.failing().model_dump_json())
    proposal.propose("retrain")
    (pull,) = github.repository.pulls
    assert pull["title"] == "Retrain on 2013-01 to 2013-10"
    assert "Fail" in pull["body"]
    assert github.repository.current(pull)["head"]["sha"] != first


def test_a_proposal_with_work_of_people_is_not_replaced(github: GitHub, changed: Path) -> None:
    """What somebody added to the open pull request stays until it is merged or closed."""
    proposal.propose("retrain")
    (pull,) = github.repository.pulls
    person = ["-c", "user.name=A Person", "-c", "user.email=person@example.org"]
    _git(*person, "commit", "--quiet", "--allow-empty", "--message", "Widen a bound")
    _git("push", "--quiet", "origin", "HEAD:retrain")
    theirs = github.repository.head("retrain")
    _git("reset", "--quiet", "--hard", "HEAD~1")
    (changed / "note").write_text("another month\n")
    with pytest.raises(MainlineError, match=r"pull/1 has commits of people, .* Merge or close it, then run this again"):
        proposal.propose("retrain")
    assert github.repository.head("retrain") == theirs
    pull["state"] = "closed"
    (changed / "note").write_text("and another\n")
    proposal.propose("retrain")
    assert github.repository.head("retrain") != theirs


@pytest.mark.usefixtures("changed")
def test_what_is_committed_after_the_look_is_not_replaced(github: GitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """The push takes the branch for what the look found there."""
    proposal.propose("retrain")
    push = origin.push

    def late(*given: Any) -> None:
        _git("push", "--quiet", "origin", "HEAD~2:retrain", "--force")
        push(*given)

    monkeypatch.setattr(origin, "push", late)
    Path("note").write_text("another month\n")
    theirs = subprocess.check_output(["git", "rev-parse", "HEAD~1"], text=True).strip()
    with pytest.raises(GitError, match="stale info"):
        proposal.propose("retrain")
    assert github.repository.head("retrain") == theirs


def _git(*command: str) -> None:
    subprocess.run(["git", *command], check=True)


@pytest.mark.usefixtures("changed")
def test_a_measurement_is_no_retraining(github: GitHub) -> None:
    """Tables that were measured again are proposed under a name of their own, by which no retraining is counted."""
    proposal.propose(proposal.MEASURE)
    (pull,) = github.repository.pulls
    assert (pull["head"]["ref"], pull["title"]) == ("measure", "Measure the model of 2013-01 to 2013-09")
    assert retraining.SUBJECT not in pull["title"]


@pytest.mark.usefixtures("changed")
def test_a_report_that_is_too_long_leaves_its_sentence(github: GitHub) -> None:
    """A program's argument has a limit in bytes: past it the body is the headline, whole, and no cut-off Markdown."""
    found = examples.failing()
    long = dict.fromkeys(("observed", "limit", "reason"), "\u6f22" * 600)
    checks = [found.checks[0].model_copy(update={"verdict": "fail", **long})] * 33
    findings.FILE.write_text(found.model_copy(update={"checks": checks}).model_dump_json())
    proposal.propose("retrain")
    assert "too long to stand here" in github.repository.pulls[0]["body"]


@pytest.mark.usefixtures("clone")
def test_nothing_is_proposed_where_nothing_changed(github: GitHub) -> None:
    """Without a change there is no branch and no pull request."""
    assert "nothing to propose" in proposal.propose("retrain")
    assert github.repository.pulls == []


@pytest.mark.usefixtures("changed")
def test_a_proposal_takes_a_report(github: GitHub) -> None:
    """Without findings it says which command makes them, and opens nothing."""
    findings.FILE.unlink()
    with pytest.raises(MainlineError, match="make report"):
        proposal.propose("retrain")
    assert github.repository.pulls == []
