"""A store that was moved, cleaned by DVC, or lost: every version is brought again, or made again."""

import shutil
from pathlib import Path

import pytest

from mainline.errors import MainlineError
from mainline.release.archive import archive
from mainline.remote import listings, objects, transfer
from mainline.remote.stores import open_cache, open_remote
from tests.door import typed
from tests.mainline.remote.conftest import PIPELINE
from tests.project import FLIGHTS, Project


@pytest.fixture
def released(repository: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A version with a package, and a newer commit without a version; the store has both."""
    monkeypatch.setenv("PATH", repository.environment()["PATH"])
    pipeline = repository.path / "dvc.yaml"
    for text in ("first", "second"):
        pipeline.write_text(
            PIPELINE.replace("o text", f"o {text}").replace("o two", f"o of {text}").replace("data", "models/package")
        )
        repository.run("dvc", "repro", "--quiet")
        transfer.push(objects.of_workspace())
        repository.commit(text)
        if text == "first":
            repository.run("git", "tag", "model@v1.0.0")
    return repository


def whole(*names: str) -> bool:
    """Whether the declared store has what some commits need."""
    outputs = [output for name in names for output in objects.of_commit(name)]
    there = open_remote()
    return not there.check(listings.expand(outputs, [there])).all


def test_a_moved_store_has_every_version(released: Project, tmp_path: Path) -> None:
    """Declared elsewhere, one command brings what the old store has, though this machine never had it."""
    shutil.rmtree(released.path / ".dvc/cache")
    said = typed("remote", str(tmp_path / "new"))
    assert "`./mainline push --all`" in said
    with pytest.raises(MainlineError, match="push --all` on a machine that has it brings it"):
        listings.expand(objects.of_commit("model@v1.0.0"), [open_remote()])
    assert "all that versions, branches and tags need is there" in typed("push", "--all")
    assert whole("model@v1.0.0", "main")
    shutil.rmtree(tmp_path / "storage")
    typed("pull", "--all")
    here = open_cache()
    assert not here.check(listings.expand(objects.of_commit("model@v1.0.0"), [here])).all


def test_a_thorough_pull_of_everything_hashes_what_is_here(released: Project) -> None:
    """An object that is damaged in the cache is found and replaced; an ordinary pull sees that it is there."""
    typed("pull", "--all")
    damaged = [file for file in (released.path / ".dvc/cache/files/md5").rglob("*") if file.is_file()]
    for file in damaged:
        file.chmod(0o644)
        file.write_bytes(b"damaged")
    assert typed("pull", "--all").startswith("0 objects were brought")
    said = typed("pull", "--all", "--thorough")
    here = open_cache()
    oids = listings.expand(objects.of_commit("model@v1.0.0") + objects.of_commit("main"), [here])
    assert said.startswith(
        f"{len(set(oids))} objects were brought; all that versions, branches and tags need is there."
    )
    assert not here.check(oids).all


def test_what_is_nowhere_is_said_and_made_again(released: Project, tmp_path: Path) -> None:
    """After a total loss each version is named, and rebuilt at its commit into today's store."""
    typed("remote", str(tmp_path / "new"))
    shutil.rmtree(tmp_path / "storage")
    shutil.rmtree(released.path / ".dvc/cache")
    found = r"Nowhere is what these need: version v1.0.0 \(model, models/package\).*`./mainline rebuild v1.0.0`"
    with pytest.raises(MainlineError, match=found):
        typed("push", "--all")
    assert "v1.0.0 is whole: 4 objects were sent" in typed("rebuild", "v1.0.0")
    assert whole("model@v1.0.0")
    assert (released.path / "model").read_text() == "second\n"  # the workspace is as it was


@pytest.mark.parametrize(("production", "ways"), [
    ("v2.0.0", r"release what this machine makes: `make repro`, .* Then `./mainline archive v2\.0\.0`\.$"),
    ("v1.0.0", r"or leave it out: `./mainline archive v2\.0\.0`\.$"),
])  # fmt: skip
def test_a_version_that_comes_out_otherwise_is_not_passed_off(
    released: Project, tmp_path: Path, production: str, ways: str
) -> None:
    """A machine that makes other bytes says so; the version is archived, after one in use was replaced."""
    (tmp_path / "text").write_text("before")
    pipeline = released.path / "dvc.yaml"
    pipeline.write_text(PIPELINE.replace("echo text", f"cat {tmp_path}/text").replace("data", "models/package"))
    (released.path / "deploy").mkdir(exist_ok=True)
    shutil.copy2(FLIGHTS / "deploy/production.yaml", released.path / "deploy")
    declared = released.path / "deploy/production.yaml"
    declared.write_text(declared.read_text().replace("after: staging", "after:"))
    released.run("dvc", "repro", "--quiet")
    released.commit("third")
    released.run("git", "tag", "model@v2.0.0")
    released.run("git", "tag", "model#production#1", f"model@{production}")
    (tmp_path / "text").write_text("after")
    shutil.rmtree(released.path / ".dvc/cache")
    with pytest.raises(
        MainlineError, match=rf"v2.0.0 was run again, but model .*This machine makes other bytes.*{ways}"
    ):
        typed("rebuild", "v2.0.0")
    if production != "v2.0.0":
        assert "v2.0.0 is archived" in archive("v2.0.0", "It is lost.")


def test_files_of_git_lfs_that_a_rebuild_lacks_are_fetched(released: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git LFS brings the files of one commit; where an older one cannot be checked out, the message brings them all."""
    (released.path / ".gitattributes").write_text("*.csv filter=lfs\n")
    (released.path / "given.csv").write_text("a\n")
    released.commit("Keep it with Git LFS")
    released.run("git", "tag", "model@v2.0.0")
    for number, (name, value) in enumerate({"smudge": "false", "required": "true"}.items()):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{number}", f"filter.lfs.{name}")
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{number}", value)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "2")
    with pytest.raises(MainlineError, match=r"given\.csv.*smudge filter lfs failed.* `git lfs fetch --all` brings"):
        typed("rebuild", "v2.0.0")


def test_what_gc_took_is_said_with_a_way_back(released: Project) -> None:
    """A person used to DVC runs `dvc gc -w -c`: push and the look at the store name the version and what helps."""
    assert "lacks" not in typed("push")
    released.run("dvc", "gc", "--workspace", "--cloud", "--force", "--quiet")
    for said in (typed("push"), typed("remote")):
        assert "lacks the packages of v1.0.0, as `dvc gc --cloud`" in said
        assert "`./mainline push --all` where they are, else `./mainline rebuild v1.0.0`" in said
    typed("rebuild", "v1.0.0")
    assert "lacks" not in typed("push")
    assert whole("model@v1.0.0", "main")


def test_a_store_that_is_gone_for_good_stops_nothing(released: Project) -> None:
    """Another remote that does not answer is said, and what the others have is brought."""
    released.run("dvc", "remote", "add", "--quiet", "gone", "ssh://localhost:1/nowhere")
    assert "is there" in typed("push", "--all")
