"""Data that stays in a versioned S3 store: workers of a cluster read the versions that git names, and no others."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mainline.declared.compute import SETTING
from mainline.stages import versions
from mainline.stages.versions import Version
from tests import project as projects
from tests.dask_cluster import Cluster
from tests.mainline.serving.running import wait_for
from tests.object_store import ObjectStore
from tests.project import LIMIT, Project

VALIDATED = "data/validated"

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
    with object_store.keeping_versions():
        leave_to_the_store(made, object_store, tmp_path.name, ("ingest", "validate"), "data/raw")
        yield made


@pytest.fixture
def town(tmp_path: Path, object_store: ObjectStore) -> Iterator[Project]:
    """A use case with a static table, prepared here; what was validated is left to the store, declared by version."""
    made = projects.copy(tmp_path / "project")
    projects.replace_use_case(made)
    for stage in ("ingest", "validate", "prepare"):
        made.run("engine/stage", stage)
    with object_store.keeping_versions():
        leave_to_the_store(made, object_store, tmp_path.name, ("ingest", "prepare"), VALIDATED)
        yield made


def leave_to_the_store(made: Project, store: ObjectStore, prefix: str, stages: tuple[str, str], folder: str) -> None:
    """Move a folder of data to the store, and import it by version in the place of the stages that made it."""
    data = made.path / folder
    for file in data.rglob("*.parquet"):
        store.write(f"{prefix}/{file.relative_to(data)}", file.read_bytes())
    shutil.rmtree(data)
    pipeline = made.path / "dvc.yaml"
    text = pipeline.read_text()
    head, tail = (text[place] for place in _around(text, *stages))
    pipeline.write_text(head + tail.replace(f"- {folder}\n", f"- {folder}.versions.yaml\n"))
    (made.path / f"{folder}.versions.yaml").symlink_to(f"{data.name}.dvc")
    environment = {**store.environment, "AWS_ENDPOINT_URL": store.endpoint}
    imported = ("import-url", "--version-aware", "--no-download", f"s3://{store.bucket}/{prefix}", folder)
    made.run("dvc", *imported, env=environment)


def _around(text: str, first: str, after: str) -> tuple[slice, slice]:
    """Return what is before a stage of dvc.yaml, and what begins with another."""
    return slice(text.index(f"  {first}:\n")), slice(text.index(f"  {after}:\n"), None)


def validated(made: Project) -> dict[str, bytes]:
    """Return what the stage wrote."""
    files = [file for place in ("validated", "quarantine") for file in (made.path / "data" / place).rglob("*.parquet")]
    return {file.relative_to(made.path).as_posix(): file.read_bytes() for file in files}


def prepared(made: Project) -> dict[str, bytes]:
    """Return the tables and features that the stage wrote, and what it says of them."""
    files = [file for place in ("data/tables", "data/features") for file in (made.path / place).rglob("*.parquet")]
    files.append(made.path / "metrics/profile.json")
    return {file.relative_to(made.path).as_posix(): file.read_bytes() for file in files}


def declared(cluster: Cluster, store: ObjectStore) -> dict[str, str]:
    """Declare cluster and store; this process itself has no credentials."""
    return {SETTING: cluster.declared(store={"endpoint": store.endpoint, "region": "us-east-1"})}


def test_workers_read_the_versions_that_git_names(city: Project, cluster: Cluster, object_store: ObjectStore) -> None:
    """The same bytes as from files here, although each object was overwritten or removed since; no file comes here."""
    expected = validated(city)
    assert len(expected) > 5
    shutil.rmtree(city.path / VALIDATED)
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


def test_prepare_reads_the_versions_that_git_names(town: Project, cluster: Cluster, object_store: ObjectStore) -> None:
    """Tables and features are those of files here, although each object was overwritten since; no batch comes here."""
    expected = prepared(town)
    assert len(expected) == 8
    for name in ("tables", "features"):
        shutil.rmtree(town.path / "data" / name)
    for key in object_store.keys(f"{town.path.parent.name}/"):
        object_store.write(key, b"another")
    environment = {**declared(cluster, object_store), **object_store.environment}
    town.run("dvc", "repro", "--quiet", "--single-item", "prepare", env=environment)
    assert prepared(town) == expected
    assert town.run("dvc", "status", "prepare").stdout == "Data and pipelines are up to date.\n"
    assert not (town.path / VALIDATED).exists()


def test_a_new_version_prepares_the_months_again_that_depend_on_it(town: Project, object_store: ObjectStore) -> None:
    """Its own month and the two after it are; of a static table, which shapes all, every month is."""
    environment = {
        SETTING: f"store: {{endpoint: '{object_store.endpoint}', region: us-east-1}}", **object_store.environment
    }  # fmt: skip
    again = ("dvc", "repro", "--single-item", "--force", "prepare")
    town.run(*again, env=environment)
    assert "prepare: 6 of 6 months taken from an earlier run" in town.run(*again, env=environment).stdout
    file = town.path / "data/validated.dvc"
    for path, kept in ((f"{VALIDATED}/samples/2024-01.parquet", 3), (f"{VALIDATED}/archive.parquet", 0)):
        old = imported(town, path)
        key = old.url.removeprefix(f"s3://{object_store.bucket}/")
        object_store.write(key, object_store.read(key)[key])
        new = next(one for _, one in object_store.versions(key) if one != old.version_id)
        file.write_text(file.read_text().replace(old.version_id, new))
        assert f"prepare: {kept} of 6 months taken from an earlier run" in town.run(*again, env=environment).stdout


def test_a_batch_that_nothing_names_is_one_line(town: Project, object_store: ObjectStore) -> None:
    """A validated batch that is neither here nor imported."""
    file = town.path / f"{VALIDATED}.dvc"
    file.write_text(file.read_text().replace("samples/2024-03.parquet", "samples/2023-03.parquet"))
    environment = {
        SETTING: f"store: {{endpoint: '{object_store.endpoint}', region: us-east-1}}", **object_store.environment
    }  # fmt: skip
    failed = town.run("engine/stage", "prepare", succeed=False, env=environment).stderr
    assert f"prepare failed: {VALIDATED}/samples/2024-03.parquet is not there" in failed
    assert "Traceback" not in failed


def imported(made: Project, path: str) -> Version:
    """Return the version of a validated batch that git names."""
    file = made.path / f"{VALIDATED}.dvc"
    return next(one for one in versions.named(file.read_text(), f"{VALIDATED}.dvc") if one.path == path)
