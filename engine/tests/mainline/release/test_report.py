"""The gate's whole report is kept with a release, by the package that it is about."""

from pathlib import Path

import pytest

from mainline.gate import findings
from mainline.gate.findings import Findings
from mainline.registry import gate_reports, tags
from tests.mainline.release.conftest import Repository, judge, promote_by, refuse
from tests.mainline.report import examples

BRANCH = "evidence/releases"


def write(environment: str, digest: str = "") -> Findings:
    """Pass whatever is in the workspace, and write a report, as the gate does."""
    judged = judge(environment)
    passing = examples.passing(headline=judged.headline)
    candidate = passing.candidate.model_copy(update={"digest": digest or judged.candidate.digest})
    findings.write(passing.model_copy(update={"candidate": candidate}), findings.FILE)
    return judged


def test_the_report_is_kept_as_the_gate_wrote_it(repository: Repository) -> None:
    """The remote has it, byte for byte, under the digest of the version's package."""
    promote_by(write)
    release = tags.versions()[0].release
    assert release is not None
    kept = repository.run("git", "-C", "../origin.git", "show", f"{BRANCH}:model/reports/{release.digest}.json").stdout
    assert kept == findings.FILE.read_text()
    assert list(gate_reports.listed()) == [release.digest]


def test_each_release_adds_a_report(repository: Repository) -> None:
    """A later report takes no other's place, and a version that comes back asks for none."""
    promote_by(write)
    findings.FILE.unlink()  # this repository does not tell git to ignore it
    repository.change(model={"depth": 4})
    promote_by(write)
    findings.FILE.unlink()
    repository.run("git", "revert", "--no-edit", "HEAD")
    repository.run("git", "push", "--quiet", "origin", "main")
    promote_by(refuse)
    assert set(gate_reports.listed()) == {one.release.digest for one in tags.versions() if one.release}
    assert len(gate_reports.listed()) == 2


def test_who_is_killed_before_the_tags_has_kept_the_report(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is there before the version is, so no version is without one, and the next run writes nothing again."""

    def end(_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("mainline.registry.publication.publish", end)
        with pytest.raises(KeyboardInterrupt):
            promote_by(write)
    assert repository.tags() == []
    before = repository.run("git", "-C", "../origin.git", "rev-parse", BRANCH).stdout
    promote_by(write)
    assert repository.run("git", "-C", "../origin.git", "rev-parse", BRANCH).stdout == before


def test_a_report_that_cannot_be_kept_stops_no_release(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    """A remote that takes no such branch still gets the version, and a line says what is missing."""
    hook = Path("../origin.git/hooks/update")
    hook.write_text(f'#!/bin/sh\ntest "$1" != refs/heads/{BRANCH}\n')
    hook.chmod(0o755)
    assert "v1.0.0 is released." in promote_by(write)
    assert f"The gate's whole report is not kept on {BRANCH}:" in capsys.readouterr().out
    assert repository.tags() == ["model#production#1", "model#staging#1", "model@v1.0.0"]


def test_a_report_of_another_package_is_not_kept(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    """What lies there from elsewhere does not become this version's."""
    promote_by(lambda environment: write(environment, "ab" * 32))
    assert "is of another package" in capsys.readouterr().out
    assert gate_reports.listed() == {}
    assert repository.has("production") == "v1.0.0"
