"""Going back: a revert to be merged, or at once with the revert to follow; and decommissioning."""

import re

import pytest

from mainline.errors import MainlineError
from mainline.gate import acceptance
from mainline.registry import tags
from mainline.release import promotion, rollback
from mainline.release.archive import archive
from tests.mainline.release.conftest import REFUSALS, Repository, promote_by, refuse, release


@pytest.fixture
def two(repository: Repository) -> Repository:
    """Two versions, of which production has the second; the text beside them belongs to neither."""
    release()
    repository.change(model={"depth": 4})
    (repository.path / "notes.txt").write_text("kept\n")
    repository.merge("Note")
    release()
    return repository


def test_the_revert_changes_the_model_and_nothing_else(two: Repository) -> None:
    """On its branch the model is the old version's and everything else main's; the workspace is as it was."""
    before = two.run("git", "status", "--porcelain").stdout
    said = rollback.prepare(None, "production")
    assert "The revert is on branch rollback/v1.0.0" in said
    changed = two.run("git", "diff", "--name-only", "main", "rollback/v1.0.0").stdout.split()
    assert changed == ["dvc.lock", "params.yaml"]
    assert two.run("git", "status", "--porcelain").stdout == before
    assert two.run("git", "branch", "--show-current").stdout == "main\n"


def test_the_merged_revert_brings_the_version_back(two: Repository) -> None:
    """After the merge the lock is true, promote assigns the old version, and no version is new."""
    rollback.prepare("v1.0.0", "production")
    two.run("git", "merge", "--quiet", "rollback/v1.0.0")
    two.run("git", "push", "--quiet", "origin", "main")
    assert "v1.0.0 is back" in promote_by(refuse)
    two.run("dvc", "checkout", "--quiet")
    assert two.run("dvc", "status", "--quiet").returncode == 0
    assert (two.path / "notes.txt").read_text() == "kept\n"


def test_a_file_that_the_version_did_not_have_is_gone(two: Repository) -> None:
    """Code that a stage got since then is taken away by the revert, and code that it lost comes back."""
    (two.path / "src/more.py").write_text("MORE = 1\n")
    pipeline = two.path / "dvc.yaml"
    pipeline.write_text(pipeline.read_text().replace("[src/make.py]", "[src/make.py, src/more.py]"))
    two.change(model={"depth": 5})
    rollback.prepare("v1.0.0", "production")
    listed = two.run("git", "ls-tree", "-r", "--name-only", "rollback/v1.0.0").stdout.split()
    assert "src/more.py" not in listed
    assert "src/make.py" in listed


