"""What a follower sees of git and storage, and what it does where they fail."""

import os
import re
import shutil
import subprocess

import pytest

from mainline.errors import MainlineError
from mainline.gate import acceptance
from mainline.package import signing
from mainline.package.soundness import is_sound
from mainline.registry import addresses, events
from mainline.release import promotion, rollback
from mainline.repository import git
from mainline.rollout import approvals, reports, status
from mainline.rollout.follower import Follower
from mainline.rollout.records import Event
from mainline.rollout.source import Source
from mainline.serving.endpoints import rollout_page
from tests import git_server
from tests.faulty_proxy import Fault, FaultyProxy
from tests.mainline.rollout.conftest import POLICY, Followed
from tests.project import SEARCH_PATH


def test_package_of_the_assigned_version_is_brought_verified(followed: Followed) -> None:
    """Version, policy and package come from git and storage; the package appears whole, and is not fetched twice."""
    followed.release()
    found = followed.source.bring(followed.source.look())
    assert found.problem == ""
    assert found.verified
    assert found.policy is not None
    assert found.wanted is not None
    assert found.wanted.version == "v1.0.0"
    package = followed.source.place.package(found.wanted.digest)
    assert is_sound(package, found.wanted.digest)
    shutil.rmtree(followed.repository.path.parent / "storage")
    assert followed.source.bring(followed.source.look()).verified


def test_package_of_stable_that_was_damaged_is_brought_again(followed: Followed) -> None:
    """A file that changed on this machine is noticed at the next look, and the package comes from storage once more."""
    followed.release()
    follower = Follower(followed.source, followed.source.place)
    follower.look()
    follower.tick()
    stable = follower.driver.state.stable
    assert stable is not None
    package = followed.source.place.package(stable.digest)
    (package / "manifest.json").write_text("{}")
    follower.look()
    assert follower.found.problem == ""
    assert is_sound(package, stable.digest)


def test_nothing_assigned_and_no_git_are_said(followed: Followed) -> None:
    """Before the first release there is no version; without git, what the last look found stays known."""
    assert "git assigns no version to production" in followed.source.look().problem
    followed.release()
    before = followed.source.look()
    followed.repository.path.parent.joinpath("origin.git").rename(followed.repository.path.parent / "gone.git")
    found = followed.source.look()
    assert found.problem.startswith("git is away: ")
    assert (found.wanted, found.commit) == (before.wanted, before.commit)
    assert followed.source.recall().wanted == before.wanted


def test_merge_that_no_run_released_is_in_the_status(followed: Followed) -> None:
    """A server says that main has another model than git gave it, on the terminal and the page, and has no problem."""
    followed.release()
    follower = Follower(followed.source, followed.source.place)
    follower.look()
    follower.tick()
    now = status.read(followed.source.place.folder)
    assert "could take it" not in status.render(now, now["time"]) + rollout_page.render(now, now["time"])
    os.chdir(followed.repository.path)
    followed.repository.change(model={"depth": 9})
    follower.look()
    follower.tick()
    now = status.read(followed.source.place.folder)
    text = status.render(now, now["time"])
    assert "\n  main     has had a model that no run released since 20" in text
    assert "production could take it and did not" in " ".join(text.split())
    assert "PROBLEM" not in text
    assert "; it has had a model that no run released since 20" in rollout_page.render(now, now["time"])


def test_tag_deleted_at_the_origin_counts_no_more(followed: Followed) -> None:
    """What git assigns is the same for a follower that has been here before and for one that clones anew."""
    followed.release()
    followed.release(5)
    before = followed.source.look()
    assert before.wanted is not None
    assert before.wanted.version == "v1.1.0"
    followed.repository.run("git", "push", "--quiet", "origin", "--delete", "refs/tags/model#production#2")
    found = followed.source.look()
    assert found.problem == ""
    assert found.wanted is not None
    assert found.wanted.version == "v1.0.0"


def test_assignment_taken_back_and_archived_version_come_to_serve_no_more(followed: Followed) -> None:
    """Either is said with its reason, which ends a rollout under way; without git the reason is not known."""
    followed.release()
    followed.release(5)
    assert followed.source.look().withdrawn == ""
    version = followed.repository.run("git", "rev-parse", "HEAD").stdout.strip()
    for tag, reason in (
        ("model@v1.1.0!", "v1.1.0 is archived"),
        ("model#production!#3", "git assigns no version to production"),
    ):
        followed.repository.run("git", "push", "--quiet", "origin", f"{version}:refs/tags/{tag}")
        found = followed.source.look()
        assert (found.wanted, found.withdrawn) == (None, reason)
        assert found.problem.startswith(f"{reason}; what serves stays")


