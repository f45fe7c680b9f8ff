"""Releases by way of a container registry: pushed by `promote`, pulled by servers by digest, with the store behind."""

import json
import shutil
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from mainline.commands import fetch, promote
from mainline.errors import MainlineError
from mainline.gate import examination
from mainline.oci import access
from mainline.package import manifest
from mainline.registry import tags
from mainline.release import rollback
from mainline.remote import artifacts
from tests import container_registry
from tests.container_registry import ContainerRegistry
from tests.mainline.release.conftest import Repository, judge, release
from tests.mainline.rollout.conftest import Followed, followed

__all__ = ["followed"]
pytestmark = container_registry.needed


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setattr(access, "SHORTEST", 0.0)
    monkeypatch.setattr(access, "LONGEST", 0.0)
    monkeypatch.setattr(examination, "examine", judge)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[ContainerRegistry]:
    """A registry that everybody may write to."""
    with container_registry.running(tmp_path / "registry") as running:
        yield running


def declare(repository: Repository, address: str, environment: str = "production") -> None:
    """Declare a container registry for an environment, on main."""
    file = repository.path / f"deploy/{environment}.yaml"
    declared = yaml.safe_load(file.read_text()) | {"packages": {"registry": address}}
    file.write_text(yaml.safe_dump(declared))
    repository.merge("Declare a registry")


def recorded(environment: str = "production") -> str | None:
    """Return the digest that the newest assignment names."""
    record = tags.assignments(environment)[-1].record
    assert record is not None
    return record.artifact


def stored_away(repository: Repository) -> None:
    """Leave a machine that has nothing: no store, and no cache."""
    shutil.rmtree(repository.path.parent / "storage")
    shutil.rmtree(repository.path / ".dvc/cache")


def test_promotion_pushes_what_it_assigns(repository: Repository, registry: ContainerRegistry) -> None:
    """The environment with a registry has the digest in its assignment; the other one has none, and the same record."""
    declare(repository, registry.address())
    release()
    assert registry.tags() == ["v1.0.0"]
    assert recorded("staging") is None
    known = recorded()
    assert known is not None
    named = json.loads(registry.get(f"team/model/manifests/{known}"))
    assert named["annotations"]["mainline.package.digest"] == manifest.verify(Path("models/package"))["digest"]
    assert "artifact" not in tags.assignments("staging")[-1].message


def test_server_pulls_by_the_digest_of_git(followed: Followed, registry: ContainerRegistry) -> None:
    """Without the store the follower has the package, though somebody moved the tag to another one."""
    declare(followed.repository, registry.address())
    followed.release()
    stored_away(followed.repository)
    digest = recorded()
    assert digest is not None
    link = registry.folder / "docker/registry/v2/repositories/team/model/_manifests/tags/v1.0.0/current/link"
    link.write_text("sha256:" + "0" * 64)
    found = followed.source.bring(followed.source.look())
    assert (found.problem, found.verified) == ("", True)


@pytest.mark.parametrize("fault", ["away", "lacking", "changed", "closed"])
def test_server_takes_the_store_if_the_registry_fails(
    followed: Followed,
    registry: ContainerRegistry,
    tmp_path: Path,
    fault: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever is wrong there is said in one line of the follower's log, and the package comes from the store."""
    declare(followed.repository, registry.address())
    followed.release()
    digest = recorded()
    assert digest is not None
    said = "does not answer"
    closed = container_registry.running(tmp_path / "closed", closed=True)
    if fault == "away":
        declare(followed.repository, "127.0.0.1:1/team/model")
    elif fault == "lacking":
        declare(followed.repository, registry.address("team/other"))
        said = f"has no artifact {digest}"
    elif fault == "changed":
        named = json.loads(registry.get(f"team/model/manifests/{digest}"))
        registry.blob(named["layers"][0]["digest"]).write_bytes(b"another content")
        said = "ended within"
    with closed as other:
        if fault == "closed":
            declare(followed.repository, other.address())
            said = "refuses these credentials (401"
        found = followed.source.bring(followed.source.look())
    assert (found.problem, found.verified) == ("", True)
    lines = [
        record.fields["why"]  # type: ignore[attr-defined]
        for record in caplog.records
        if "not from the registry" in record.msg
    ]
    assert len(lines) == 1
    assert said in lines[0]
    assert lines[0].endswith("v1.0.0 comes from the store.")


def test_package_of_another_release_is_not_taken(
    followed: Followed, registry: ContainerRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A digest that names another whole package, such as by a wrong tag in git, is held against the release."""
    declare(followed.repository, registry.address())
    followed.release()
    first = recorded()
    offer = artifacts.offer

    def offer_the_first(*arguments: Any) -> dict[str, str]:
        return {name: str(first) for name in offer(*arguments)}

    monkeypatch.setattr(artifacts, "offer", offer_the_first)
    followed.release(5)
    stored_away(followed.repository)
    found = followed.source.bring(followed.source.look())
    assert not found.verified
    assert "holds another package than v1.1.0 was released with" in found.problem


def test_both_away_says_both(repository: Repository, registry: ContainerRegistry) -> None:
    """The line names what was wrong with the registry and with the store."""
    declare(repository, registry.address())
    release()
    declare(repository, "127.0.0.1:1/team/model")
    stored_away(repository)
    with pytest.raises(
        MainlineError, match=r"^registry 127.0.0.1:1 does not answer \(.*\)\. the package of v1.0.0 .* cannot be had"
    ):
        fetch.fetch("v1.0.0", Path("fetched"), environment="production")


def test_release_goes_on_without_its_registry_and_is_completed(
    repository: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The version is assigned, the command fails with one line, and the next one brings the package there."""
    with container_registry.running(tmp_path / "registry") as gone:
        port = int(gone.host.rpartition(":")[2])
    declare(repository, gone.address())
    with pytest.raises(MainlineError, match=r"does not answer .* What is assigned stays so, .* tries again\."):
        promote.run(Namespace(environment=None))
    assert repository.has("production") == "v1.0.0"
    assert "Servers of production get v1.0.0 from the store." in capsys.readouterr().out
    with container_registry.running(tmp_path / "registry", port=port) as back:
        said = promote.run(Namespace(environment=None))
        assert f"v1.0.0 is in {back.address()} now, for production." in said
        assert back.tags() == ["v1.0.0"]
        assert "is in" not in promote.run(Namespace(environment=None))


def test_rollback_has_the_digest_too(repository: Repository, registry: ContainerRegistry) -> None:
    """What is assigned by hand is pulled like any other."""
    declare(repository, registry.address())
    release()
    first = recorded()
    repository.change(model={"depth": 5})
    release()
    assert recorded() != first
    rollback.assign_now(None, "production")
    assert recorded() == first


def test_version_of_before_the_registry_comes_from_the_store(
    repository: Repository, registry: ContainerRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    """An assignment that names no digest is no failure, and nothing is said."""
    release()
    declare(repository, registry.address())
    assert "holds v1.0.0" in fetch.fetch("v1.0.0", Path("fetched"), environment="production")
    assert capsys.readouterr().err == ""
