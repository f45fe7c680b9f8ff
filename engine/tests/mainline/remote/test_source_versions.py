"""Data that stays in a versioned bucket, named in git by `dvc import-url --version-aware`."""

import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from botocore.exceptions import ReadTimeoutError

from mainline.errors import MainlineError
from mainline.remote import objects, source_versions, transfer
from mainline.remote.store import StorageError
from mainline.remote.stores import open_remote
from mainline.stages import versions
from mainline.stages.versions import Patience, VersionError
from tests.door import typed
from tests.object_store import ObjectStore
from tests.project import Project

VERSION = versions.Version("raw/k", "raw.dvc", "s3://b/k", "1", "", 1)


class Source:
    """A folder of a bucket that keeps versions."""

    def __init__(self, store: ObjectStore, prefix: str) -> None:
        self.store, self.prefix = store, prefix

    def write(self, **files: str) -> None:
        """Put new versions of files."""
        for name, text in files.items():
            self.store.write(f"{self.prefix}/{name}.csv", text.encode())

    def forget(self, name: str) -> None:
        """Remove a file with all of its versions, as a rule of the bucket does."""
        for key, version in self.store.versions(f"{self.prefix}/{name}.csv"):
            self.store.remove_version(key, version)


@pytest.fixture
def source(
    repository: Project, object_store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Source]:
    """Two files, which the repository imports at their first versions and has committed."""
    for name, value in object_store.environment.items():
        monkeypatch.setenv(name, value)
    with object_store.keeping_versions():
        made = Source(object_store, tmp_path.name)
        made.write(a="one", b="two")
        repository.run("dvc", "remote", "add", "--quiet", "elsewhere", object_store.url("").rstrip("/"))
        repository.run("dvc", "remote", "modify", "--quiet", "elsewhere", "endpointurl", object_store.endpoint)
        yield made


def bring(repository: Project, source: Source, *options: str) -> None:
    """Import the folder, and commit."""
    address = f"remote://elsewhere/{source.prefix}"
    run(repository, source, "import-url", "--version-aware", *options, address, "taken")
    repository.commit("Import")


def run(repository: Project, source: Source, *command: str) -> None:
    """Run DVC with the credentials of the bucket."""
    repository.run("dvc", command[0], "--quiet", *command[1:], env=source.store.environment)


def texts(repository: Project) -> dict[str, str]:
    """Return what the folder holds in the workspace."""
    return {file.stem: file.read_text() for file in (repository.path / "taken").glob("*.csv")}


@pytest.mark.parametrize("options", [(), ("--no-download",)])
def test_pull_brings_the_versions_that_git_names(repository: Project, source: Source, options: tuple[str, ...]) -> None:
    """Whatever is there by now, and also if nobody has downloaded them before."""
    bring(repository, source, *options)
    source.write(a="other")
    source.store.remove(f"{source.prefix}/b.csv")
    repository.run("rm", "-rf", ".dvc/cache/files", "taken")
    repository.run("dvc", "repro", "--quiet")
    assert transfer.pull(objects.of_workspace()) == 1
    assert texts(repository) == {"a": "one", "b": "two"}
    assert repository.run("git", "status", "--short").stdout == ""


def test_what_stays_at_its_source_is_neither_pushed_nor_cleaned(repository: Project, source: Source) -> None:
    """The store has the pipeline's objects alone, and the bucket keeps every version."""
    bring(repository, source)
    assert transfer.push(objects.of_workspace(), thorough=True) == 4
    before = source.store.versions(source.prefix)
    typed("clean", "--yes", "--older-than", "0")
    assert len({*open_remote().everything()}) == 4
    assert source.store.versions(source.prefix) == before


