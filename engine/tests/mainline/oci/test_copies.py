"""Packages in a real registry: whole under their tag or not there, and what comes back is what git names."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mainline.oci import access, copies, distribution, layout
from mainline.oci.access import Access, RegistryError
from mainline.package import manifest
from tests import container_registry
from tests.container_registry import ContainerRegistry, package

pytestmark = container_registry.needed


def composed(folder: Path, text: str = "depth 3", version: str = "v1.0.0") -> layout.Artifact:
    """Lay out a small package."""
    return layout.compose(package(folder / f"package-{text.replace(' ', '-')}", text), "model", version)


def test_package_comes_back_as_it_was_sealed(registry: ContainerRegistry, tmp_path: Path) -> None:
    """What is pushed and pulled by its digest has every file with its bytes."""
    artifact = composed(tmp_path)
    address = registry.address("team/whole")
    copies.push(address, artifact, "v1.0.0")
    copies.pull(address, artifact.digest, tmp_path / "pulled")
    assert manifest.verify(tmp_path / "pulled")["digest"] == artifact.package
    assert distribution.digest(registry.get("team/whole/manifests/v1.0.0")) == artifact.digest


def test_other_clients_read_it(registry: ContainerRegistry, tmp_path: Path) -> None:
    """`oras`, which knows nothing of us, writes the same package."""
    from oras.provider import Registry

    artifact = composed(tmp_path)
    copies.push(registry.address("team/oras"), artifact, "v1.0.0")
    Registry(insecure=True).pull(f"{registry.address('team/oras')}:v1.0.0", outdir=str(tmp_path / "pulled"))
    assert manifest.verify(tmp_path / "pulled")["digest"] == artifact.package


def test_what_is_there_is_not_sent_again(registry: ContainerRegistry, tmp_path: Path) -> None:
    """A second push sends nothing, and another version sends only the files that changed."""
    address = registry.address("team/again")
    first = composed(tmp_path)
    assert copies.push(address, first, "v1.0.0") == len(first.blobs)
    assert copies.push(address, first, "v1.0.0") == 0
    changed = {"model.onnx", "manifest.json", "the configuration"}
    assert copies.push(address, composed(tmp_path, "depth 4", "v1.1.0"), "v1.1.0") == len(changed)
    assert sorted(registry.tags("team/again")) == ["v1.0.0", "v1.1.0"]


def test_killed_push_names_nothing_and_goes_on(
    registry: ContainerRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ended before any of its requests, a push leaves no tag, and the next one ends right."""
    artifact = composed(tmp_path)
    ask, ended = Access.ask, 0
    for end in range(100):
        repository, left = f"team/killed-{end}", iter(range(end))

        def ask_until(self: Access, *arguments: object, **more: object) -> object:
            if next(left, None) is None:  # noqa: B023 - used within this turn
                raise KeyboardInterrupt
            return ask(self, *arguments, **more)  # type: ignore[arg-type]

        with monkeypatch.context() as patch:
            patch.setattr(Access, "ask", ask_until)
            try:
                copies.push(registry.address(repository), artifact, "v1.0.0")
                break
            except KeyboardInterrupt:
                ended += 1
        assert registry.tags(repository) == []
        copies.push(registry.address(repository), artifact, "v1.0.0")
        copies.pull(registry.address(repository), artifact.digest, tmp_path / repository)
        assert manifest.verify(tmp_path / repository)["digest"] == artifact.package
    assert ended > len(artifact.blobs)


def test_tag_of_another_package_is_not_taken(registry: ContainerRegistry, tmp_path: Path) -> None:
    """Two models that share a repository do not overwrite each other's versions."""
    address = registry.address("team/shared")
    first = composed(tmp_path)
    copies.push(address, first, "v1.0.0")
    with pytest.raises(RegistryError, match=r"team/shared:v1.0.0 is another package. Declare a repository"):
        copies.push(address, composed(tmp_path, "depth 4"), "v1.0.0")
    assert distribution.digest(registry.get("team/shared/manifests/v1.0.0")) == first.digest