@pytest.mark.parametrize("damaged", [".git/index.lock", ".git/HEAD", ".git/index", ".git/objects", "."])
def test_damaged_clone_is_made_anew(followed: Followed, damaged: str) -> None:
    """What a loss of power leaves of the clone, or nothing of it, stops nobody, and no repository around is touched."""
    followed.release()
    clone = followed.source.place.clone
    followed.source.look()
    around = followed.source.place.folder
    followed.repository.run("git", "init", "--quiet", str(around))
    followed.repository.run("git", "-C", str(around), "remote", "add", "origin", "nowhere")
    if (clone / damaged).is_dir():
        shutil.rmtree(clone / damaged)
    else:
        (clone / damaged).write_bytes(b"")
    recalled = Source(followed.source.url, "production", followed.source.place).recall()
    assert recalled.wanted is None or recalled.wanted.version == "v1.0.0"
    followed.declare({**POLICY, "strategy": "shadow", "steps": []})
    found = followed.source.look()
    assert found.problem == ""
    assert found.commit == followed.repository.run("git", "rev-parse", "HEAD").stdout.strip()
    shown = followed.repository.run("git", "-C", str(around), "remote", "get-url", "origin").stdout
    assert shown.strip() == "nowhere"


def test_clone_is_kept_where_only_the_network_is_at_fault(followed: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a fetch breaks off at every try, git is away; the clone is as good as it was, and is not made anew."""
    monkeypatch.setattr(git, "WAIT", 0.0)
    followed.release()
    place = followed.source.place
    with git_server.serve(place.folder) as port, FaultyProxy(port) as proxy:
        source = Source(f"{proxy.endpoint}/origin.git", "production", place)
        assert source.look().problem == ""
        made = place.clone.stat().st_ino
        proxy.fault = Fault("error 503", times=git.TRIES, skip=2)  # the question before, which is two requests
        assert re.match(r"git is away: `git fetch` was tried \d times", source.look().problem)
        assert proxy.injected == git.TRIES
        assert source.look().problem == ""
        assert place.clone.stat().st_ino == made


def test_unknown_key_of_the_policy_is_said_and_the_version_known(followed: Followed) -> None:
    """A typo on main leaves no policy, names the key, and does not hide what is assigned."""
    followed.release()
    followed.declare({"strategie": "canary"})
    found = followed.source.look()
    assert "did you mean 'strategy'" in found.problem
    assert found.policy is None
    assert found.wanted is not None


def test_damaged_storage_is_said_until_it_is_well(followed: Followed) -> None:
    """A package that cannot be had, or is not as released, is not used; once storage is well it is."""
    followed.release()
    storage = followed.repository.path.parent / "storage"
    storage.rename(storage.with_name("away"))
    found = followed.source.bring(followed.source.look())
    assert not found.verified
    assert "cannot be had" in found.problem
    assert not followed.source.place.packages.exists() or not list(followed.source.place.packages.iterdir())
    storage.with_name("away").rename(storage)
    assert followed.source.bring(followed.source.look()).verified


def test_package_damaged_after_it_was_checked_is_brought_again(followed: Followed) -> None:
    """That it was sound once does not count."""
    followed.release()
    found = followed.source.bring(followed.source.look())
    assert found.wanted is not None
    package = followed.source.place.package(found.wanted.digest)
    (package / "model.txt").write_text("changed")
    assert followed.source.bring(found).verified
    assert is_sound(package, found.wanted.digest)


def test_required_signature_is_verified_with_the_keys_of_main(followed: Followed) -> None:
    """Without one the package is refused; signed by a key that main trusts it is taken."""
    followed.release()
    followed.declare(POLICY, signature="required")
    found = followed.source.bring(followed.source.look())
    assert not found.verified
    assert "the package is not signed" in found.problem
    os.chdir(followed.repository.path)
    signing.make_keys("release")
    followed.repository.merge("Trust a key")
    followed.release(5)
    assert followed.source.bring(followed.source.look()).verified


def test_signature_is_asked_of_a_package_that_is_here_already(followed: Followed) -> None:
    """Required later, or its key revoked later: what was brought before is verified as if it were new."""
    followed.release()
    os.chdir(followed.repository.path)
    assert followed.source.bring(followed.source.look()).verified
    followed.declare(POLICY, signature="required")
    found = followed.source.look()
    assert not found.verified
    found = followed.source.bring(found)
    assert (found.verified, "the package is not signed" in found.withdrawn) == (False, True)
    os.chdir(followed.repository.path)
    signing.make_keys("release")
    followed.repository.merge("Trust a key")
    followed.release(5)
    assert followed.source.bring(followed.source.look()).verified
    assert followed.source.look().verified
    os.chdir(followed.repository.path)
    followed.repository.run("git", "mv", "deploy/keys/release.pub", "deploy/keys/release.revoked")
    followed.repository.merge("Revoke the key")
    found = followed.source.look()
    assert not found.verified
    found = followed.source.bring(found)
    assert not found.verified
    assert found.withdrawn.startswith("its signature is not trusted: there is no public key in deploy/keys")


def test_refusal_of_check_package_is_said(followed: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that may not take traffic here is not kept; the reason is known, and a way back that works."""
    monkeypatch.undo()
    for name, value in followed.repository.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(followed.repository.path)
    monkeypatch.setenv("PYTHONPATH", SEARCH_PATH)
    monkeypatch.setattr(acceptance, "refusals", lambda *_, **__: {})
    followed.release()
    followed.release(4)
    found = followed.source.bring(followed.source.look())
    assert not found.verified
    assert re.match(r"check-package refuses v1\.1\.0: .*`rollback --now --environment production`", found.problem)
    rollback.assign_now(None, "production")
    wanted = followed.source.look().wanted
    assert wanted is not None
    assert wanted.version == "v1.0.0"


def test_events_are_appended_once(followed: Followed) -> None:
    """What was told already is left out, lines of other servers stay, and `./mainline delivery` reads all of them."""
    followed.release()
    followed.source.look()
    told = Event(1, 1_767_225_600.0, "served", "v1.0.0", "ab" * 32)
    assert reports.deliver((told,), "production") == {1}
    other = Event(1, 1_767_225_700.0, "served", "v1.0.0", "ab" * 32, "another server")
    reports.deliver((told, other), "production")
    followed.repository.run("git", "fetch", "--quiet", "origin")
    found = events.read("production", followed.repository.path)
    assert [event.reason for event in found.events] == ["", "another server"]
    assert found.bad_lines == 0


def test_line_of_events_that_is_not_utf8_stops_no_event(followed: Followed) -> None:
    """Whoever may push to the branch writes what they like; what comes after it is appended all the same."""
    followed.release()
    followed.source.look()
    reports.deliver((Event(1, 1_767_225_600.0, "served", "v1.0.0", "ab" * 32),), "production")
    run = followed.repository.run
    run("git", "fetch", "--quiet", "origin")
    run("git", "switch", "--quiet", "--detach", "origin/deployments/production")
    (followed.repository.path / events.FILE).write_bytes(b"caf\xe9\n")
    run("git", "commit", "--quiet", "--all", "--message", "Write anything")
    run(
        "git",
        "push",
        "--quiet",
        "origin",
        "HEAD:refs/heads/deployments/production",
        "HEAD:refs/heads/a/refs/heads/deployments/production",
    )
    run("git", "switch", "--quiet", "main")
    followed.source.look()
    reports.deliver((Event(2, 1_767_225_700.0, "served", "v1.0.0", "ab" * 32),), "production")
    run("git", "fetch", "--quiet", "origin")
    found = events.read("production", followed.repository.path)
    assert (len(found.events), found.bad_lines) == (1, 1)


def test_events_wait_where_nothing_may_be_pushed(followed: Followed) -> None:
    """A refusal is an error that the follower meets by trying again; nothing is lost."""
    followed.release()
    followed.source.look()
    hook = followed.repository.path.parent / "origin.git/hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho no >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(MainlineError, match="no"):
        reports.deliver((Event(1, 1.0, "served", "v1.0.0", "ab" * 32),), "production")


def test_events_are_told_while_main_is_replaced(followed: Followed) -> None:
    """A forced push to main, or another server's events, between look and telling costs no event."""
    followed.release()
    followed.repository.merge("Come after the release, whose commit stays on main")
    followed.source.look()
    for number in range(3):
        followed.repository.run("git", "commit", "--quiet", "--amend", "--allow-empty", "--message", f"Main {number}")
        followed.repository.run("git", "push", "--quiet", "--force", "origin", "HEAD:main")
        assert reports.deliver((Event(number, 1e9 + number, "served", "v1.0.0", "ab" * 32),), "production") == {number}
        found = followed.source.look()
        assert found.problem == ""
        assert found.commit == followed.repository.run("git", "rev-parse", "HEAD").stdout.strip()
        assert len(events.read("production").events) == number + 1


def test_abort_prepares_a_revert_for_review(followed: Followed) -> None:
    """Main with the model of the version that serves is pushed as a branch; a second time changes nothing."""
    followed.release()
    followed.release(6)
    followed.source.look()
    wanted = Event(1, 1.0, "revert", "v1.0.0", "ab" * 32)
    for _ in range(2):
        assert reports.deliver((wanted,), "production") == {1}
    branch = subprocess.run(
        ["git", "-C", "../origin.git", "branch", "--list", "rollback/v1.0.0"],
        cwd=followed.repository.path, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert "rollback/v1.0.0" in branch


def test_a_revert_that_is_done_is_not_asked_for_again(followed: Followed) -> None:
    """Where main and the environment have the model to go back to, nothing is left to do, and other events go out."""
    followed.release()
    outbox = (Event(1, 1.0, "revert", "v1.0.0", "ab" * 32), Event(2, 1.0, "served", "v1.0.0", "ab" * 32))
    followed.source.look()
    assert reports.deliver(outbox, "production") == {1, 2}


def test_later_abort_makes_the_revert_anew_from_main(followed: Followed) -> None:
    """Where main went on since an earlier abort, the branch is main as it is now; one that people added to stays."""
    followed.release()
    followed.release(6)
    origin = ["git", "-C", str(followed.repository.path.parent / "origin.git")]

    def abort() -> str:
        followed.source.look()
        reports.deliver((Event(1, 1.0, "revert", "v1.0.0", "ab" * 32),), "production")
        return subprocess.run([*origin, "rev-parse", "rollback/v1.0.0"], capture_output=True, text=True).stdout.strip()

    first = abort()
    followed.declare({**POLICY, "rollbackWindow": {"revisions": 2}})
    second = abort()
    assert second != first
    assert subprocess.run([*origin, "merge-base", "--is-ancestor", "main", second]).returncode == 0
    message = ["commit-tree", f"{second}^{{tree}}", "-p", second, "-m", "A person's work"]
    person = ["-c", "user.name=A Person", "-c", "user.email=person@example.org"]
    added = subprocess.run([*origin, *person, *message], capture_output=True, text=True, check=True).stdout.strip()
    subprocess.run([*origin, "branch", "--force", "rollback/v1.0.0", added], check=True)
    followed.declare({**POLICY, "rollbackWindow": {"revisions": 4}})
    assert abort() == added


def test_approval_is_a_tag_that_followers_read(followed: Followed) -> None:
    """A person's word names version, policy and step; a step that does not wait is refused."""
    followed.release()
    with pytest.raises(MainlineError, match="no approval step"):
        approvals.approve("v1.0.0", "production", None)
    steps = [{"setWeight": 20}, {"approval": None}, {"setWeight": 50}, {"approval": {}}]
    followed.declare({**POLICY, "steps": steps})
    with pytest.raises(MainlineError, match="waits at steps 2, 4; name one"):
        approvals.approve("v1.0.0", "production", None)
    with pytest.raises(MainlineError, match="waits at steps 2, 4, not at 3; name one"):
        approvals.approve("v1.0.0", "production", 3)
    said = approvals.approve("v1.0.0", "production", 4)
    found = followed.source.look()
    assert found.policy is not None
    assert found.approved == {("v1.0.0", found.policy.hash, 3)}
    assert found.policy.hash in said


def test_password_is_not_shown() -> None:
    """A URL is shown without who signs in."""
    assert addresses.without_password("https://me:secret@git.example.org/x.git") == "https://git.example.org/x.git"
    assert addresses.without_password("/srv/origin.git") == "/srv/origin.git"


def test_return_is_seen_without_a_fetch_of_the_package(followed: Followed) -> None:
    """After a revert the old version is wanted again, and its package is here already."""
    followed.release()
    first = followed.source.bring(followed.source.look())
    followed.release(7)
    assert followed.source.bring(followed.source.look()).wanted != first.wanted
    followed.repository.run("git", "revert", "--no-edit", "HEAD")
    followed.repository.run("git", "push", "--quiet", "origin", "main")
    followed.repository.run("dvc", "checkout", "--quiet")
    os.chdir(followed.repository.path)
    assert "v1.0.0 is back" in promotion.promote()
    found = followed.source.look()
    assert (found.wanted, found.verified) == (first.wanted, True)


def test_environment_that_main_does_not_declare_is_named(followed: Followed) -> None:
    """A mistyped environment is told from one whose file is wrong."""
    followed.source.environment = "producton"
    assert (
        followed.source.look().problem == "'producton' is not a known environment on main; did you mean 'production'?"
    )
