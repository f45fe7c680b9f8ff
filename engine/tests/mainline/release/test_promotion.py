"""Promotion: main decides what environments have, and no kill, race or damage leaves half of it."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from mainline.commands.history import history
from mainline.commands.lineage import lineage
from mainline.declared import params
from mainline.errors import MainlineError, ParamsError
from mainline.gate import examination
from mainline.gate.findings import Accepted
from mainline.registry import publication, tags
from mainline.registry.publication import Tag, TakenError
from mainline.release import promotion
from mainline.remote.store import StorageError
from mainline.repository import git
from tests import git_server
from tests.faulty_proxy import Fault, FaultyProxy
from tests.mainline.release.conftest import DECLARED, Repository, judge, promote_by, refuse, release
from tests.object_store import ObjectStore
from tests.project import FLIGHTS


def test_the_first_release_is_registered_and_assigned(repository: Repository) -> None:
    """Version and assignments appear at the origin together, with what they are in words and as a record."""
    assert "v1.0.0 is released." in release()
    assert repository.tags() == ["model#production#1", "model#staging#1", "model@v1.0.0"]
    version = tags.versions()[0]
    assert version.message.startswith("model v1.0.0: rmse 14.2 on 2013-03\n\ndigest   ")
    assert version.release is not None
    assert version.release.metrics["test"] == {"rows": 100, "rmse": 14.2}
    assert version.release.digest == json.loads(Path("models/package/manifest.json").read_text())["digest"]
    record = tags.assignments("production")[0].record
    assert record is not None
    assert (record.kind, record.replaces, record.main) == ("release", None, version.commit)


def test_a_commit_that_leaves_the_model_untouched_releases_nothing(repository: Repository) -> None:
    """A text in the repository is not a release, and the gate is not even asked."""
    release()
    (repository.path / "README.md").write_text("More words\n")
    repository.merge("Document")
    assert "Nothing is released" in promote_by(refuse)
    assert len(repository.tags()) == 3


@pytest.mark.parametrize(
    ("sections", "name", "reason"),
    [
        ({"model": {"depth": 4}}, "v1.1.0", "model.depth"),
        ({"data": {"train": ["2013-01", "2013-02"], "validation": ["2013-03"], "test": ["2013-04"]}}, "v1.0.1",
         "data: 2013-01 to 2013-03 became 2013-01 to 2013-04"),
        ({"request": [{"name": "size", "description": "How large"}, {"name": "age"}]}, "v2.0.0",
         "field 'age' is required now"),
        ({"request": [{"name": "size"}, {"name": "age", "optional": True}]}, "v1.1.0",
         "the request changed, old clients fit"),
        ({"request": [{"name": "size", "description": "In metres"}], "model": {"depth": 5}}, "v1.1.0", "model.depth"),
    ],
    ids=["parameter", "data", "schema", "optional field", "words of the schema"],
)  # fmt: skip
def test_the_meaning_of_a_change_gives_the_number(
    repository: Repository, sections: dict[str, object], name: str, reason: str
) -> None:
    """Parameters are minor, other months a patch, another contract with clients major; its words are not a contract."""
    release()
    repository.change(**sections)
    assert f"{name} is released." in release()
    found = tags.versions()[0].release
    assert found is not None
    assert (found.reason, found.replaces) == (reason, "v1.0.0")
    assert repository.has("production") == name


def test_changed_code_is_minor(repository: Repository) -> None:
    """Code that a stage runs is named as the reason."""
    release()
    code = repository.path / "src/make.py"
    code.write_text(code.read_text().replace('"name": "y"', '"name": "y", "description": "words"'))
    repository.change()
    release()
    found = tags.versions()[0].release
    assert found is not None
    assert (found.version, found.reason) == ("v1.1.0", "src/make.py")


def test_a_revert_brings_the_old_version_back(repository: Repository) -> None:
    """After a revert on main no version is new, the old one is assigned again, and the gate is not asked."""
    release()
    repository.change(model={"depth": 4})
    release()
    repository.run("git", "revert", "--no-edit", "HEAD")
    repository.run("git", "push", "--quiet", "origin", "main")
    assert "v1.0.0 is back" in promote_by(refuse)
    assert [version.name for version in tags.versions()] == ["v1.1.0", "v1.0.0"]
    assert repository.has("production") == "v1.0.0"
    record = tags.assignments("production")[-1].record
    assert record is not None
    assert (record.kind, record.replaces) == ("return", "v1.1.0")


def test_a_version_after_a_revert_gets_a_number_of_its_own(repository: Repository) -> None:
    """Numbers go on from the highest, and say what was replaced."""
    release()
    repository.change(model={"depth": 4})
    release()
    repository.change(model={"depth": 3})
    release()
    repository.change(model={"depth": 5})
    assert "v1.2.0 is released." in release()
    found = tags.versions()[0].release
    assert found is not None
    assert found.replaces == "v1.0.0"


def test_what_the_gate_refuses_is_not_released(repository: Repository) -> None:
    """No tag is written and nothing is pushed to the store."""
    with pytest.raises(MainlineError, match="it is worse than production"):
        promote_by(refuse)
    assert repository.tags() == []
    assert not (repository.path.parent / "storage").exists()


@pytest.mark.parametrize("file", ["params.yaml", "src/make.py"])
def test_a_lock_that_is_not_true_is_no_release_and_no_silence(repository: Repository, file: str) -> None:
    """Code or parameters that the pipeline was not run on, as after a merge, are named though the package is known."""
    release()
    text = (repository.path / file).read_text()
    (repository.path / file).write_text(
        text.replace("depth: 3", "depth: 9").replace("import pathlib", "import  pathlib")
    )
    repository.merge("Merge without running the pipeline")
    named = {"params.yaml": "params.yaml: model", "src/make.py": "src/make.py"}[file]
    said = (
        rf"^dvc.lock does not match \w+: {named} changed since the last run\..* only formatted counts as changed, too\."
    )
    with pytest.raises(MainlineError, match=said):
        release()
    assert len(repository.tags()) == 3


def test_code_behind_the_links_of_a_folder_is_looked_at(repository: Repository) -> None:
    """A stage may depend on a folder of links to code: as it was run it is released, edited it is named."""
    code = repository.path / "engine/src/text.py"
    link = repository.path / "engine/stages/package/deep/text.py"
    for folder in (code.parent, link.parent):
        folder.mkdir(parents=True)
    code.write_text("ONE = 1\n")
    link.symlink_to("../../../src/text.py")
    (link.parent.parent / "a.py").symlink_to("../../src/text.py")
    pipeline = repository.path / "dvc.yaml"
    pipeline.write_text(pipeline.read_text().replace("[src/make.py]", "[src/make.py, engine/stages/package]"))
    repository.change(model={"depth": 4})
    assert "v1.0.0 is released." in release()
    code.write_text("ONE = 2\n")
    repository.merge("Edit without running the pipeline")
    with pytest.raises(MainlineError, match=r"^dvc.lock does not match \w+: engine/stages/package changed since"):
        release()


@pytest.mark.parametrize("file", ["accepted.yaml", "deploy/another.yaml", "deploy/keys/mine.pub"])
def test_a_new_declaration_that_is_not_committed_releases_nothing(repository: Repository, file: str) -> None:
    """What decides about a release is in the commit: a new file that git does not know is refused like an edit."""
    path = repository.path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text((repository.path / "deploy/production.yaml").read_text())
    with pytest.raises(MainlineError, match=rf"^{file} is not committed; .* `git stash --include-untracked`\.$"):
        release()
    assert repository.tags() == []


def test_a_note_that_is_not_committed_hinders_no_release(repository: Repository) -> None:
    """A new file that no release reads may lie there, the keys of clients and what declares previews included."""
    for file, content in {"notes.txt": "", "deploy/keys/clients.yaml": "{}", "deploy/preview.yaml": "preview:"}.items():
        path = repository.path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{content}\n")
    assert "v1.0.0 is released." in release()


def test_a_commit_that_was_not_pushed_is_told_so(repository: Repository) -> None:
    """A commit on top of main is named as one to push, for a repository that allows it."""
    repository.run("git", "commit", "--quiet", "--allow-empty", "--message", "Mine")
    with pytest.raises(MainlineError, match=r"open a pull request; push it \(`git push origin HEAD:main`\); or `git "):
        release()


def test_what_is_not_on_main_is_not_released(repository: Repository) -> None:
    """A commit that was not merged, and a change that was not committed, are named."""
    repository.run("git", "commit", "--quiet", "--allow-empty", "--message", "Mine")
    with pytest.raises(MainlineError, match=r"is not on main, which is at .*open a pull request"):
        release()
    repository.run("git", "reset", "--quiet", "--hard", "origin/main")
    (repository.path / "params.yaml").write_text("data: {}\n")
    with pytest.raises(MainlineError, match=r"params.yaml is not committed; a release is a commit"):
        release()
    assert repository.tags() == []


def test_an_older_commit_of_main_leaves_the_release_to_the_newest(repository: Repository) -> None:
    """A run that was overtaken by another merge does nothing and says so."""
    repository.merge("Newer")
    repository.run("git", "checkout", "--quiet", "HEAD~1")
    assert "main has moved on" in release()
    assert repository.tags() == []


@pytest.mark.parametrize(
    "said", ["Words [skip ci]", "[CI Skip] Words", "Words\n\nBecause [no ci]", "W\n\n\nskip-checks:true"]
)
def test_a_newest_commit_that_has_no_run_is_not_left_to_it(repository: Repository, said: str) -> None:
    """The run that was overtaken fails, where people see it, and its remedy releases what both brought."""
    repository.merge("Newer")
    repository.run("git", "commit", "--quiet", "--allow-empty", "--cleanup=verbatim", "--message", said)
    repository.run("git", "push", "--quiet", "origin", "main")
    repository.run("git", "checkout", "--quiet", "--detach", "HEAD~1")
    with pytest.raises(
        MainlineError, match=r"no run of its own.*`(git switch main && git pull origin main)`"
    ) as refused:
        release()
    assert repository.tags() == []
    repository.run("bash", "-c", str(refused.value).split("`")[1])
    assert "v1.0.0 is released." in release()


def test_a_message_about_skipping_is_not_taken_for_one_that_skips(repository: Repository) -> None:
    """Only GitHub's own words count."""
    repository.merge("Say when to skip ci, and that skip-checks: true is a trailer")
    repository.run("git", "checkout", "--quiet", "--detach", "HEAD~1")
    assert "a run of its own" in release()