def test_what_servers_would_refuse_does_not_come_back(two: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """A version whose libraries are gone is assigned neither by a revert nor by a person."""
    monkeypatch.setattr(acceptance, "refusals", REFUSALS)
    said = r"the servers of production would refuse v1\.{}\.0: dependencies: .*no-such-library.*Nothing is assigned\."
    two.declare_environment("edge", approval="manual")
    two.merge("Serve at the edge too")
    with pytest.raises(MainlineError, match=said.format(1).replace("production", "edge")):
        promotion.approve("edge")
    two.run("git", "revert", "--no-edit", "HEAD~2")
    two.run("git", "push", "--quiet", "origin", "main")
    with pytest.raises(MainlineError, match=said.format(0)):
        promote_by(refuse)
    assert (two.has("staging"), two.has("production"), two.has("edge")) == ("v1.1.0", "v1.1.0", None)


def test_machine_of_a_person_does_not_stop_a_rollback_at_once(
    two: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What lacks here only, since main has the libraries that made the version, is said in a line; it is assigned."""
    monkeypatch.setattr(acceptance, "refusals", REFUSALS)
    assert "production has v1.0.0 instead of v1.1.0." in rollback.assign_now(None, "production")
    said = [line.strip() for line in capsys.readouterr().out.splitlines() if "no-such-library" in line]
    assert len(said) == 1
    assert said[0].startswith("v1.0.0 is assigned although this machine refuses it (dependencies: ")
    assert two.has("production") == "v1.0.0"


def test_a_version_of_other_libraries_is_brought_back_with_them(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What servers with today's libraries would refuse is named with the revert that brings its own, and they come."""
    libraries = repository.path / "requirements/pipeline.txt"
    libraries.parent.mkdir()
    pipeline = repository.path / "dvc.yaml"
    pipeline.write_text(pipeline.read_text().replace("[src/make.py]", "[src/make.py, requirements/pipeline.txt]"))
    for version in (1, 2):
        libraries.write_text(f"numpy=={version}\n")
        repository.change(model={"depth": 4 + version})
        release()
    refused = {"production": "dependencies: numpy 2, not 1"}
    monkeypatch.setattr(acceptance, "refusals", lambda *_, **__: refused)
    said = r"`(\./mainline rollback v1\.0\.0)` prepares a revert that brings back the libraries that it was made with"
    with pytest.raises(MainlineError, match=said):
        rollback.assign_now("v1.0.0", "production")
    rollback.prepare("v1.0.0", "production")
    assert repository.run("git", "show", "rollback/v1.0.0:requirements/pipeline.txt").stdout == "numpy==1\n"


def test_at_once_says_that_git_differs(two: Repository) -> None:
    """Production has the old version, main still names the new one, and a later merge does not undo it."""
    said = rollback.assign_now(None, "production")
    assert "production has v1.0.0 instead of v1.1.0." in said
    assert "GIT AND PRODUCTION DIFFER" in said
    two.merge("Document")
    assert "keeps v1.0.0 (`./mainline rollback --now`) until the revert is merged" in promote_by(refuse)
    assert (two.has("production"), two.has("staging")) == ("v1.0.0", "v1.1.0")


def test_after_the_merge_git_and_production_agree(two: Repository) -> None:
    """The revert that follows changes nothing in production, and brings the other environments along."""
    rollback.assign_now("v1.0.0", "production")
    rollback.prepare("v1.0.0", "production")
    two.run("git", "merge", "--quiet", "rollback/v1.0.0")
    two.run("git", "push", "--quiet", "origin", "main")
    said = promote_by(refuse)
    assert "staging     has v1.0.0" in said
    assert "production  already has it" in said


def test_a_new_model_on_main_ends_a_rollback(two: Repository) -> None:
    """What is merged after a rollback at once is released as usual."""
    rollback.assign_now("v1.0.0", "production")
    two.change(model={"depth": 6})
    release()
    assert two.has("production") == "v1.2.0"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("v1.0.1", r"'v1.0.1' is not a known version; did you mean 'v1.\d.0'\?"),
        ("v1.1.0", "main and production have the model of v1.1.0 already"),
    ],
)
def test_what_cannot_be_gone_back_to_is_named(two: Repository, name: str, said: str) -> None:
    """An unknown version, and the one that main has, are refused without a branch."""
    with pytest.raises(MainlineError, match=said):
        rollback.prepare(name, "production")
    assert two.run("git", "branch", "--list", "rollback/*").stdout == ""


def test_an_archived_version_is_no_measure(two: Repository) -> None:
    """What is archived is not among the versions that a candidate is held against."""
    assert [version.name for version in tags.newest(5, two.path)] == ["v1.1.0", "v1.0.0"]
    archive("v1.0.0", "Its package is lost.")
    assert [version.name for version in tags.newest(5, two.path)] == ["v1.1.0"]


def test_a_remote_that_moved_is_named_with_the_way_on(two: Repository) -> None:
    """A repository with another address now is asked again after the command that the message names."""
    (two.path.parent / "origin.git").rename(two.path.parent / "moved.git")
    with pytest.raises(MainlineError, match=r"Did it move\? `git remote set-url origin URL` says where it is now"):
        release()
    two.run("git", "remote", "set-url", "origin", "../moved.git")
    assert "Nothing is released" in release()


def test_before_a_second_version_there_is_nothing_to_go_back_to(repository: Repository) -> None:
    """With one version the answer is one line."""
    release()
    with pytest.raises(MainlineError, match="production never had another version"):
        rollback.assign_now(None, "production")
    assert repository.has("production") == "v1.0.0"


def test_an_archived_version_is_kept_and_not_assigned(two: Repository) -> None:
    """Its tag and lineage stay; neither a rollback nor a revert on main assigns it."""
    assert "v1.0.0 is archived" in archive("v1.0.0", "It was trained on wrong labels.")
    assert archive("v1.0.0", "") == "v1.0.0 is archived already."
    assert [version.archived for version in tags.versions()] == [False, True]
    with pytest.raises(MainlineError, match=r"v1.0.0 is archived and can no longer be assigned"):
        rollback.assign_now("v1.0.0", "production")
    two.change(model={"depth": 3})
    with pytest.raises(MainlineError, match=r"v1.0.0 is archived and can no longer be assigned"):
        release()
    assert two.has("production") == "v1.1.0"


