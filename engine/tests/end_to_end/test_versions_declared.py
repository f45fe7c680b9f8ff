"""Data that stays in a versioned S3 store: workers of a cluster read the versions that git names, and nobody else."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mainline.declared.compute import SETTING
from tests import project as projects
from tests.dask_cluster import Cluster
from tests.mainline.serving.running import wait_for
from tests.object_store import ObjectStore
from tests.project import LIMIT, Project

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, object_store: ObjectStore) -> Iterator[Cluster]:
    """A scheduler, and a worker that may read the store."""
    made = Cluster(tmp_path_factory.mktemp("dask") / "cluster", "2GiB", ())
    made.folder.mkdir()
    try:
        made.start_scheduler()
        made.start_worker(**object_store.environment)
        wait_for(lambda: "Registered to:" in made.log(), LIMIT)
        yield made
    finally:
        made.end()


@pytest.fixture
def city(tmp_path: Path, object_store: ObjectStore) -> Iterator[Project]:
    """The use case of one place, whose raw data is validated here, then left to the store, and declared by version."""
    made = projects.copy(tmp_path / "project")
    projects.replace_use_case(made, projects.CITY)
    made.run("engine/stage", "ingest")
    made.run("engine/stage", "validate")
    raw = made.path / "data/raw"
    with object_store.keeping_versions():
        for file in raw.rglob("*.parquet"):
            object_store.write(f"{tmp_path.name}/{file.relative_to(raw)}", file.read_bytes())
        shutil.rmtree(raw)
        pipeline = made.path / "dvc.yaml"
        text = pipeline.read_text()
        head, tail = text[: text.index("  ingest:")], text[text.index("  validate:") :]
        pipeline.write_text(head + tail.replace("- data/raw\n", "- data/raw.versions.yaml\n"))
        (made.path / "data/raw.versions.yaml").symlink_to("raw.dvc")
        address = f"s3://{object_store.bucket}/{tmp_path.name}"
        environment = {**object_store.environment, "AWS_ENDPOINT_URL": object_store.endpoint}
        made.run("dvc", "import-url", "--version-aware", "--no-download", address, "data/raw", env=environment)
        yield made


def validated(made: Project) -> dict[str, bytes]:
    """Return what the stage wrote."""
    files = [file for place in ("validated", "quarantine") for file in (made.path / "data" / place).rglob("*.parquet")]
    return {file.relative_to(made.path).as_posix(): file.read_bytes() for file in files}


def declared(cluster: Cluster, store: ObjectStore) -> dict[str, str]:
    """Declare cluster and store; this process itself has no credentials."""
    return {SETTING: cluster.declared(store={"endpoint": store.endpoint, "region": "us-east-1"})}


def test_workers_read_the_versions_that_git_names(city: Project, cluster: Cluster, object_store: ObjectStore) -> None:
    """The same bytes as from files here, although each object was overwritten or removed since; no file comes here."""
    expected = validated(city)
    assert len(expected) > 5
    shutil.rmtree(city.path / "data/validated")
    for number, key in enumerate(object_store.keys(f"{city.path.parent.name}/")):
        object_store.remove(key) if number else object_store.write(key, b"another")
    city.run("dvc", "repro", "--quiet", "--single-item", "validate", env=declared(cluster, object_store))
    assert validated(city) == expected
    assert city.run("dvc", "status", "validate").stdout == "Data and pipelines are up to date.\n"
    assert not (city.path / "data/raw").exists()
    assert b"tests-secret" not in (cluster.folder / "log").read_bytes()


def test_what_is_gone_or_may_not_be_read_is_one_line(
    city: Project, cluster: Cluster, object_store: ObjectStore
) -> None:
    """A version that was removed for good, and a machine without credentials; from here and from a worker alike."""
    here = {SETTING: f"store: {{endpoint: '{object_store.endpoint}', region: us-east-1}}"}
    refused = city.run("engine/stage", "validate", succeed=False, env=here | {"AWS_EC2_METADATA_DISABLED": "true"})
    assert "cannot be read: Unable to locate credentials" in refused.stderr
    key, version = object_store.versions(f"{city.path.parent.name}/")[0]
    object_store.remove_version(key, version)
    lines = [
        city.run("engine/stage", "validate", succeed=False, env=environment).stderr
        for environment in (here | dict(object_store.environment), declared(cluster, object_store))
    ]
    assert (
        f"validate failed: data/raw.dvc names version {version} of s3://dvc/{key}, and the store does not" in lines[0]
    )
    assert "Traceback" not in lines[0]
    assert lines[1] == lines[0]


def test_a_batch_is_reused_while_git_names_the_same_version(city: Project, object_store: ObjectStore) -> None:
    """No object is read again for what was validated before; a new version is, and no other week."""
    environment = {
        SETTING: f"store: {{endpoint: '{object_store.endpoint}', region: us-east-1}}", **object_store.environment
    }  # fmt: skip
    again = ("dvc", "repro", "--single-item", "--force", "validate")
    city.run(*again, env=environment)
    said = city.run(*again, env=environment).stdout
    assert "validate: 6 of 6 weeks taken from an earlier run" in said
    file = city.path / "data/raw.dvc"
    text = file.read_text()
    old = text[text.rindex("version_id: ") :].split()[1]
    key = next(key for key, version in object_store.versions(f"{city.path.parent.name}/") if version == old)
    object_store.write(key, object_store.read(key)[key])
    new = next(version for _, version in object_store.versions(key) if version != old)
    file.write_text(text.replace(old, new))
    assert "validate: 5 of 6 weeks taken from an earlier run" in city.run(*again, env=environment).stdout
    file.write_text(text.replace(old, "f" * 32))
    failed = city.run(*again, succeed=False, env=environment).stderr
    assert f"data/raw.dvc names version {'f' * 32}" in failed