def test_a_revert_of_an_update_brings_the_old_versions_back(repository: Project, source: Source) -> None:
    """A rollback is a revert in git, and a pull."""
    bring(repository, source)
    source.write(a="other")
    run(repository, source, "update", "taken.dvc")
    repository.commit("Update")
    assert texts(repository)["a"] == "other"
    repository.run("git", "revert", "--no-edit", "HEAD")
    repository.run("rm", "-rf", ".dvc/cache/files", "taken")
    repository.run("dvc", "repro", "--quiet")
    transfer.pull(objects.of_workspace())
    assert texts(repository)["a"] == "one"


@pytest.mark.parametrize("options", [(), ("--no-download",)])
def test_a_release_asks_the_source_for_its_versions(
    repository: Project, source: Source, options: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """An overwritten object is still there; one whose version is gone stops a release, and not a return."""
    bring(repository, source, *options)
    source.write(a="other")
    source_versions.check("HEAD", is_new=True)
    assert "2 objects that stay at their source are there" in capsys.readouterr().out
    source.forget("b")
    said = rf"^taken\.dvc names version \w+ of s3://\S+/{source.prefix}/b\.csv, and the store does not have it"
    with pytest.raises(StorageError, match=said):
        source_versions.check("HEAD", is_new=True)
    source_versions.check("HEAD", is_new=False)
    assert "the data of this version cannot be had again: taken.dvc names" in capsys.readouterr().out


def test_versions_are_asked_for_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each request waits here until as many are under way as may be."""
    together = threading.Barrier(source_versions.JOBS)

    def head_object(**_: object) -> dict[str, str]:
        together.wait(60)
        return {}

    monkeypatch.setattr(versions, "_client", lambda *_: SimpleNamespace(head_object=head_object))
    monkeypatch.setattr(source_versions, "of_commit", lambda _: [VERSION] * 2 * source_versions.JOBS)
    source_versions.check("HEAD", is_new=True)


def test_a_version_that_comes_back_waits_for_a_slow_source_no_longer_than_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A rollback takes seconds, however many objects there are: what was not asked for in time is told."""
    asked: list[Patience] = []

    def head_object(**_: object) -> dict[str, str]:
        time.sleep(1)
        return {}

    def client(_: versions.Store, patience: Patience) -> SimpleNamespace:
        asked.append(patience)
        return SimpleNamespace(head_object=head_object)

    monkeypatch.setattr(versions, "_client", client)
    monkeypatch.setattr(source_versions, "SOON", 0)
    monkeypatch.setattr(source_versions, "of_commit", lambda _: [VERSION] * 1000)
    source_versions.check("HEAD", is_new=False)
    assert re.search(r"0 of 1,000 objects that stay at their source are there; the others", capsys.readouterr().out)
    assert len(asked) <= source_versions.JOBS
    assert {*asked} == {source_versions.SHORT}


def test_a_version_comes_back_whose_source_nothing_names_by_now(
    repository: Project, source: Source, capsys: pytest.CaptureFixture[str]
) -> None:
    """A remote that was taken out of `.dvc/config` since stops a release, and not a return."""
    bring(repository, source)
    repository.run("dvc", "remote", "remove", "elsewhere")
    said = r"taken\.dvc names remote 'elsewhere', which \.dvc/config does not declare"
    with pytest.raises(StorageError, match=said):
        source_versions.check("HEAD", is_new=True)
    source_versions.check("HEAD", is_new=False)
    assert re.search(f"the data of this version cannot be had again: {said}", capsys.readouterr().out)


def test_a_source_that_lost_a_version_stops_a_pull(repository: Project, source: Source) -> None:
    """The line names the file of DVC, and says why."""
    bring(repository, source, "--no-download")
    source.forget("b")
    with pytest.raises(
        StorageError, match=r"^what taken\.dvc names cannot be imported: .* of s3://\S+/b\.csv, and the"
    ):
        transfer.pull(objects.of_workspace())


def test_a_version_is_read_as_git_names_it(
    repository: Project, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its MD5 where one is known; an address that does not answer, and other credentials, are a line each."""
    bring(repository, source)
    first, second = versions.named((repository.path / "taken.dvc").read_text(), "taken.dvc")
    source.write(a="other")
    assert (first.path, first.fetch(), second.fetch()) == ("taken/a.csv", b"one", b"two")
    assert first.md5
    with pytest.raises(VersionError, match=r"was changed since git named it: it has 3 bytes with MD5 \w+, and taken"):
        first._replace(md5="0" * 32).fetch()
    with pytest.raises(VersionError, match=r"was changed since git named it: it has a content with ETag \w+, and"):
        first._replace(version_id="null").fetch()
    with pytest.raises(VersionError, match=r"cannot be read: .*Is `store` in compute\.yaml right\?$"):
        first._replace(store=versions.Store("http://127.0.0.1:1", "us-east-1")).check()
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    with pytest.raises(VersionError, match=r"cannot be read \(\w+\)\. Each machine that reads it needs credentials"):
        first._replace(store=versions.Store(source.store.endpoint, "eu-west-1")).fetch()


def test_a_connection_that_breaks_in_the_middle_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The store answered and then went away: the line names the object."""

    def read() -> bytes:
        raise ReadTimeoutError(endpoint_url="https://s3.lan")

    answer = {"Body": SimpleNamespace(read=read), "ETag": ""}
    monkeypatch.setattr(versions, "_client", lambda *_: SimpleNamespace(get_object=lambda **_: answer))
    with pytest.raises(VersionError, match=r"^s3://b/k cannot be read: Read timeout on endpoint URL"):
        VERSION.fetch()


def test_an_address_of_a_store_that_is_none_is_told() -> None:
    """It may come from `.dvc/config` or from compute.yaml."""
    with pytest.raises(VersionError, match=r"^s3://b/k cannot be read: Invalid endpoint: odd\. Is `store` in compute"):
        VERSION._replace(store=versions.Store("odd", "us-east-1")).check()


ODD = ["", "[]", "a", "deps: [1]", "deps: [1]\nouts: 5", "deps: [1]\nouts: [5]", "a: 2024-13-45", "[" * 3000, "\xff"]


@pytest.mark.parametrize("content", ODD)
def test_a_pull_names_a_file_that_is_not_one_of_dvc(repository: Project, content: str) -> None:
    """Whatever it holds, the line names the file, and what to do."""
    (repository.path / "odd.dvc").write_bytes(content.encode("latin-1"))
    with pytest.raises(VersionError, match=r"^odd\.dvc cannot be read: it is not what DVC writes\. Take it from git"):
        source_versions.not_downloaded()


@pytest.mark.parametrize("md5", ["5", "2024-13-45", "../../etc", "[]"])
def test_an_object_has_the_name_of_one(repository: Project, md5: str) -> None:
    """A name that is not an MD5 would be a path in the cache."""
    (repository.path / "odd.dvc").write_text(f"outs:\n- path: odd\n  md5: {md5}\n")
    with pytest.raises(MainlineError, match=r"^odd\.dvc cannot be read: it is not what DVC writes"):
        objects.of_workspace()


def test_another_repository_of_dvc_inside_of_this_one_keeps_its_own_files(repository: Project) -> None:
    """Its imports are not ours to download or to ask for."""
    inner = repository.path / "inner"
    (inner / ".dvc").mkdir(parents=True)
    (inner / ".dvc/config").write_text("")
    (inner / "odd.dvc").write_text("deps: [{path: s3://b/k}]\nouts: [{path: odd}]\n")
    assert source_versions.not_downloaded() == []
    (repository.path / "odd.dvc").write_text("deps: [{path: s3://b/k}]\nouts: [{path: odd}]\n")
    assert source_versions.not_downloaded() == ["odd.dvc"]


@pytest.mark.parametrize("content", ["a", "deps: [{fs_config: {version_aware: true}}]", "deps: 1"])
def test_what_is_not_a_file_of_dvc_is_told(content: str) -> None:
    """The line names it."""
    with pytest.raises(VersionError, match=r"^odd\.dvc cannot be read: it is not what DVC writes"):
        versions.named(content, "odd.dvc")
