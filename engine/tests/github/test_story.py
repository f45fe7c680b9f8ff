"""The life of a fork on GitHub: the real workflow files, run by act, against a stand-in for GitHub.

The tests go on from one another, in the order of this file: a branch, its merge, a worse one, a stranger's, a way
back. Real: act, the files, bash, git, DVC, Node.js, npm, the commands. Standing in: GitHub, whose requests and answers
are held against its own description; the actions that need its network; docker, which needs an engine; the source of
CML, unless the variable CML_SOURCE names the real one.
"""

import io
import json
import shutil
import subprocess
import zipfile
from collections.abc import Iterator

import pytest

from mainline.monitoring import alarms, sharing
from tests.github import cml_source, docker_recorder
from tests.github.conftest import forked
from tests.github.repository import FULL
from tests.github.world import World
from tests.mainline.monitoring.looks import look, version

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("act") is None, reason="act is not installed; the environment of the tests has it"),
]
HELD = "S3CRET-OF-THE-REPOSITORY"
"""What the repository keeps where only jobs of merged code may look."""


@pytest.fixture(scope="module")
def fork(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A fork with the small use case, pushed and never released."""
    with forked(tmp_path_factory.mktemp("story")) as made:
        yield made


def test_the_first_push_releases_the_model(fork: World) -> None:
    """main.yml makes the first version, assigns it, publishes what it carries, records it, and pushes the image."""
    run = fork.release()
    assert run.succeeded, run.said
    assert fork.tags() == {"model@v1.0.0", "model#staging#1", "model#production#1"}
    (release,) = fork.github.repository.releases
    assert (release["tag_name"], release["draft"]) == ("model@v1.0.0", False)
    names = {item["name"] for _, item, _ in fork.github.repository.assets.values()}
    assert {"objects-model.tar", "objects-data.tar", "model-v1.0.0.tar.gz", "model-v1.0.0.cdx.json"} < names
    assert "evidence-v1.0.0.tar" in names
    assert any(name.endswith(".whl") for name in names)
    assert {item["environment"] for item in fork.github.repository.deployments} == {"staging", "production"}
    assert {status["state"] for _, status in fork.github.repository.statuses} == {"success"}
    (token,) = docker_recorder.read(fork.runner.folder / "docker.json")["tokens"]
    assert fork.github.tokens[token][0]["packages"] == "write"
    assert set(fork.images()) == {"v1.0.0"}
    assert f"{fork.images()['v1.0.0']} ghcr.io/{FULL}" in run.said, "the image is attested by its digest"


def test_releasing_again_changes_nothing(fork: World) -> None:
    """The same run once more, on an empty machine: nothing is released, published or recorded a second time."""
    run = fork.release()
    assert run.succeeded, run.said
    assert "Nothing is released" in run.said
    assert len(fork.tags()) == 3
    assert "is there already" in run.said
    assert len(docker_recorder.read(fork.runner.folder / "docker.json")["tokens"]) == 1
    assert (len(fork.github.repository.releases), len(fork.github.repository.deployments)) == (1, 2)


def test_a_better_model_gets_one_comment_and_passes(fork: World) -> None:
    """The checks pass against the production that a release carries; the comment says so, and so does the check."""
    commit = fork.change("better", C=0.5)
    run = fork.look(fork.github.repository.open("better", "Better"), job="")
    assert run.succeeded, run.said
    assert fork.comments(1) == []
    told = fork.tell(run)
    assert told.succeeded, told.said
    (comment,) = fork.comments(1)
    assert "better than production" in comment
    assert fork.check(commit) == "success"
    assert comment.count("No replay: ") == 1, "nobody serves this fork yet"
    assert "#### ML test score" in comment
    assert f"since `{fork.main[:10]}`" in comment
    assert fork.check(commit, "Score") == "neutral"


def test_a_second_push_updates_the_comment(fork: World) -> None:
    """There is one comment still, about the newer commit."""
    (before,) = fork.comments(1)
    commit = fork.change("better", C=1.0)
    run = fork.look(fork.github.repository.pulls[0])
    assert run.succeeded, run.said
    assert fork.tell(run).succeeded
    (after,) = fork.comments(1)
    assert before != after
    assert commit in after
    assert fork.check(commit) == "success"


def test_the_comment_is_updated_without_cml(fork: World) -> None:
    """A source of CML that is not the declared one is not run; the step says so, and the comment is made anyway."""
    cml_source.needs_node()
    source = fork.runner.folder / "other.tar.gz"
    cml_source.pack(source, "throw new Error('it was run');")
    (before,) = fork.comments(1)
    commit = fork.change("better", C=0.9)
    run = fork.look(fork.github.repository.pulls[0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(fork.runner.extra, "CML_SOURCE", source.as_uri())
        patch.delitem(fork.runner.extra, "CML", raising=False)
        told = fork.tell(run)
    assert told.succeeded, told.said
    assert "Nothing of it was kept or run" in told.said
    assert "it was run" not in told.said
    assert "the comment at #1: written by a call of our own" in told.said
    assert "the check 'Gate': written by a call of our own" in told.said
    (after,) = fork.comments(1)
    assert before != after
    assert commit in after
    assert fork.check(commit) == "success"
    again = fork.tell(run)
    assert "the comment at #1: written by CML" in again.said, again.said
    assert len(fork.comments(1)) == 1


def test_its_merge_is_a_release(fork: World) -> None:
    """A version, its assignments, and a release whose archives hold every object that the lock names."""
    fork.merge(1)
    run = fork.release()
    assert run.succeeded, run.said
    assert {"model@v1.1.0", "model#staging#2", "model#production#2"} < fork.tags()
    assert [release["tag_name"] for release in fork.github.repository.releases] == ["model@v1.1.0", "model@v1.0.0"]
    assert set(fork.images()) == {"v1.0.0", "v1.1.0"}


def test_a_worse_model_fails_and_the_comment_says_why(fork: World) -> None:
    """The run fails at the gate, the check fails, and the comment has the sentence."""
    commit = fork.change("worse", C=0.0005)
    run = fork.look(fork.github.repository.open("worse", "Worse"))
    assert not run.succeeded
    assert fork.tell(run).succeeded
    (comment,) = fork.comments(2)
    assert "worse than production" in comment
    assert "It changes what judges it" not in comment
    assert fork.check(commit) == "failure"


def test_a_stale_lock_says_what_to_run(fork: World) -> None:
    """A parameter without its run fails before the gate, and the right lock is offered."""
    here = fork.project
    here.run("git", "switch", "--quiet", "--create", "stale", "origin/main")
    here.declare(model={"params": {"C": 0.7}})
    commit = here.commit("Forget to run")
    here.run("git", "push", "--quiet", "origin", "stale")
    run = fork.look(fork.github.repository.open("stale", "Stale"))
    assert not run.succeeded
    assert "dvc.lock is not true" in run.said
    assert (fork.github.repository.files / str(run.number) / "lock" / "dvc.lock").exists()
    assert fork.tell(run).succeeded
    assert "make repro" in fork.comments(3)[0]
    assert fork.check(commit) == "failure"
    here.run("git", "switch", "--quiet", "main")


def test_a_maintainer_has_the_right_lock_committed(fork: World) -> None:
    """Dispatched with the number, the offered lock is on the branch, and the next run of the checks finds it true."""
    before = fork.github.repository.head("stale")
    run = fork.start("lock.yml", "workflow_dispatch", {"inputs": {"pull": "3"}})
    assert run.succeeded, run.said
    assert "starts no checks" in run.said
    assert fork.github.repository.head("stale^") == before
    looked = fork.look(fork.github.repository.pulls[2])
    assert "The lock is true" in looked.said


def test_a_fork_reaches_no_secret_and_gets_its_comment(fork: World) -> None:
    """Code of a stranger prints all it can see and tries to push: no secret is among it, and nothing is pushed.

    It widens the gate's margin, too; code of main says so above all that the run found.
    """
    here = fork.project
    here.run("git", "switch", "--quiet", "--create", "stranger", "origin/main")
    door = here.path / "mainline"
    nosy = "env | sort\ncat .git/config\ngit push origin HEAD:refs/heads/stolen || echo the push was refused\n"
    door.write_text(door.read_text().replace("exec ", f"{nosy}exec ", 1))
    here.declare(gate={"margin": 0.9})
    commit = here.commit("Look around")
    here.run("git", "push", "--quiet", "origin", f"{commit}:refs/pull/4/head")
    here.run("git", "switch", "--quiet", "main")
    pull = fork.github.repository.open("stranger", "Hello", fork="mallory/your-fork")
    run = fork.look(pull, {"SIGNING_KEY": HELD, "BOT_TOKEN": HELD})
    assert "the push was refused" in run.said
    assert HELD not in run.said
    assert fork.github.repository.head("stolen") == ""
    assert fork.tell(run).succeeded
    (comment,) = fork.comments(4)
    _, found, told = comment.partition("#### ⚠️ It changes what judges it\n")
    assert found
    assert "| `gate.margin` | `0.01` | `0.9` |" in told
    assert "- 1 file: `mainline`\n" in told


def test_a_hostile_artifact_is_refused(fork: World) -> None:
    """Findings that a stranger made up, with a path and markup in them, are refused with nothing of them repeated."""
    pull = fork.github.repository.pulls[3]
    run = fork.look(pull)
    kept = fork.findings(run).parent
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("../../../../home/gate.json", json.dumps({"headline": "@everyone <script>"}))
    (kept / "hostile.zip").write_bytes(packed.getvalue())
    told = fork.tell(run)
    assert told.succeeded, told.said
    (comment,) = fork.comments(4)
    assert "refused" in comment
    assert "everyone" not in comment
    assert fork.check(pull["head"]["sha"]) == "failure"


def test_a_branch_with_an_odd_name_is_looked_at_like_any(fork: World) -> None:
    """Slashes, quotes, what a shell would run, and other alphabets in a branch's name run nothing and stop nothing."""
    name = 'dependabot/pip/it\'s-"$(touch${IFS}pwned)"-gr\u00f6\u00dfe'
    commit = fork.change("plain", C=1.0)  # production has 0.9, and less would be worse
    fork.project.run("git", "push", "--quiet", "origin", f"{commit}:refs/heads/{name}")
    fork.project.run("git", "switch", "--quiet", "main")
    pull = fork.github.repository.open(name, "Odd")
    run = fork.look(pull)
    assert run.succeeded, run.said
    told = fork.tell(run)
    assert told.succeeded, told.said
    assert len(fork.comments(pull["number"])) == 1
    assert fork.check(commit) == "success"
    assert not list(fork.runner.folder.rglob("pwned"))


def test_a_merge_queue_gets_the_checks_that_it_waits_for(fork: World) -> None:
    """The commit that a queue made is looked at, and the check is set there; nobody is sent a comment."""
    before = len(fork.github.repository.comments)
    commit, run = fork.queue("plain")
    assert run.succeeded, run.said
    told = fork.tell(run)
    assert told.succeeded, told.said
    assert fork.check(commit) == "success"
    assert len(fork.github.repository.comments) == before


def test_a_document_releases_nothing(fork: World) -> None:
    """A commit that leaves the model as it is makes no tag and no release."""
    before = fork.tags()
    (fork.project.path / "NOTES.md").write_text("Words\n")
    fork.project.commit("Document")
    fork.project.run("git", "push", "--quiet", "origin", "main")
    run = fork.release()
    assert run.succeeded, run.said
    assert "Nothing is released" in run.said
    assert fork.tags() == before
    assert set(fork.images()) == {"v1.0.0", "v1.1.0"}


def test_an_alarm_that_a_server_shared_is_an_issue_and_starts_a_retraining(fork: World) -> None:
    """What the branch of monitoring says becomes one issue, however often the workflow runs, and one message each."""
    found = look("2024-06-20", version(skill="fail"))
    lines = alarms.update([], found, 7)
    found = found.model_copy(update={"alarms": alarms.fold(lines)})
    _publish(fork, "monitoring/production", {
        alarms.FILE: alarms.write(lines).decode(), sharing.RESULT: found.model_dump_json(),
    })  # fmt: skip
    for _ in range(2):
        run = fork.start("monitor.yml", "workflow_dispatch", {})
        assert run.succeeded, run.said
    opened = [issue["title"] for issue in fork.github.repository.issues]
    assert opened.count("Alarm: v1.0.0 in production errs more than it should") == 1
    assert {sent["event_type"] for sent in fork.github.repository.dispatches} == {"drift"}


def test_retraining_opens_a_pull_request_with_its_report(fork: World) -> None:
    """The window moves by a month, and a machine's pull request carries the report; a second message is too soon."""
    run = fork.start("retrain.yml", "repository_dispatch", {"action": "new-data"})
    assert run.succeeded, run.said
    pull = fork.github.repository.pulls[-1]
    assert pull["head"]["ref"] == "retrain"
    assert "production" in pull["body"]
    shown = fork.github.repository.current(pull)["head"]["sha"]
    assert "through: 2024-06" in _show(fork, f"{shown}:params.yaml")
    again = fork.start("retrain.yml", "repository_dispatch", {"action": "new-data"})
    assert again.succeeded, again.said
    assert "the last retraining was 0 days ago" in again.said
    assert [item["head"]["ref"] for item in fork.github.repository.pulls].count("retrain") == 1


def test_an_aborted_rollout_opens_a_revert_whose_merge_brings_the_version_back(fork: World) -> None:
    """What a server wrote to git becomes a pull request; merged, production has the version before, not a new one."""
    _abort(fork, "v1.1.0")
    run = fork.start("deployments.yml", "repository_dispatch", {"action": "rollout-aborted"})
    assert run.succeeded, run.said
    pull = fork.github.repository.pulls[-1]
    assert pull["head"]["ref"] == "rollback/v1.0.0"
    fork.merge(pull["number"])
    released = fork.release()
    assert released.succeeded, released.said
    assert "v1.0.0 is back" in released.said
    assert {"model#production#3", "model#staging#3"} < fork.tags()
    assert {tag for tag in fork.tags() if "@" in tag} == {"model@v1.0.0", "model@v1.1.0"}


def test_artifacts_that_nobody_pushed_fail_a_check_of_their_own(fork: World) -> None:
    """With shared storage the check fails until what the lock names is there; nothing of the branch is run for it."""
    here = fork.project
    here.run("git", "switch", "--quiet", "main")
    here.run("git", "pull", "--quiet", "origin", "main")
    here.run("python", "-m", "mainline", "remote", str(fork.runner.folder / "bucket"))
    here.commit("Declare the storage")
    here.run("git", "push", "--quiet", "origin", "main")
    commit = fork.change("stored", C=0.6)
    run = fork.look(fork.github.repository.open("stored", "Stored"))
    for push, verdict in ((False, "failure"), (True, "success")):
        if push:
            here.run("python", "-m", "mainline", "push")
        compared = fork.compare(run)
        assert compared.succeeded, compared.said
        assert fork.check(commit, "Storage") == verdict, compared.said


def _show(fork: World, what: str) -> str:
    command = ["git", "-C", str(fork.github.repository.bare), "show", what]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _abort(fork: World, version: str) -> None:
    """Write what a server does, to the branch that it writes to."""
    line = {"time": "2048-01-01T00:00:00Z", "event": "aborted", "version": version, "digest": "0" * 64}
    _publish(fork, "deployments/production", {"events.jsonl": json.dumps(line) + "\n"})


def _publish(fork: World, branch: str, files: dict[str, str]) -> None:
    """Push a branch that has just these files."""
    here, listed = fork.project, ""
    for name, content in files.items():
        (here.path.parent / "content").write_text(content)
        blob = here.run("git", "hash-object", "-w", str(here.path.parent / "content")).stdout.strip()
        listed += f"100644 blob {blob}\t{name}\n"
    (here.path.parent / "tree").write_text(listed)
    tree = here.run("bash", "-c", "git mktree < ../tree").stdout.strip()
    commit = here.run("git", "commit-tree", tree, "-m", "Events").stdout.strip()
    here.run("git", "push", "--quiet", "origin", f"{commit}:refs/heads/{branch}")
