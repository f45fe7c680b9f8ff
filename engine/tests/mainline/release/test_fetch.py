"""A released package out of storage: as it was released and signed, or not at all."""

from pathlib import Path

import pytest

from mainline.commands.fetch import fetch
from mainline.errors import MainlineError
from mainline.package import manifest, signing
from tests.mainline.release.conftest import Repository, release


def test_a_clone_and_the_store_are_enough(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """From nothing but git and the store comes the package of any version, its signature verified."""
    signing.make_keys("release")
    repository.merge("Trust a key")
    release()
    repository.change(model={"depth": 4})
    release()
    repository.run("git", "clone", "--quiet", "../origin.git", "../clone")
    monkeypatch.chdir(repository.path.parent / "clone")
    assert fetch("v1.0.0", Path("dist/v1.0.0")).endswith("holds v1.0.0, as it was released; signed by release.")
    assert Path("dist/v1.0.0/model.txt").read_text() == "{'depth': 3}"
    manifest.read(Path("dist/v1.0.0"))


def test_what_is_refused_leaves_no_folder(repository: Repository) -> None:
    """An unknown version, a folder in use, a wrong key: one error each, nothing in its place; another folder works."""
    signing.make_keys("release")
    repository.merge("Trust a key")
    release()
    with pytest.raises(MainlineError, match=r"'v1.0.9' is not a known version; did you mean 'v1.0.0'\?"):
        fetch("v1.0.9", Path("dist/x"))
    with pytest.raises(MainlineError, match="src exists; name a folder that does not"):
        fetch("v1.0.0", Path("src"))
    assert "fetched holds v1.0.0" in fetch("v1.0.0", Path("fetched"))
    Path(".git/mainline/signing-key.pem").unlink()
    Path("deploy/keys/release.pub").unlink()
    signing.make_keys("other")
    with pytest.raises(MainlineError, match="no trusted key made this signature"):
        fetch("v1.0.0", Path("dist/x"))
    assert list(Path("dist").iterdir()) == []