@pytest.mark.usefixtures("two")
def test_what_an_environment_has_is_not_archived() -> None:
    """A version in use is refused, with the way to get there."""
    with pytest.raises(MainlineError, match=r"staging has v1.1.0. Promote another version first"):
        archive("v1.1.0", "")
    with pytest.raises(MainlineError, match=r"'v7.0.0' is not a known version"):
        archive("v7.0.0", "")


def test_a_revert_of_the_revert_reaches_production(two: Repository) -> None:
    """A rollback at once stands until main has another model; what is merged after that is assigned as usual."""
    rollback.assign_now("v1.0.0", "production")
    two.change(model={"depth": 3})
    promote_by(refuse)
    two.change(model={"depth": 4})
    assert "production  has v1.1.0" in promote_by(refuse)
    assert two.has("production") == "v1.1.0"


def test_a_rewritten_history_ends_no_rollback(two: Repository) -> None:
    """Commits get other names when something is scrubbed from them; the model that is held back stays held back."""
    rollback.assign_now("v1.0.0", "production")
    old = two.run("git", "rev-parse", "HEAD").stdout.strip()
    rewrite = ["git", "filter-branch", "--force", "--msg-filter", "cat; echo scrubbed", "--tag-name-filter", "cat"]
    two.run(*rewrite, "--", "--all", FILTER_BRANCH_SQUELCH_WARNING="1")
    two.run("git", "push", "--quiet", "--force", "origin", "main", "--tags")
    two.run("git", "reflog", "expire", "--expire=now", "--all")
    two.run("sh", "-c", "git for-each-ref --format='delete %(refname)' refs/original | git update-ref --stdin")
    two.run("git", "gc", "--quiet", "--prune=now")
    assert two.run("git", "cat-file", "-e", old, succeed=None).returncode
    two.merge("Document")
    assert "keeps v1.0.0 (`./mainline rollback --now`) until the revert is merged" in promote_by(refuse)


def test_going_back_twice_does_not_come_back_to_a_bad_version(repository: Repository) -> None:
    """Without a version each rollback goes one further; past the first there is none, and one that is named works."""
    for depth in (3, 4, 5):
        repository.change(model={"depth": depth})
        release()
    assert "production has v1.1.0 instead of v1.2.0." in rollback.assign_now(None, "production")
    assert "production has v1.0.0 instead of v1.1.0." in rollback.assign_now(None, "production")
    with pytest.raises(
        MainlineError, match=r"Name the one to return to: `\./mainline rollback VERSION --environment production`"
    ):
        rollback.assign_now(None, "production")
    rollback.prepare("v1.1.0", "production")
    repository.run("git", "merge", "--quiet", "rollback/v1.1.0")
    repository.run("git", "push", "--quiet", "origin", "main")
    promote_by(refuse)
    assert repository.has("production") == "v1.1.0"


def test_a_branch_that_is_checked_out_is_left_alone(two: Repository) -> None:
    """Somebody who looks at the revert keeps what they see; the branch is made anew when they have left it."""
    rollback.prepare("v1.0.0", "production")
    two.merge("Document")
    two.run("git", "switch", "--quiet", "rollback/v1.0.0")
    with pytest.raises(MainlineError, match=r"rollback/v1\.0\.0 is checked out in .*`git switch main` there first"):
        rollback.prepare("v1.0.0", "production")
    assert two.run("git", "status", "--porcelain").stdout == ""
    two.run("git", "commit", "--quiet", "--allow-empty", "--message", "A person's work")
    two.run("git", "switch", "--quiet", "main")
    with pytest.raises(MainlineError, match=r"has other commits than the revert\. Keep them"):
        rollback.prepare("v1.0.0", "production")
    two.run("git", "branch", "--move", "rollback/v1.0.0", "mine")
    assert "The revert is on branch rollback/v1.0.0" in rollback.prepare("v1.0.0", "production")


def test_archiving_is_taken_back_by_what_the_message_says(two: Repository) -> None:
    """The one command that the refusal names makes the version assignable again."""
    archive("v1.0.0", "By mistake.")
    with pytest.raises(MainlineError, match="is archived") as refused:
        rollback.assign_now("v1.0.0", "production")
    command = re.search(r"take that decision back: `(.*)`\.$", str(refused.value))
    assert command
    two.run("sh", "-c", command[1])
    assert "production has v1.0.0" in rollback.assign_now("v1.0.0", "production")