def test_artifacts_are_in_the_store_before_any_tag(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ended right before the tags, the store has everything and the registry nothing; the next run goes on."""

    def end(_: list[Tag]) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(publication, "publish", end)
        with pytest.raises(KeyboardInterrupt):
            release()
    assert repository.tags() == []
    assert repository.run("git", "tag").stdout == ""
    assert len([path for path in (repository.path.parent / "storage/files").rglob("*") if path.is_file()]) == 4
    assert "v1.0.0 is released." in release()


def test_a_damaged_artifact_is_never_released(repository: Repository) -> None:
    """A flipped bit in the cache stops the promotion before any tag."""
    objects = [path for path in (repository.path / ".dvc/cache/files").rglob("*") if path.is_file()]
    objects[0].chmod(0o644)
    objects[0].write_bytes(b"X" + objects[0].read_bytes()[1:])
    with pytest.raises(StorageError, match=r"models/package .*damaged or missing"):
        release()
    assert repository.tags() == []


def test_a_returning_version_is_verified_in_the_store(repository: Repository) -> None:
    """A version whose artifacts are gone everywhere is not assigned again."""
    release()
    repository.change(model={"depth": 4})
    release()
    repository.change(model={"depth": 3})
    shutil.rmtree(repository.path.parent / "storage")
    shutil.rmtree(repository.path / ".dvc/cache")
    with pytest.raises(StorageError, match="damaged or missing"):
        release()
    assert repository.has("production") == "v1.1.0"


def test_two_runs_at_once_release_once(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run whose tags are taken reads the registry again and finds its work done."""
    original = publication.publish
    called: list[bool] = []

    def late(wanted: list[Tag]) -> None:
        if not called:
            called.append(True)
            with monkeypatch.context() as earlier:
                earlier.setenv("GIT_COMMITTER_DATE", "2020-01-01T00:00:00Z")
                release()
        original(wanted)

    monkeypatch.setattr(publication, "publish", late)
    assert "Nothing is released" in release()
    assert repository.tags() == ["model#production#1", "model#staging#1", "model@v1.0.0"]


def test_tags_are_written_all_or_none(repository: Repository) -> None:
    """Where one of them is there already, none is written, and none stays behind here."""
    head = repository.run("git", "rev-parse", "HEAD").stdout.strip()
    publication.publish([Tag("model#production#1", head, "first\n")])
    with pytest.raises(TakenError, match="in the meantime"):
        publication.publish([Tag("model@v1.0.0", head, "second\n"), Tag("model#production#1", head, "other\n")])
    assert repository.tags() == ["model#production#1"]
    assert repository.run("git", "tag").stdout.split() == ["model#production#1"]


def test_without_an_origin_the_registry_is_here(repository: Repository) -> None:
    """A repository that nobody shares is promoted in place, and a taken tag leaves nothing either."""
    repository.run("git", "remote", "remove", "origin")
    assert "v1.0.0 is released." in release()
    assert repository.has("production") == "v1.0.0"
    head = repository.run("git", "rev-parse", "HEAD").stdout.strip()
    with pytest.raises(TakenError, match="in the meantime"):
        publication.publish([Tag("model@v1.1.0", head, "second\n"), Tag("model#production#1", head, "other\n")])
    assert "model@v1.1.0" not in repository.run("git", "tag").stdout


def test_a_tag_that_only_this_clone_has_is_no_part_of_the_registry(repository: Repository) -> None:
    """A tag made by hand and never pushed is named before it misleads a release."""
    repository.run("git", "tag", "model@v9.0.0")
    with pytest.raises(MainlineError, match=r"tag model@v9.0.0 is here but not in origin"):
        release()


def test_an_origin_that_refuses_tags_is_named(repository: Repository) -> None:
    """Without the right to push there is one error, and no tag here."""
    hook = repository.path.parent / "origin.git/hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho 'no right to write' >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(MainlineError, match=r"no right to write.*Nothing was released"):
        release()
    assert repository.run("git", "tag").stdout == ""


def test_a_remote_that_is_away_is_not_taken_for_one_that_refuses(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a push has no answer at any try, nobody is sent to look for a right that is there."""
    monkeypatch.setattr(git, "WAIT", 0.0)
    repository.run("git", "-C", "../origin.git", "config", "http.receivepack", "true")
    with git_server.serve(repository.path.parent) as port, FaultyProxy(port) as proxy:
        repository.run("git", "remote", "set-url", "--push", "origin", f"{proxy.endpoint}/origin.git")
        proxy.fault = Fault("error 503")
        with pytest.raises(MainlineError, match=r"error: 503 Nothing was released\. Run this again\."):
            release()
        assert repository.tags() == []
        proxy.fault = None
        assert "v1.0.0 is released." in release()


def test_a_release_is_told_though_the_remote_is_away_once_it_has_the_tags(repository: Repository) -> None:
    """Nothing is asked any more, so no answer that is missing makes a failure of a release."""
    hook = repository.path.parent / "origin.git/hooks/post-receive"
    hook.write_text('#!/bin/sh\ngrep -q refs/tags/ && mv "$PWD" "$PWD.gone"\n')
    hook.chmod(0o755)
    assert "v1.0.0 is released." in release()
    assert repository.has("production") == "v1.0.0"
    hook.parent.parent.with_name("origin.git.gone").rename(hook.parent.parent)
    hook.unlink()
    assert repository.tags() == ["model#production#1", "model#staging#1", "model@v1.0.0"]
    assert "Nothing is released" in release()


def test_an_environment_may_wait_for_a_person(repository: Repository) -> None:
    """Production stays as it is until somebody gives it what staging has."""
    repository.declare_environment("production", approval="manual")
    repository.merge("Ask a person")
    said = release()
    assert "production  waits for a person: `./mainline promote production`" in said
    assert (repository.has("staging"), repository.has("production")) == ("v1.0.0", None)
    assert promotion.approve("production") == "production has v1.0.0."
    record = tags.assignments("production")[0].record
    assert record is not None
    assert record.kind == "approval"
    assert promotion.approve("production") == "production already has it: v1.0.0."
    with pytest.raises(
        MainlineError, match=r"'produktion' is not a known environment of deploy/; did you mean 'production'\?"
    ):
        promotion.approve("produktion")


def test_what_waits_behind_a_person_waits_too(repository: Repository) -> None:
    """An automatic environment after one that waits takes nothing before it."""
    repository.declare_environment("staging", approval="manual")
    repository.merge("Ask a person")
    assert "production  waits for staging" in release()
    assert repository.has("production") is None
    promotion.approve("staging")
    assert "v1.0.0 is promoted." in release()
    assert repository.has("production") == "v1.0.0"


def test_gto_reads_the_same_registry(repository: Repository) -> None:
    """GTO's own program finds the versions and what environments have."""
    release()
    repository.change(model={"depth": 4})
    release()
    shown = subprocess.run(["gto", "show", "--json"], capture_output=True, text=True, check=True).stdout
    found = json.loads(shown)["model"]
    assert (found["version"], found["stage"]) == ("v1.1.0", {"production": "v1.1.0", "staging": "v1.1.0"})


def test_the_judge_must_have_seen_this_package(repository: Repository) -> None:
    """A package that changed while the gate looked is not released."""

    def distracted(environment: str) -> object:
        found = judge(environment)
        found.candidate.digest = "0" * 64
        return found

    with pytest.raises(MainlineError, match="changed while the gate looked"):
        promote_by(distracted)  # type: ignore[arg-type]
    assert repository.tags() == []


def test_what_a_person_accepted_stays_with_the_version(repository: Repository) -> None:
    """Tag, record, history and lineage say who accepted what and why; without production's package it is major."""
    release()
    repository.change(model={"depth": 4})
    decided = Accepted(check="against production", verdict="cannot tell", by="Grace", reason="Its store is lost")

    def accepting(environment: str) -> object:
        return SimpleNamespace(
            **{**vars(judge(environment)), "verdict": "warn", "accepted": [decided], "production": None}
        )

    assert "v2.0.0 is released." in promote_by(accepting)  # type: ignore[arg-type]
    version = tags.versions()[0]
    assert "accepted Grace: against production (cannot tell): Its store is lost\n" in version.message
    assert version.release is not None
    assert version.release.reason == "the package of v1.0.0 is not to be had, so old clients may break"
    assert version.release.accepted[0].model_dump() == decided.model_dump()
    said = history(None, as_json=False)
    assert "v2.0.0 was accepted by Grace although against production said cannot tell: Its store is lost" in said
    assert "against production (cannot tell) by Grace: Its store is lost" in lineage("v2.0.0", as_json=False)


def test_another_use_case_begins_with_a_first_release_of_its_own(repository: Repository) -> None:
    """Named otherwise in dvc.yaml, the model is compared with nothing of the old line, whose tags stay."""
    release()
    with Path("dvc.yaml").open("a") as pipeline:
        pipeline.write("artifacts:\n  bikes: {path: models/package}\n")
    repository.change(model={"depth": 9}, request=[{"name": "wind"}])
    assert "v1.0.0 is released." in release()
    assert [name for name in repository.tags() if name.startswith("bikes")] == [
        "bikes#production#1", "bikes#staging#1", "bikes@v1.0.0",
    ]  # fmt: skip
    assert len(repository.tags()) == 6
    found = tags.versions()[0].release
    assert found is not None
    assert (found.bump, found.replaces) == ("first", None)


@pytest.mark.parametrize("command", [promotion.promote, examination.examine])
def test_outcome_that_labels_cannot_tell_is_refused_before_anything_is_released(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, command: Callable[[], object]
) -> None:
    """A metric of another task is one line, by the gate in the pull request and by the release after it."""
    flights = params.load(FLIGHTS / "params.yaml")
    monkeypatch.setattr(params, "load", lambda: flights)
    file = repository.path / "deploy/production.yaml"
    outcome = {"name": "error", "metric": "log_loss", "better": "lower", "effect": 0.1}
    declared = yaml.safe_load(file.read_text())
    declared["rollout"] = {"strategy": "ab", "sticky": {"by": "key"}, "analysis": {"outcome": outcome}}
    declared["service"] = {"log": {"directory": "logs"}}
    file.write_text(yaml.safe_dump(declared))
    repository.merge("Declare an outcome")
    said = (
        r"^deploy/production\.yaml: rollout\.analysis\.outcome\.metric: is 'log_loss'; of a regression it is one of mae"
    )
    with pytest.raises(ParamsError, match=said):
        command()
    assert repository.tags() == []


IMPORTED = """\
frozen: true
deps:
- path: s3://dvc/{key}
  fs_config: {{version_aware: true}}
  etag: {etag}
  size: 3
  version_id: {version}
outs:
- path: taken.csv
  push: false
"""


def test_data_that_is_gone_at_its_source_stops_a_release_and_no_rollback(
    repository: Repository,
    object_store: ObjectStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A version must be there when a model made from it is released; to serve that again the package is enough."""
    for name, value in {**object_store.environment, "AWS_ENDPOINT_URL": object_store.endpoint}.items():
        monkeypatch.setenv(name, value)
    key = f"{tmp_path.name}/a.csv"
    with object_store.keeping_versions():
        object_store.write(key, b"one")
        (_, version) = object_store.versions(key)[0]
    etag = hashlib.md5(b"one", usedforsecurity=False).hexdigest()
    file = repository.path / "taken.csv.dvc"
    file.write_text(IMPORTED.format(key=key, etag=etag, version=version))
    repository.merge("Import")
    assert "v1.0.0 is released." in release()
    object_store.remove_version(key, version)
    repository.change(model={"depth": 4})
    with pytest.raises(
        StorageError, match=rf"^taken\.csv\.dvc names version {version} of s3://dvc/{key}, and the store"
    ):
        release()
    assert "model@v1.1.0" not in repository.tags()
    file.unlink()
    repository.merge("Leave the data out")
    assert "v1.1.0 is released." in release()
    repository.change(model=DECLARED["model"])
    file.write_text(IMPORTED.format(key=key, etag=etag, version=version))
    repository.merge("Go back")
    assert "v1.0.0 is back" in release()
    assert "the data of this version cannot be had again: taken.csv.dvc names" in capsys.readouterr().out
