"""The gate's own process, and what is verified before any code of a package runs in it."""

import json
import os
import signal
from pathlib import Path

import pytest

from mainline.errors import MainlineError
from mainline.gate import footprint, judge, production, sources
from mainline.package import signing
from mainline.registry import tags
from mainline.remote.store import StorageError
from tests.mainline.release.conftest import Repository, made, release, repository

__all__ = ["made", "repository"]
SECRETS = ("MAINLINE_SIGNING_KEY", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN")
DUMP = "import json, os; open({file!r}, 'a').write(json.dumps(dict(os.environ)) + chr(10))\n"


@pytest.fixture
def seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file where each Python that is started writes its variables; the folder is empty, and secrets are set."""
    (tmp_path / "site").mkdir()
    (tmp_path / "empty").mkdir()
    file = tmp_path / "seen.jsonl"
    (tmp_path / "site/sitecustomize.py").write_text(DUMP.format(file=str(file)))
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path / 'site'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    for name in SECRETS:
        monkeypatch.setenv(name, "secret")
    monkeypatch.chdir(tmp_path / "empty")
    return file


def test_processes_that_run_packages_have_no_secret(seen: Path, tmp_path: Path) -> None:
    """Neither the one that judges nor the one that measures a package's costs has a key, a token or a role."""
    with pytest.raises(MainlineError, match=r"^params\.yaml"):
        judge.run("production", tmp_path)
    assert footprint.measure(tmp_path) is None
    variables = [json.loads(line) for line in seen.read_text().splitlines()]
    assert len(variables) >= 2
    assert all(not one.keys() & set(SECRETS) and "PATH" in one for one in variables)


@pytest.mark.parametrize(
    ("end", "said"),
    [(f"kill(os.getpid(), {int(signal.SIGKILL)})", "signal 9 ended it"), ("_exit(0)", "it ended with 0")],
    ids=["killed", "left"],
)
def test_process_that_is_ended_leaves_no_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str, said: str
) -> None:
    """Killed, as for its memory, or left by a package's code: the gate says so in a line."""
    (tmp_path / "sitecustomize.py").write_text(f"import os; os.{end}\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(MainlineError, match=rf"^the gate's process did not come to a verdict: {said}\.$"):
        judge.run("production", tmp_path)


def test_process_that_never_ends_is_ended_at_its_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that never answers holds no gate for ever, and the gate says so in a line."""
    (tmp_path / "sitecustomize.py").write_text("import time; time.sleep(3600)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(judge, "LIMIT", 1.0, raising=False)
    with pytest.raises(
        MainlineError, match=r"to a verdict within 1 s and was ended\. Does code .*`make gate` tries again\.$"
    ):
        judge.run("production", tmp_path)


@pytest.mark.parametrize("signed_by", ["nobody", "a stranger", "release"])
def test_only_what_is_signed_as_required_can_be_loaded(repository: Repository, signed_by: str, tmp_path: Path) -> None:
    """A package without the signature that the policy asks for is not there for the gate, and the reason is."""
    if signed_by != "nobody":
        signing.make_keys("release")
        repository.merge("Trust a key")
    release()
    if signed_by == "a stranger":
        Path("deploy/keys/release.pub").unlink()
        Path(".git/mainline/signing-key.pem").unlink()
        signing.make_keys("release")
    (version,) = sources.versions(3, "production")
    production.fetch([version], tmp_path, required=True)
    assert (tmp_path / version.name).is_dir() == (signed_by == "release")
    if signed_by != "release":
        with pytest.raises(StorageError, match=r"^the package of v1\.0\.0 is not run: .*(not signed|no trusted key)"):
            production.load(version, tmp_path)


def test_wrong_signature_counts_where_none_is_needed(repository: Repository, tmp_path: Path) -> None:
    """Where signatures are optional, a package runs without one, and not with one that does not fit."""
    signing.make_keys("release")
    repository.merge("Trust a key")
    release()
    production.fetch(tags.versions(), tmp_path / "right", required=False)
    assert (tmp_path / "right/v1.0.0").is_dir()
    Path("deploy/keys/release.pub").unlink()
    Path(".git/mainline/signing-key.pem").unlink()
    signing.make_keys("other")
    (tmp_path / "wrong").mkdir()
    production.fetch(tags.versions(), tmp_path / "wrong", required=False)
    assert not (tmp_path / "wrong/v1.0.0").exists()


def test_stranger_s_version_is_never_asked_for(repository: Repository) -> None:
    """A tag at a commit that was not merged, annotated or not, adds no package to what the gate runs."""
    release()
    repository.run("git", "switch", "--quiet", "--detach")
    repository.run("git", "commit", "--quiet", "--allow-empty", "--message", "Not merged")
    for name in ("model@v9.0.0", "model#production#9"):
        repository.run("git", "tag", name)
    assert [version.name for version in sources.versions(3, "production")] == ["v1.0.0"]
