"""`check-package` verifies the signature that the version's tag has, as the environment demands."""

import json
import shutil
from pathlib import Path

import pytest

from mainline.__main__ import main
from mainline.package import signing
from mainline.scoring.acceptance import Check
from tests.mainline.release.conftest import Repository, release


def ask(signature: str, package: Path = Path("models/package")) -> Check:
    """Check a package for an environment, and return what was said of its signature.

    The package of these tests needs a library that is nowhere, so that nothing after that is asked.
    """
    settings, report = Path("../served.yaml"), Path("../report.json")
    promotion = f"{{after: null, approval: automatic, signature: {signature}}}"
    settings.write_text(f"promotion: {promotion}\nservice: {{}}\n")
    assert main(["check-package", str(package), "--settings", str(settings), "--report", str(report)]) == 1
    names = ["manifest", "signature", "dependencies"]
    checks = [Check(**check) for check in json.loads(report.read_text())["checks"]]
    assert [check.name for check in checks] == (names if checks[1].passed else names[:2])
    return checks[1]


def test_signed_version_passes_and_is_named(repository: Repository) -> None:
    """The tag of the version has the signature; the package may lie anywhere."""
    signing.make_keys("release")
    repository.merge("Trust a key")
    release()
    shutil.copytree("models/package", "../elsewhere")
    found = ask("required", Path("../elsewhere"))
    assert (found.passed, found.found) == (True, "v1.0.0, signed by release")


def test_package_that_nobody_signed_passes_where_that_is_allowed(repository: Repository) -> None:
    """Before a release and after one without a key there is no signature; required, it is missed."""
    for found in ("no version of the repository here has this package", "v1.0.0 is not signed"):
        assert ask("optional").passed
        refused = ask("required")
        assert not refused.passed
        assert refused.found == found
        release()
    assert repository.tags()


def test_signature_of_a_key_that_is_not_trusted_fails(repository: Repository) -> None:
    """A wrong signature fails also where none is needed."""
    signing.make_keys("release")
    repository.merge("Trust a key")
    release()
    Path("deploy/keys/release.pub").unlink()
    Path(".git/mainline/signing-key.pem").unlink()
    signing.make_keys("other")
    for signature in ("optional", "required"):
        found = ask(signature)
        assert not found.passed
        assert "no trusted key made this signature" in found.found


def test_outside_a_repository_nothing_is_known(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy of the package alone passes where no signature is required."""
    package = repository.path / "models/package"
    (tmp_path / "alone/here").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "alone/here")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    assert ask("optional", package).passed
    assert not ask("required", package).passed


@pytest.mark.parametrize(
    ("promotion", "message"),
    [
        ("{after: null, approval: automatic, signature: requird}", "promotion.signature: is 'requird'"),
        ("{after: null, approval: automatic, signatur: required}", "did you mean 'signature'?"),
        ("required", "promotion: is 'required'"),
    ],
)
@pytest.mark.usefixtures("repository")
def test_typo_lets_no_package_pass(promotion: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the environment does not say clearly whether a signature is needed, nothing is checked."""
    Path("../served.yaml").write_text(f"promotion: {promotion}\nservice: {{}}\n")
    assert main(["check-package", "--settings", "../served.yaml"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("mainline: served.yaml: ")
    assert message in said


@pytest.mark.usefixtures("repository")
def test_report_that_cannot_be_written_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A file where the report's folder would be is named."""
    Path("../served.yaml").write_text("service: {}\n")
    Path("../file").write_text("")
    assert main(["check-package", "--settings", "../served.yaml", "--report", "../file/report.json"]) == 1
    assert capsys.readouterr().err.startswith("mainline: ../file/report.json cannot be written (")
