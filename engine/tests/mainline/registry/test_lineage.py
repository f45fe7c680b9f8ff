"""Where a version comes from, told by git alone."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from mainline.data.storage import read_json
from mainline.registry import lineage
from mainline.registry.lineage import LineageError, find
from mainline.registry.tags import versions
from tests.mainline.registry.registries import Registry, at, digest, release
from tests.project import FLIGHTS, ROOT

RESULTS = ("dvc.lock", "metrics/runs.csv", "metrics/train.json", "metrics/test.json")
LIBRARIES = "requirements/pipeline.txt"
SIGNATURE: dict[str, Any] = {"verificationMaterial": {"publicKey": {"hint": "abcd" * 16}}}


@pytest.fixture
def shipped(empty: Registry) -> Registry:
    """A registry whose first version is this repository's own results."""
    for source in (*(FLIGHTS / name for name in RESULTS), ROOT / LIBRARIES):
        target = empty.path / source.relative_to(ROOT if source.name == "pipeline.txt" else FLIGHTS)
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(source.read_bytes())
    empty.commit(1, "Train one month more", author=0.5)
    return empty


def test_a_version_is_traced_to_its_commit_data_and_environment(shipped: Registry) -> None:
    """Author and subject, what each stage made, the parameters, the lock of libraries and who ran the stages."""
    shipped.register("v1.0.0", 2)
    found = lineage.trace("v1.0.0", shipped.path)
    commit = lineage.Commit(shipped.commits["v1.0.0"], "Ada", at(0.5), "Train one month more")
    assert found.commit == commit
    assert (found.registered, found.by) == (at(2), "Ada")
    outputs = {item.path: item for item in found.outputs or []}
    assert {"data/raw", "data/features", "models/package"} <= set(outputs)
    assert f"md5: {outputs['data/raw'].hash}" in (FLIGHTS / "dvc.lock").read_text()
    assert outputs["models/package"].stage == "package"
    assert found.parameters is not None
    assert found.parameters["data"].keys() == {"from", "through"}
    assert found.parameters["model"]["type"].startswith("sklearn.")
    library = (ROOT / LIBRARIES).read_bytes()
    assert found.environment_sha256 == hashlib.sha256(library).hexdigest()
    assert [run["stage"] for run in found.runs] == ["ingest", "validate", "prepare", "train", "evaluate", "package"]
    assert all(run["seconds"] > 0 and "Python" in run["machine"] for run in found.runs)


def test_what_the_release_recorded_is_told(empty: Registry) -> None:
    """Window, metrics, verdict, headline, what it replaced and the hint at the key come from the tag."""
    empty.release("v1.0.0", 1)
    record = release("v1.1.0", 13.5, replaces="v1.0.0", signature=SIGNATURE)
    empty.release("v1.1.0", 2, rmse=13.5, signature=SIGNATURE)
    found = lineage.trace("v1.1.0", empty.path)
    assert (found.digest, found.replaced, found.reason) == (record.digest, "v1.0.0", "model.params")
    assert (found.verdict, found.headline) == ("pass", record.headline)
    assert (found.window, found.metrics) == (record.window, record.metrics)
    assert found.signature == lineage.Signature(True, "abcd" * 16)


def test_where_a_version_was_is_told(empty: Registry) -> None:
    """Every assignment of the version and of no other, newest first."""
    empty.release("v1.0.0", 1)
    empty.release("v1.1.0", 2)
    empty.assign("v1.0.0", 3, "return")
    told = lineage.trace("v1.0.0", empty.path).assignments
    assert [(item.number, item.kind, item.until) for item in told] == [(3, "return", None), (1, "release", at(2))]


def test_a_digest_of_a_prediction_leads_to_its_version(empty: Registry) -> None:
    """Seven digits or more of a package's digest are enough where they fit one version."""
    empty.release("v1.0.0", 1)
    empty.release("v1.1.0", 2)
    assert lineage.trace(digest("v1.1.0")[:7], empty.path).version == "v1.1.0"
    assert lineage.trace(digest("v1.0.0"), empty.path).version == "v1.0.0"


def test_a_digest_that_fits_several_or_none_is_one_clear_error(empty: Registry) -> None:
    """The error names those that fit, or says how many versions cannot be told."""
    empty.release("v1.0.0", 1, digest="abcdef0" + "1" * 57)
    empty.release("v1.1.0", 2, digest="abcdef0" + "2" * 57)
    empty.commit(3)
    empty.git("tag", "model@v1.2.0")
    known = versions(empty.path)
    with pytest.raises(LineageError, match=r"digest abcdef0 fits v1\.1\.0, v1\.0\.0\. Give more digits"):
        find("abcdef0", known)
    with pytest.raises(LineageError, match=r"begins with 1234567\. Without a record of theirs: 1 version\."):
        find("1234567", known)


@pytest.mark.parametrize("name", ["v1.1.01", "1.1.0", "V1.1.0"])
def test_a_mistyped_version_names_the_nearest(empty: Registry, name: str) -> None:
    """The error says what is allowed and which version was probably meant."""
    empty.release("v1.1.0", 1)
    with pytest.raises(LineageError, match=r"there is no version '.*'; did you mean 'v1\.1\.0'\? Give a version, or 7"):
        find(name, versions(empty.path))


def test_without_a_release_there_is_one_clear_error(empty: Registry) -> None:
    """Before the first release the error says how to make it."""
    with pytest.raises(LineageError, match=r"no version was registered yet\. `./mainline promote` on main"):
        lineage.trace("v1.0.0", empty.path)


def test_a_version_by_hand_is_told_from_its_commit(shipped: Registry) -> None:
    """Without a record metrics and runs come from the commit's files, and what only a record has is unknown."""
    shipped.git("tag", "model@v1.0.0")
    found = lineage.trace("v1.0.0", shipped.path)
    assert {found.digest, found.verdict, found.headline, found.signature.signed} == {None}
    assert (found.window, found.replaced) == (None, None)
    assert set(found.metrics) == {"train", "test"}
    assert found.metrics["test"] == read_json(FLIGHTS / "metrics/test.json")
    assert len(found.runs) == 6


@pytest.mark.parametrize("content", ["", "<<<<<<< HEAD\n", "stages: [", "stages: 3"])
def test_a_commit_without_a_readable_lock_is_no_error(empty: Registry, content: str) -> None:
    """What git does not have stays unknown: outputs, parameters, environment and runs."""
    empty.commit(1, dvc_dot_lock=content)
    empty.register("v1.0.0", 1, runs=[{"stage": "train", "seconds": 8.0}])
    found = lineage.trace("v1.0.0", empty.path)
    assert (found.outputs, found.parameters, found.environment_sha256) == (None, None, None)
    assert found.runs == [{"stage": "train", "seconds": 8.0}]
    assert found.signature == lineage.Signature(False, None)


def test_nothing_but_git_is_needed(shipped: Registry, tmp_path: Path) -> None:
    """A bare clone, which has no files and no storage, tells the same."""
    shipped.register("v1.0.0", 2)
    shipped.git("clone", "--quiet", "--bare", str(shipped.path), str(tmp_path / "bare"))
    assert lineage.trace("v1.0.0", tmp_path / "bare") == lineage.trace("v1.0.0", shipped.path)
