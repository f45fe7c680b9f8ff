"""What a stranger's branches and tags make of a follower: nothing."""

from pathlib import Path

from tests.mainline.rollout.conftest import Followed

LOOK_ALIKES = (
    "refs/tags/origin/main", "refs/tags/refs/remotes/origin/main", "refs/tags/main", "refs/tags/HEAD",
    "refs/heads/a/refs/heads/main", "refs/heads/origin/main", "refs/heads/refs/remotes/origin/main",
    "refs/tags/a/HEAD", "refs/heads/a/HEAD",
)  # fmt: skip
RAN = "import pathlib; pathlib.Path({file!r}).write_text('ran')\n"


def push_unmerged(followed: Followed, *references: str, **files: str) -> str:
    """Push a commit that nobody merged under whole names, as whoever may push branches and tags can."""
    run = followed.repository.run
    run("git", "switch", "--quiet", "--detach")
    for name, text in files.items():
        file = followed.repository.path / name.replace("__", "/", 1).replace("_dot_", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    run("git", "add", "--all", "--force")
    run("git", "commit", "--quiet", "--message", "Not merged")
    commit = run("git", "rev-parse", "HEAD").stdout.strip()
    run("git", "push", "--quiet", "origin", *(f"{commit}:{name}" for name in references))
    run("git", "switch", "--quiet", "main")
    return commit


def test_ref_that_only_looks_like_main_is_not_followed(followed: Followed, tmp_path: Path) -> None:
    """Policy, keys and code of a commit that was not merged do not count, whatever it is called."""
    followed.release()
    ran = tmp_path / "ran"
    code = RAN.format(file=str(ran))
    files = {f"mainline__{name}_dot_py": code for name in ("__init__", "__main__")}
    push_unmerged(followed, *LOOK_ALIKES, deploy__production_dot_yaml="promotion: {}\n", **files)
    merged = followed.repository.run("git", "rev-parse", "refs/heads/main").stdout.strip()
    for _ in range(2):
        found = followed.source.bring(followed.source.look())
        assert (found.problem, found.commit, found.verified) == ("", merged, True)
    assert not ran.exists()


def test_child_runs_nothing_of_the_clone(followed: Followed, tmp_path: Path) -> None:
    """A folder `mainline` that main itself has is data for a follower: it brings the package with its own code."""
    followed.release()
    ran = tmp_path / "ran"
    for name in ("__init__", "__main__"):
        file = followed.repository.path / "mainline" / f"{name}.py"
        file.parent.mkdir(exist_ok=True)
        file.write_text(RAN.format(file=str(ran)))
    followed.repository.merge("Add a folder")
    assert followed.source.bring(followed.source.look()).verified
    assert not ran.exists()


def test_only_tags_of_the_registry_are_fetched(followed: Followed) -> None:
    """Tags of other tools stay where they are, however many there are."""
    followed.release()
    for name in ("v2.0.0", "origin/main", "models@v1.0.0", "model"):
        followed.repository.run("git", "push", "--quiet", "origin", f"HEAD:refs/tags/{name}")
    followed.source.look()
    tags = followed.repository.run("git", "-C", str(followed.source.place.clone), "tag").stdout.split()
    assert tags == ["model#production#1", "model#staging#1", "model@v1.0.0"]


def test_default_branch_is_followed_whatever_it_is_called(followed: Followed) -> None:
    """A repository whose branch is not called main is followed, also when it was renamed under the follower."""
    followed.release()
    assert followed.source.look().problem == ""
    origin = ["git", "-C", str(followed.source.url)]
    followed.repository.run(*origin, "branch", "--move", "main", "release/trunk")
    followed.repository.run(*origin, "symbolic-ref", "HEAD", "refs/heads/release/trunk")
    found = followed.source.look()
    assert (found.problem, found.wanted is not None) == ("", True)
    anew = followed.source.place.clone
    anew.rename(anew.with_name("old"))
    assert followed.source.look().problem == ""
