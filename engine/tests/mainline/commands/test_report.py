"""`report` turns the gate's document into two files."""

import subprocess
from pathlib import Path

import pytest
import yaml

from mainline.commands.report import report
from mainline.errors import MainlineError, ParamsError
from mainline.gate import findings
from mainline.gate.findings import FindingsError
from tests.door import typed
from tests.mainline.report import examples
from tests.project import FLIGHTS


def test_report_writes_a_comment_and_a_page(tmp_path: Path) -> None:
    """Both files are in the folder, which need not exist, and the path of the comment is said."""
    findings.write(examples.passing(), tmp_path / "gate.json")
    said = report(tmp_path / "gate.json", tmp_path / "made" / "here")
    assert said == str(tmp_path / "made/here/report.md")
    assert Path(said).read_text(encoding="utf-8").startswith("### ✅ Pass: ")
    assert (tmp_path / "made/here/report.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_missing_findings_name_the_next_step(tmp_path: Path) -> None:
    """Without a document the error says where it was looked for and what makes one."""
    with pytest.raises(MainlineError, match=r"there are no findings in .*gate\.json\. Run `make gate` first\."):
        report(tmp_path / "gate.json", tmp_path)


def test_nothing_is_written_from_a_document_that_does_not_fit(tmp_path: Path) -> None:
    """A foreign document is refused before a file is made."""
    (tmp_path / "gate.json").write_text('{"format": 1}')
    with pytest.raises(FindingsError, match=r"do not fit their schema: verdict: missing\."):
        report(tmp_path / "gate.json", tmp_path / "made")
    assert not (tmp_path / "made").exists()


def test_a_gate_that_cannot_run_leaves_no_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a gate that was stopped by a typo nothing renders the verdict of the gate before it."""
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "--quiet"], check=True)
    findings.write(examples.passing(), findings.FILE)
    report(findings.FILE, findings.FILE.parent)
    declared = yaml.safe_load((FLIGHTS / "params.yaml").read_text())
    Path("params.yaml").write_text(yaml.safe_dump({**declared, "gate": declared["gate"] | {"margn": 1}}))
    with pytest.raises(ParamsError, match="did you mean 'margin'"):
        typed("gate")
    with pytest.raises(MainlineError, match="there are no findings"):
        report(findings.FILE, findings.FILE.parent)
    assert list(findings.FILE.parent.iterdir()) == []
