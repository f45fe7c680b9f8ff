"""The pack of a version: the same from the same record, bound to its package, written from what is on record."""

import csv
import json
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mainline import files
from mainline.declared import card
from mainline.errors import MainlineError
from mainline.evidence import facts, pack
from mainline.github import releases
from mainline.monitoring.result import Monitored
from mainline.package import signing, statement
from mainline.package.signing import SignatureError
from mainline.registry import branches, origin, packs, tags
from mainline.repository import tree
from mainline.repository.tree import Entry
from mainline.rollout import reports
from mainline.rollout.records import Event
from tests.door import typed
from tests.mainline.evidence.conftest import digest, key
from tests.project import Project

NAMES = {
    "README.md", "data.croissant.json", "documentation.md", "model.cdx.json", "provenance.slsa.json", "verdicts.json",
}  # fmt: skip
LOOK = """
import sys
from mainline.evidence import pack
pack.make("v1.0.0", None)
print(sorted(name for name in sys.modules if name.partition(".")[0] == "usecase"))
"""


def test_the_same_record_gives_the_same_bytes(here: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Written twice, and in a clone that has git and the store alone, a pack is the same, signature and all."""
    signer = key().absolute()
    first = pack.make("v1.0.0", signer)[1]
    assert pack.make("v1.0.0", signer)[1] == first
    here.run("git", "clone", "--quiet", str(here.path.parent / "origin.git"), str(tmp_path / "clone"))
    monkeypatch.chdir(tmp_path / "clone")
    assert pack.make("v1.0.0", signer)[1] == first


@pytest.mark.usefixtures("here")
def test_every_document_is_bound_to_the_package() -> None:
    """The statement names each file by its SHA-256, and the package by its digest; the key that signs is trusted."""
    made = pack.make("v1.0.0", key())[1]
    assert made.keys() == NAMES | {statement.SIGNED}
    assert statement.verify(made, ("model@v1.0.0", digest())) == "release"


@pytest.mark.usefixtures("here")
def test_a_digest_names_a_version_as_well() -> None:
    """What a prediction carries is enough to get the evidence of its model."""
    assert pack.make(digest()[:12], None)[0].lineage.version == "v1.0.0"


def test_a_version_is_read_and_never_run(here: Project) -> None:
    """No module of the use case is imported."""
    assert here.run("python", "-P", "-c", LOOK).stdout.strip() == "[]"


@pytest.mark.usefixtures("here")
def test_the_bill_has_every_segment_with_its_interval() -> None:
    """Each row of slices.csv with a metric is one, beside the whole's and the baseline's; bounds are those measured."""
    found = json.loads(pack.make("v1.0.0", None)[1][pack.BOM])["metadata"]["component"]["modelCard"]
    listed = found["quantitativeAnalysis"]["performanceMetrics"]
    with Path("metrics/slices.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["metric"]]
    segments = [one for one in listed if "=" in one["slice"]]
    assert [float(one["value"]) for one in segments] == [float(row["metric"]) for row in rows]
    bounds = [one["confidenceInterval"]["upperBound"] for one in segments if "confidenceInterval" in one]
    assert [float(bound) for bound in bounds] == [float(row["high"]) for row in rows if row["high"]]
    test = json.loads(Path("metrics/test.json").read_text())
    assert float(listed[0]["confidenceInterval"]["lowerBound"]) == test["low"]
    assert found["considerations"]["users"] == ["Pathologists of the archive."]


def test_the_data_is_named_by_content(here: Project) -> None:
    """Each raw file is there with the MD5 that it has, and each table with its columns."""
    found = json.loads(pack.make("v1.0.0", None)[1]["data.croissant.json"])
    files = {one["@id"]: one["md5"] for one in found["distribution"] if one["@type"] == "cr:FileObject"}
    on_disk = {path.relative_to(here.path).as_posix(): path for path in (here.path / "data/raw").rglob("*.*")}
    assert files.keys() == {name for name, path in on_disk.items() if path.is_file()}
    said = here.run("md5sum", *files).stdout.split()
    assert list(files.values()) == said[::2]
    assert found["license"] == "CC-BY-4.0"
    assert all(one["field"] for one in found["recordSet"])


@pytest.mark.usefixtures("here")
def test_provenance_names_commit_libraries_and_stages() -> None:
    """The build is that of the version's commit: every stage, what was read and not made, and what was made."""
    predicate = json.loads(pack.make("v1.0.0", None)[1]["provenance.slsa.json"])["predicate"]
    definition = predicate["buildDefinition"]
    commit = tags.find("v1.0.0").commit
    assert definition["externalParameters"]["commit"] == commit
    assert list(definition["internalParameters"]["stages"]) == [
        "evaluate", "ingest", "package", "prepare", "train", "validate",
    ]  # fmt: skip
    named = {one["name"] for one in definition["resolvedDependencies"]}
    assert {"requirements/pipeline.txt", "src/usecase/card.yaml", "engine/stages/train"} <= named
    assert not named & {"data/raw", "models/model"}
    assert {"data/raw", "models/package"} <= {one["name"] for one in predicate["runDetails"]["byproducts"]}


def test_what_nobody_declared_is_a_gap(here: Project, tmp_path: Path) -> None:
    """A version without a card is a document with a gap for each part of it; filled parts are none."""
    found = facts.read("v1.0.0")
    text = pack.compose(found)["documentation.md"].decode()
    bare = pack.compose(facts.Facts(**{**vars(found), "card": card.load(tmp_path / "none")}))[
        "documentation.md"
    ].decode()
    assert [name for name in card.ASKED if f"(`{name}` in" in text] == []
    assert [name for name in card.ASKED if f"(`{name}` in" not in bare] == []
    assert f"Marked gaps: {sum('**Gap:**' in line for line in bare.splitlines())}." in bare
    assert here.path.name == "project"


def test_what_happened_since_is_on_record(own: Project) -> None:
    """Approvals, what servers told and what monitoring saw of the package are in the record and in the document."""
    commit = tags.find("v1.0.0").commit
    name = f"approval/production/v1.0.0/{'ab' * 6}/3"
    own.run("git", "tag", "--annotate", "--message", "It may pass", name, commit)
    own.run("git", "push", "--quiet", "origin", name)
    reports.append([reports.line(Event(1, 1.0, "aborted", "v1.0.0", digest(), "errors @everyone"))], "production")
    check = {"name": "skill", "group": "quality", "verdict": "fail", "observed": "0.9", "limit": "0.8", "reason": "-"}
    version = {"version": "v1.0.0", "digest": digest(), "rows": 7, "first": "2026-01-01", "last": "2026-01-02",
               "metric": "roc_auc", "checks": [check], "days": [], "segments": []}  # fmt: skip
    seen = Monitored.model_validate(
        {"verdict": "fail", "headline": "-", "environment": "production", "until": "2026-01-02T00:00:00Z", "rows": 7,
         "checks": [], "versions": [version]}
    )  # fmt: skip
    content = Entry("100644", tree.store(seen.model_dump_json()))
    branches.update("monitoring/production", lambda _: {"monitoring.json": content}, "See")
    made = pack.make("v1.0.0", None)[1]
    found = json.loads(made["verdicts.json"])["environments"]["production"]
    assert [(one["step"], one["by"]) for one in found["approvals"]] == [(3, "Test")]
    assert [(one["event"], one["reason"]) for one in found["rollout"]] == [("aborted", "errors @everyone")]
    assert (found["monitoring"]["verdict"], found["monitoring"]["checks"][0]["verdict"]) == ("fail", "fail")
    text = made["documentation.md"].decode()
    assert "step 3 approved by `Test`" in text
    assert "errors `@everyone`" in text
    assert "`skill`: `fail`" in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("v9.0.0", "--unsigned"), r"^there is no version 'v9\.0\.0'; did you mean 'v1\.0\.0'\?"),
        (("v1.0.0", "src", "--unsigned"), r"^src exists; name a folder that does not\.$"),
        (("v1.0.0", "x", "--publish"), r"^only a signed pack is published, and into no folder"),
        (("v1.0.0", "x"), r"^MAINLINE_SIGNING_KEY names nowhere, which is not a file"),
    ],
)
def test_what_cannot_be_written_is_one_line(
    here: Project, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    """Version, folder, options and key are refused with what to do next, and nothing is written."""
    monkeypatch.setenv(signing.KEY, "nowhere")
    with pytest.raises(MainlineError, match=said):
        typed("evidence", *words)
    assert not (here.path / "x").exists()


def test_without_a_key_or_what_was_stored_nothing_is_written(own: Project) -> None:
    """A missing key is named with two ways out; what neither cache nor store has, with the command that brings it."""
    (own.path / ".git/mainline/signing-key.pem").unlink()
    with pytest.raises(MainlineError, match=r"^there is no private key here\. .*--unsigned does without\.$"):
        typed("evidence", "v1.0.0")
    assert "not signed" in typed("evidence", "v1.0.0", "plain", "--unsigned")
    assert {path.name for path in Path("plain").iterdir()} == NAMES | {statement.UNSIGNED}
    listing = next(out for out in facts.read("v1.0.0").locked["ingest"]["outs"])["md5"]
    own.run("dvc", "remote", "modify", "storage", "url", str(own.path.parent / "empty"))
    (own.path / f".dvc/cache/files/md5/{listing[:2]}/{listing[2:]}").unlink()
    with pytest.raises(MainlineError, match=r"^the data of v1\.0\.0 cannot be listed: .*`\./mainline push --all`"):
        typed("evidence", "v1.0.0", "--unsigned")
    shutil.rmtree(own.path / ".dvc/cache")
    with pytest.raises(MainlineError, match=r"^the package of v1\.0\.0 .* cannot be had: "):
        typed("evidence", "v1.0.0", "--unsigned")
    assert not (own.path / "dist").exists()


def test_promote_publishes_what_it_can_sign(own: Project) -> None:
    """Once, by whoever has a key; a pack that is not right counts as none, and what a release carries is that one."""
    version = tags.find("v1.0.0")
    assert pack.published(version)
    made = packs.read("v1.0.0")
    assert statement.verify(made, ("model@v1.0.0", digest())) == "release"
    assert not pack.published(version)
    assert pack.of_release(version) == made
    packs.publish("v1.0.0", {**made, "README.md": b"better"})
    assert statement.UNSIGNED in pack.of_release(version)
    assert pack.published(version)
    assert packs.read("v1.0.0") == made
    (own.path / ".git/mainline/signing-key.pem").unlink()
    packs.publish("v1.0.0", {})
    assert not pack.published(version)


@pytest.mark.usefixtures("own")
def test_a_file_in_the_place_of_a_pack_counts_as_none() -> None:
    """Whoever may push to the branch stops nobody: the next one who has a key puts the folder there."""
    version, planted = tags.find("v1.0.0"), Entry("100644", tree.store("x"))
    pack.published(version)
    made = packs.read("v1.0.0")
    gone: dict[str, Entry | None] = {f"model/v1.0.0/{name}": None for name in made}
    branches.update(packs.BRANCH, lambda _: {**gone, "model/v1.0.0": planted}, "plant")
    assert (packs.named("v1.0.0"), packs.read("v1.0.0")) == ("", {})
    assert pack.published(version)
    assert packs.read("v1.0.0") == made


def test_all_that_is_in_the_folder_is_looked_at(own: Project) -> None:
    """A program, a link, a folder and a very large file beside what was signed are no files that were signed."""
    version = tags.find("v1.0.0")
    pack.published(version)
    branch = origin.tracking(origin.remote(), f"{origin.HEADS}{packs.BRANCH}")
    signed, made = own.run("git", "rev-parse", branch).stdout.strip(), packs.read("v1.0.0")
    for mode, name in (("100755", "run.sh"), ("120000", "link.md"), ("100644", "more/README.md")):
        entry = {f"model/v1.0.0/{name}": Entry(mode, tree.store("/etc/passwd"))}
        own.run("git", "update-ref", branch, tree.commit(tree.write(signed, entry), "more", signed))
        assert packs.read("v1.0.0") == made | {name: b"/etc/passwd"}
        with pytest.raises(SignatureError, match="is not the file that was signed"):
            statement.verify(packs.read("v1.0.0"), ("model@v1.0.0", digest()))
    packs.publish("v1.0.0", {**made, "README.md": b" " * (packs.LARGEST + 1)})
    assert packs.read("v1.0.0") == made | {"README.md": b""}


def test_a_release_carries_what_was_published(own: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its archive is the signed pack, byte by byte, and its bill the one that was signed; the wheel is left out."""
    monkeypatch.setattr(releases, "_wheel", lambda _: None)
    pack.published(tags.find("v1.0.0"))
    made = packs.read("v1.0.0")
    assert "evidence-v1.0.0.tar" in releases.build()
    carried = own.path / "dist/release"
    subprocess.run(["tar", "-xf", carried / "evidence-v1.0.0.tar", "-C", own.path.parent], check=True)
    assert {path.name: path.read_bytes() for path in (own.path.parent / "evidence-v1.0.0").iterdir()} == made
    assert (carried / "model-v1.0.0.cdx.json").read_bytes() == made[pack.BOM]


def test_an_archive_repeats(tmp_path: Path) -> None:
    """It has the files alone: no time, no owner, one order."""
    made = pack.archive({"b": b"2", "a": b"1"}, "v1.0.0")
    assert made == pack.archive({"a": b"1", "b": b"2"}, "v1.0.0")
    (tmp_path / "x.tar").write_bytes(made)
    subprocess.run(["tar", "-xf", tmp_path / "x.tar", "-C", tmp_path], check=True)
    assert (tmp_path / "evidence-v1.0.0/a").read_bytes() == b"1"


def test_times_are_those_of_the_tag(here: Project) -> None:
    """No document says when it was written."""
    made = datetime.fromisoformat(facts.read("v1.0.0").released)
    said = here.run("git", "for-each-ref", "--format=%(taggerdate:unix)", "refs/tags/model@v1.0.0").stdout
    assert made == datetime.fromtimestamp(int(said), UTC)


def test_a_pack_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between two files it leaves no folder of that name, and the next run does not stumble over the rest."""
    documents = {"README.md": b"1", "model.cdx.json": b"2"}
    whole = files.replace

    def kill(path: Path, content: bytes) -> None:
        if path.name == "model.cdx.json":
            raise KeyboardInterrupt
        whole(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(files, "replace", kill)
        with pytest.raises(KeyboardInterrupt):
            pack.write(tmp_path / "evidence-v1", documents)
    assert not (tmp_path / "evidence-v1").exists()
    pack.write(tmp_path / "evidence-v1", documents)
    assert {path.name: path.read_bytes() for path in (tmp_path / "evidence-v1").iterdir()} == documents
    assert [path.name for path in tmp_path.iterdir()] == ["evidence-v1"]