def test_damage_and_absence_are_said(registry: ContainerRegistry, tmp_path: Path) -> None:
    """A file or manifest that changed there is refused, and one that is not there is named, each in a line."""
    address = registry.address("team/damaged")
    artifact = composed(tmp_path)
    with pytest.raises(RegistryError, match=rf"team/damaged has no artifact {artifact.digest}; `./mainline promote`"):
        copies.pull(address, artifact.digest, tmp_path / "absent")
    copies.push(address, artifact, "v1.0.0")
    model = next(blob for blob in artifact.blobs if isinstance(blob.source, Path) and blob.source.suffix == ".onnx")
    for content, said in ((b"depth 9", "another content of blob"), (b"", "ended within blob .*0 of 7 bytes")):
        registry.blob(model.digest).write_bytes(content)
        with pytest.raises(RegistryError, match=said):
            copies.pull(address, artifact.digest, tmp_path / f"pulled-{len(content)}")
    registry.blob(model.digest).unlink()
    with pytest.raises(RegistryError, match=f"lacks blob {model.digest}"):
        copies.pull(address, artifact.digest, tmp_path / "lacking")


def test_too_large_is_refused_before_it_is_written(
    registry: ContainerRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package that the disk has no room for is refused with both numbers, and nothing of it is fetched."""
    address = registry.address("team/large")
    artifact = composed(tmp_path)
    copies.push(address, artifact, "v1.0.0")
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10))
    with pytest.raises(RegistryError, match=r"has \d+ bytes, too large for the 10 that are free"):
        copies.pull(address, artifact.digest, tmp_path / "pulled")
    assert list((tmp_path / "pulled").iterdir()) == []


def test_closed_registry_takes_what_docker_login_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without credentials the line says how to give them; a wrong password is said; the right one pushes and pulls."""
    artifact = composed(tmp_path)
    with container_registry.running(tmp_path / "closed", closed=True) as closed:
        address = closed.address()
        with pytest.raises(
            RegistryError, match=r"refuses these credentials \(401: .*none are known here: `docker login"
        ):
            copies.push(address, artifact, "v1.0.0")
        monkeypatch.setenv("MAINLINE_REGISTRY_USERNAME", "tests")
        monkeypatch.setenv("MAINLINE_REGISTRY_PASSWORD", "wrong")
        with pytest.raises(RegistryError, match=r"401.*check them"):
            copies.push(address, artifact, "v1.0.0")
        monkeypatch.delenv("MAINLINE_REGISTRY_PASSWORD")
        (tmp_path / "docker").mkdir()
        kept = {"auths": {closed.host: {"auth": closed.authorization.removeprefix("Basic ")}}}
        (tmp_path / "docker/config.json").write_text(json.dumps(kept))
        copies.push(address, artifact, "v1.0.0")
        copies.pull(address, artifact.digest, tmp_path / "pulled")
    assert manifest.verify(tmp_path / "pulled")["digest"] == artifact.package


def test_registry_that_is_away_is_said(tmp_path: Path) -> None:
    """Nobody listens: one line, after the tries, and nothing is written."""
    with container_registry.running(tmp_path / "registry") as registry:
        address = registry.address()
    with pytest.raises(RegistryError, match=r"registry 127\.0\.0\.1:\d+ does not answer \(Connection refused\)\."):
        copies.pull(address, "sha256:" + "0" * 64, tmp_path / "pulled")
    assert not (tmp_path / "pulled").exists()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let a pull last only so long."""
    return lambda seconds: monkeypatch.setattr(copies, "PULL_SECONDS", seconds)


def test_pull_that_lasts_too_long_is_given_up(
    registry: ContainerRegistry, tmp_path: Path, impatient: Callable[[float], None]
) -> None:
    """There must be time left for the store."""
    address = registry.address("team/slow")
    artifact = composed(tmp_path)
    copies.push(address, artifact, "v1.0.0")
    impatient(-1.0)
    with pytest.raises(RegistryError, match="took too long, so it was given up"):
        copies.pull(address, artifact.digest, tmp_path / "pulled")
    assert access.TRIES > 1
