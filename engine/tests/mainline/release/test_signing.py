"""Signatures: made with a key that cannot be committed, verified offline, asked for by an environment's policy."""

import json
import shutil
import stat
from pathlib import Path

import pytest

from mainline.commands.fetch import fetch
from mainline.package import manifest, signing
from mainline.package.signing import SignatureError
from mainline.registry import tags
from mainline.release import rollback
from tests.door import typed
from tests.mainline.release.conftest import Repository, release

PACKAGE = Path("models/package")


@pytest.fixture
def keyed(repository: Repository) -> Repository:
    """A repository with a key pair, whose production asks for signatures."""
    signing.make_keys("release")
    repository.declare_environment("production", signature="required")
    repository.merge("Ask for signatures")
    return repository


def signed() -> dict[str, object]:
    """Sign the package in the workspace."""
    key = signing.private_key()
    assert key is not None
    return signing.sign(PACKAGE, key)


def test_a_private_key_cannot_be_committed(keyed: Repository) -> None:
    """It lies in git's own folder, for its owner alone; git sees the public key only."""
    key = signing.private_key()
    assert key is not None
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert ".git" in key.parts
    listed = keyed.run("git", "ls-files", "--cached", "--others").stdout.split()
    assert "deploy/keys/release.pub" in listed
    assert not [name for name in listed if "PRIVATE" in (keyed.path / name).read_text(errors="ignore")]


def test_keys_are_never_replaced(keyed: Repository) -> None:
    """A second call is refused; where only the public key is lost, it is written again."""
    public = keyed.path / "deploy/keys/release.pub"
    content = public.read_bytes()
    with pytest.raises(SignatureError, match="exists; versions are verified with it"):
        signing.make_keys("release")
    public.unlink()
    signing.make_keys("release")
    assert public.read_bytes() == content


@pytest.mark.usefixtures("keyed")
def test_a_signed_package_is_verified_wherever_it_lies(tmp_path: Path) -> None:
    """A copy of the package under another name is what was signed."""
    copied = shutil.copytree(PACKAGE, tmp_path / "other")
    assert signing.verify(copied, signed()) == "release"


@pytest.mark.usefixtures("keyed")
@pytest.mark.parametrize("change", ["flip", "extra", "missing"])
def test_a_changed_package_is_not_what_was_signed(tmp_path: Path, change: str) -> None:
    """One flipped bit, one file more, one file less: each is refused."""
    bundle = signed()
    copied = shutil.copytree(PACKAGE, tmp_path / "other")
    file = copied / "model.txt"
    if change == "flip":
        file.write_bytes(bytes([file.read_bytes()[0] ^ 1]) + file.read_bytes()[1:])
    elif change == "extra":
        (copied / "more.txt").write_text("more")
    else:
        file.unlink()
    with pytest.raises(SignatureError, match="no trusted key made this signature over these files"):
        signing.verify(copied, bundle)


@pytest.mark.usefixtures("keyed")
def test_another_key_is_not_trusted() -> None:
    """A signature by a key whose public half is not in the repository is refused."""
    shutil.move(".git/mainline", ".git/kept")
    signing.make_keys("stranger")
    bundle = signed()
    Path("deploy/keys/stranger.pub").unlink()
    with pytest.raises(SignatureError, match=r"no trusted key .*release.pub"):
        signing.verify(PACKAGE, bundle)


@pytest.mark.usefixtures("keyed")
@pytest.mark.parametrize("bundle", [{}, {"mediaType": "x"}, {"dsseEnvelope": {"payload": "A" * 10_000}}])
def test_a_hostile_bundle_is_refused(bundle: dict[str, object]) -> None:
    """What is not a signature is one error."""
    with pytest.raises(SignatureError, match="no trusted key made this signature"):
        signing.verify(PACKAGE, bundle)


def test_a_release_is_signed_and_keeps_its_signature(keyed: Repository) -> None:
    """The tag holds the bundle, and the package out of the store is verified with it."""
    release()
    found = tags.versions()[0].release
    assert found is not None
    assert signing.verify(PACKAGE, found.signature) == "release"
    assert keyed.has("production") == "v1.0.0"


def test_an_unsigned_version_does_not_reach_an_environment_that_asks(repository: Repository) -> None:
    """Without a key nothing is released, and what was released unsigned before does not come back."""
    release()
    repository.declare_environment("production", signature="required")
    repository.change(model={"depth": 4})
    with pytest.raises(SignatureError, match="the package is not signed"):
        release()
    assert repository.has("production") == "v1.0.0"
    signing.make_keys("release")
    repository.change(model={"depth": 5})
    release()
    assert repository.has("production") == "v1.1.0"
    repository.change(model={"depth": 3})
    with pytest.raises(SignatureError, match="the package is not signed"):
        release()


def test_a_named_key_that_is_not_there_is_an_error(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt path in the environment does not lead to an unsigned release."""
    monkeypatch.setenv(signing.KEY, "/nowhere/key.pem")
    with pytest.raises(SignatureError, match=r"MAINLINE_SIGNING_KEY names /nowhere/key.pem, which is not a file"):
        release()
    monkeypatch.setenv(signing.KEY, str(repository.path / "params.yaml"))
    with pytest.raises(SignatureError, match="cannot sign"):
        release()
    assert repository.tags() == []


def test_a_bundle_is_plain_json(keyed: Repository) -> None:
    """It can be kept in a tag: it is small and has no other types."""
    assert len(json.dumps(signed())) < 20_000
    assert keyed.tags() == []


def test_an_old_version_is_signed_later_and_gone_back_to(repository: Repository) -> None:
    """A version from before the key is refused where signatures are asked for, and taken once somebody signs it."""
    release()
    signing.make_keys("release")
    repository.declare_environment("production", signature="required")
    repository.change(model={"depth": 4})
    release()
    with pytest.raises(SignatureError, match=r"`./mainline sign VERSION`, where the key is; merge what that writes"):
        rollback.assign_now("v1.0.0", "production")
    assert "signs v1.0.0." in typed("sign", "v1.0.0")
    repository.merge("Sign v1.0.0")
    assert "production has v1.0.0 instead of v1.1.0." in rollback.assign_now("v1.0.0", "production")
    assert "signed by release" in fetch("v1.0.0", repository.path / "fetched", signed=True)


@pytest.mark.usefixtures("keyed")
def test_what_is_signed_later_holds_for_these_files_and_trusted_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is not a signature, no private key and no public one are refused; nothing is written by them."""
    release()
    kept = signing.keep(PACKAGE, manifest.verify(PACKAGE)["digest"])
    assert signing.verify(PACKAGE, None) == "release"
    kept.write_text("[1")
    with pytest.raises(SignatureError, match=r"is not a signature\. `./mainline sign VERSION` writes it again"):
        signing.verify(PACKAGE, None)
    kept.unlink()
    monkeypatch.setenv(signing.KEY, "absent.pem")
    with pytest.raises(SignatureError, match=r"names absent\.pem"):
        typed("sign", "v1.0.0")
    signing.PUBLIC.joinpath("release.pub").unlink()
    monkeypatch.delenv(signing.KEY)
    with pytest.raises(SignatureError, match="there is no public key"):
        typed("sign", "v1.0.0")
    assert not kept.exists()
